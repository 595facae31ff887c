// SPDX-License-Identifier: Apache-2.0
// Runs the plan. Cycles are those of the time stamp counter; a round is a median of slices, a result the median of rounds.
import { StepError } from '../lib/steps.mjs';
import { Director } from './director.mjs';

/** Connections go one second after their last packet, so that their end can be measured. */
const SHORT_TIMEOUTS = `    udp {
        timeout {
            oneway 1
            normal 1
        }
    }
    tcp {
        timeout {
            established 1
            syn_sent 1
            syn_recv 1
            fin_wait 1
            time_wait 1
            close 1
            close_wait 1
            last_ack 1
        }
    }`;
/** Timeout, spread of a second, and some air. */
const EXPIRY_MS = 2600;

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });

function check(director, what, result) {
  if (result.unlearned > 0) throw new StepError(`${what}: ${result.unlearned} flows never came out of the balancer`, director.drops());
  if (result.sent < result.offered) throw new StepError(`${what}: ${result.offered - result.sent} of ${result.offered} packets were lost`, director.drops());
}

const TRIES = 10;
const SLICES_MIN = 50;

/** A round with enough slices in which nothing else ran on the worker's core. */
async function steadyRound(director, what, line) {
  for (let i = 0; i < TRIES; i++) {
    const result = await director.job(line);
    check(director, what, result);
    if (result.work.samples >= SLICES_MIN && result.ceiling.samples >= SLICES_MIN) return result;
  }
  throw new StepError(`${what}: something else ran on the last core in nearly every slice of ${TRIES} rounds`, '', 'leave the last core to the benchmark');
}

async function steadyCase(director, plan, { proto, af }, { bits, way }) {
  const what = `${proto} IPv${af}, ${1 << bits} flows`;
  const rounds = [];
  for (let i = 0; i < plan.rounds; i++) rounds.push(await steadyRound(director, what, `steady ${proto} ${af} ${way} ${bits} ${plan.ms}`));
  const hz = rounds[0].hz;
  const cycles = spread(rounds.map((r) => r.work.median));
  const ceiling = spread(rounds.map((r) => r.ceiling.median));
  return {
    proto, af, flows: 1 << bits, way, hz, cycles, ceiling,
    above: spread(rounds.map((r) => r.work.median - r.ceiling.median)),
    mpps: hz / cycles.median / 1e6,
    ratio: ceiling.median / cycles.median,
    packets: rounds.reduce((sum, r) => sum + r.offered, 0),
    interrupted: rounds.reduce((sum, r) => sum + r.work.interrupted, 0),
  };
}

/** One group; calls onCase with each result. Returns how much memory a connection really took, where there were enough of them. */
async function steadyGroup(build, plan, group, onCase) {
  const director = new Director(build);
  try {
    await director.start();
    director.configure([group]);
    await director.connect();
    const empty = director.resident();
    let loaded = 0;
    let memory;
    for (const one of group.cases) {
      const flows = 1 << one.bits;
      if (flows > loaded) {
        const up = await director.job(`lives ${group.proto}-up ${group.af} ${loaded} ${flows - loaded}`);
        check(director, `${group.proto} IPv${group.af}: opening flows`, up);
        if (flows >= 1 << 20)
          memory = { af: group.af, resident: (director.resident() - empty) / flows - up.flowBytes, table: director.tableBytes() };
        loaded = flows;
      }
      onCase(await steadyCase(director, plan, group, one));
    }
    return memory;
  } finally {
    await director.close();
  }
}

function connectionsLeft(director) {
  const rows = director.tool('ipvsadm', ['-ln']).split('\n').filter((line) => line.includes('->') && /FullNat/i.test(line));
  return rows.reduce((sum, line) => sum + line.trim().split(/\s+/).slice(-2).map(Number).reduce((a, b) => a + b), 0);
}

/** Connections from their first packet to their end. */
async function rateCase(build, plan, { proto, af }) {
  const director = new Director({ ...build, timeouts: SHORT_TIMEOUTS });
  const kind = proto === 'udp' ? 'udp-new' : 'tcp-life';
  const what = `${kind} IPv${af}`;
  try {
    await director.start();
    director.configure([{ proto, af }]);
    await director.connect();
    const rounds = [];
    for (let i = 0; i < plan.rateRounds; i++) {
      const idle = await director.job('idle 200 0');
      const result = await director.job(`lives ${kind} ${af} ${i * plan.lives} ${plan.lives}`);
      check(director, what, result);
      const expiry = await director.job(`idle ${EXPIRY_MS} ${Math.round(idle.work.median)}`);
      const left = connectionsLeft(director);
      if (left > 0) throw new StepError(`${what}: ${left} connections did not expire in ${EXPIRY_MS} ms`);
      rounds.push({ hz: result.hz, life: result.work.median, expiry: expiry.workCycles / plan.lives, packets: result.offered / plan.lives });
    }
    const life = spread(rounds.map((r) => r.life));
    const expiry = spread(rounds.map((r) => r.expiry));
    return { proto, af, kind, packets: rounds[0].packets, hz: rounds[0].hz, life, expiry, perSecond: rounds[0].hz / (life.median + expiry.median) };
  } finally {
    await director.close();
  }
}

/**
 * @param {{daemon: string, plugin: string}} build
 * @param {{onCase: (result: object) => void, onRate: (result: object) => void}} listener hears results as they come.
 */
export async function measure(build, plan, listener) {
  const results = { cases: [], rates: [], memory: [] };
  for (const group of plan.groups) {
    const memory = await steadyGroup(build, plan, group, (result) => {
      results.cases.push(result);
      listener.onCase(result);
    });
    if (memory) results.memory.push({ proto: group.proto, ...memory });
  }
  for (const one of plan.rates) {
    const result = await rateCase(build, plan, one);
    results.rates.push(result);
    listener.onRate(result);
  }
  return results;
}
