// SPDX-License-Identifier: Apache-2.0
// Runs the plan. Cycles are those of the time stamp counter; a round is a median of slices, a result the median of rounds.
import { StepError } from '../lib/steps.mjs';
import { Director } from './director.mjs';
import { floodCase } from './flood.mjs';
import { MODES } from './network.mjs';

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
  if (result.lost > 0) throw new StepError(`${what}: ${result.lost} of ${result.offered} packets were lost`, director.drops());
}

const SLICES_MIN = 50;
/** How often a mode that costs more than listener.maxRelative times FullNAT is measured again. */
const DEAR_TRIES = 2;
/** How much slower than the best ceiling of a run a round may be and still count as calm. */
const CALM = 1.05;

/**
 * What else the machine does slows the ceiling as well: neighbours on the same physical core, the host of a virtual machine. So the
 * ceiling tells calm rounds from others, without a look at what is measured. Clients' packets cost the source the same in every case.
 */
class Calm {
  best = new Map();

  constructor(plan) {
    this.plan = plan;
  }

  /** The calmest rounds of run(): stops as soon as there are enough calm ones. */
  async rounds(key, run) {
    const { rounds, tries } = this.plan;
    const all = [];
    for (let i = 0; i < tries; i++) {
      const result = await run();
      if (result.work.samples < SLICES_MIN || result.ceiling.samples < SLICES_MIN) continue;
      all.push(result);
      this.best.set(key, Math.min(this.best.get(key) ?? Infinity, result.ceiling.median));
      if (all.filter((r) => this.isCalm(key, r)).length >= rounds) break;
    }
    all.sort((a, b) => a.ceiling.median - b.ceiling.median);
    return { chosen: all.slice(0, rounds), calm: all.filter((r) => this.isCalm(key, r)).length >= rounds };
  }

  isCalm(key, result) {
    return result.ceiling.median <= this.best.get(key) * CALM;
  }
}

async function steadyCase(director, plan, calm, { mode, proto, af }, { bits, way }) {
  const what = `${mode} ${proto} IPv${af}, ${1 << bits} flows`;
  const key = way === 'in' ? 'in' : `${mode}${proto}${af}${way}${bits}`;
  const frames = MODES[mode].frames(af);
  const { chosen, calm: isCalm } = await calm.rounds(key, async () => {
    const result = await director.job(`steady ${proto} ${frames} ${way} ${bits} ${plan.ms}`);
    check(director, what, result);
    return result;
  });
  if (chosen.length === 0)
    throw new StepError(`${what}: something else ran on the last core in nearly every slice`, '', 'leave the last core to the benchmark');
  const hz = chosen[0].hz;
  const cycles = spread(chosen.map((r) => r.work.median));
  const ceiling = spread(chosen.map((r) => r.ceiling.median));
  return {
    mode, proto, af, flows: 1 << bits, way, hz, calm: isCalm, cycles, ceiling,
    above: spread(chosen.map((r) => r.work.median - r.ceiling.median)),
    mpps: hz / cycles.median / 1e6,
    ratio: ceiling.median / cycles.median,
    packets: chosen.reduce((sum, r) => sum + r.offered, 0),
    interrupted: chosen.reduce((sum, r) => sum + r.work.interrupted, 0),
  };
}

/** One group; calls onCase with each result. Returns how much memory a connection really took, where there were enough of them. */
async function steadyGroup(build, plan, calm, group, onCase) {
  const director = new Director(build);
  const { frames, oneWay } = MODES[group.mode];
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
        const up = await director.job(`lives ${group.proto}-${oneWay ? 'in' : 'up'} ${frames(group.af)} ${loaded} ${flows - loaded}`);
        check(director, `${group.mode} ${group.proto} IPv${group.af}: opening flows`, up);
        if (flows >= 1 << 20)
          memory = { af: group.af, resident: (director.resident() - empty) / flows - up.flowBytes, table: director.tableBytes() };
        loaded = flows;
      }
      onCase(await steadyCase(director, plan, calm, group, one));
    }
    return memory;
  } finally {
    await director.close();
  }
}

/** A flood of SYNs of ever new flows at a service with SYN proxy: every one is answered, none opens a connection. */
async function synCase(build, plan, calm, af) {
  const what = `SYNs through the SYN proxy, IPv${af}`;
  const director = new Director(build);
  try {
    await director.start();
    director.configure([{ mode: 'fnat', proto: 'tcp', af, synProxy: true }]);
    await director.connect();
    const { chosen, calm: isCalm } = await calm.rounds('syn', async () => {
      const result = await director.job(`syn ${af} ${plan.ms}`);
      check(director, what, result);
      return result;
    });
    if (chosen.length === 0) throw new StepError(`${what}: something else ran on the last core in nearly every slice`, '', 'leave the last core to the benchmark');
    const left = director.tool('ipvsadm', ['-lnc']).trim();
    if (left !== '') throw new StepError(`${what}: connections were opened`, left.split('\n').slice(0, 5).join('\n'));
    const cycles = spread(chosen.map((r) => r.work.median));
    return {
      af, hz: chosen[0].hz, calm: isCalm, cycles, ceiling: spread(chosen.map((r) => r.ceiling.median)),
      above: spread(chosen.map((r) => r.work.median - r.ceiling.median)),
      perSecond: chosen[0].hz / cycles.median,
      packets: chosen.reduce((sum, r) => sum + r.offered, 0),
    };
  } finally {
    await director.close();
  }
}

function connectionsLeft(director) {
  const rows = director.tool('ipvsadm', ['-ln']).split('\n').filter((line) => line.includes('->') && /FullNat/i.test(line));
  return rows.reduce((sum, line) => sum + line.trim().split(/\s+/).slice(-2).map(Number).reduce((a, b) => a + b), 0);
}

/** One round of connections from their first packet to their end; its ceiling is the worse one of before and after. */
async function rateRound(director, plan, { proto, af }, kind, number) {
  const what = `${kind} IPv${af}`;
  const probe = () => director.job(`steady ${proto} ${af} in 0 30`);
  const idle = await director.job('idle 200 0');
  const before = await probe();
  const result = await director.job(`lives ${kind} ${af} ${number * plan.lives} ${plan.lives}`);
  check(director, what, result);
  const expiry = await director.job(`idle ${EXPIRY_MS} ${Math.round(idle.work.median)}`);
  const after = await probe();
  await director.job(`idle ${EXPIRY_MS} 1000`);
  const left = connectionsLeft(director);
  if (left > 0) throw new StepError(`${what}: ${left} connections did not expire in ${EXPIRY_MS} ms`);
  return {
    ...result,
    ceiling: after.ceiling.median > before.ceiling.median ? after.ceiling : before.ceiling,
    expiry: expiry.workCycles / plan.lives,
    packets: result.offered / plan.lives,
  };
}

/** Connections that open, live and end. */
async function rateCase(build, plan, calm, group) {
  const director = new Director({ ...build, timeouts: SHORT_TIMEOUTS });
  const kind = group.proto === 'udp' ? 'udp-new' : 'tcp-life';
  try {
    await director.start();
    director.configure([group]);
    await director.connect();
    let number = 0;
    const { chosen, calm: isCalm } = await calm.rounds('in', () => rateRound(director, plan, group, kind, number++));
    if (chosen.length === 0) throw new StepError(`${kind}: something else ran on the last core all the time`, '', 'leave the last core to the benchmark');
    const life = spread(chosen.map((r) => r.work.median));
    const expiry = spread(chosen.map((r) => r.expiry));
    const hz = chosen[0].hz;
    return { ...group, kind, calm: isCalm, packets: chosen[0].packets, hz, life, expiry, perSecond: hz / (life.median + expiry.median) };
  } finally {
    await director.close();
  }
}

/** FullNAT's result with the same clients, measured before in the same run. */
const counterpart = (result, cases) => cases.find((r) => r.mode === 'fnat' && ['proto', 'af', 'flows', 'way'].every((key) => r[key] === result[key]));

function compare(result, cases) {
  if (result.mode !== 'fnat') result.relative = result.above.median / counterpart(result, cases).above.median;
}

/**
 * The share of the third-level cache that a virtual machine has changes within minutes, so a mode that seems dear is measured again,
 * alternately with FullNAT; of each the lowest figure counts.
 */
async function compareAgain(build, plan, calm, result, cases, onCase) {
  const lowest = { fnat: counterpart(result, cases).above.median, [result.mode]: result.above.median };
  for (const mode of ['fnat', result.mode]) {
    const group = { ...result, mode, cases: [{ bits: Math.log2(result.flows), way: result.way }] };
    await steadyGroup(build, plan, calm, group, (again) => {
      lowest[mode] = Math.min(lowest[mode], again.above.median);
      if (mode !== 'fnat') result.relative = again.relative = lowest[mode] / lowest.fnat;
      onCase(again);
    });
  }
}

/**
 * @param {{daemon: string, plugin: string}} build
 * @param {{onCase: (result: object) => void, onRate: (result: object) => void, onSyn: (result: object) => void, onFlood: (result: object) => void, maxRelative: number}} listener hears results as they come.
 */
export async function measure(build, plan, listener) {
  const results = { cases: [], rates: [], syns: [], floods: [], memory: [] };
  const calm = new Calm(plan);
  const calmRates = new Calm({ rounds: plan.rateRounds, tries: plan.rateTries });
  calmRates.best = calm.best;
  for (const group of plan.groups) {
    const memory = await steadyGroup(build, plan, calm, group, (result) => {
      compare(result, results.cases);
      results.cases.push(result);
      listener.onCase(result);
    });
    if (memory) results.memory.push({ proto: group.proto, ...memory });
  }
  for (const result of results.cases)
    for (let i = 0; i < DEAR_TRIES && result.relative > listener.maxRelative; i++)
      await compareAgain(build, plan, calm, result, results.cases, listener.onCase);
  for (const one of plan.rates) {
    const result = await rateCase(build, plan, calmRates, one);
    results.rates.push(result);
    listener.onRate(result);
  }
  for (const af of plan.syns) {
    const result = await synCase(build, plan, calm, af);
    results.syns.push(result);
    listener.onSyn(result);
  }
  for (const one of plan.floods) {
    const capacity = results.rates.find(({ proto, af }) => proto === one.proto && af === 4)?.perSecond;
    if (capacity === undefined) throw new StepError(`a flood of ${one.proto} needs the rate of its new connections`);
    const result = await floodCase(build, { ...one, capacity });
    results.floods.push(result);
    listener.onFlood(result);
  }
  return results;
}
