// SPDX-License-Identifier: Apache-2.0
// A flood of new flows beside established ones: how many packets of those are lost, with and without flood_admission.
import { writeFileSync } from 'node:fs';
import { StepError } from '../lib/steps.mjs';
import { Director, sleep } from './director.mjs';

/** Established connections, as a power of two. */
const BITS = 16;
const RELOADED = /read again/;
const RELOAD_MS = 5000;

/** Has the daemon read its configuration again, with flood_admission on or off. */
async function setAdmission(director, on) {
  const before = director.text().length;
  writeFileSync(director.file('dpvs.conf'), director.conf().replace(/flood_admission \w+/, `flood_admission ${on ? 'on' : 'off'}`));
  director.child.kill('SIGHUP');
  for (const end = Date.now() + RELOAD_MS; !RELOADED.test(director.text().slice(before)); await sleep(20))
    if (Date.now() > end) throw new StepError('dpvs did not read its configuration again', director.text());
}

/** One round: rates in packets per second. */
async function round(director, proto, { known, fresh, ms }) {
  const result = await director.job(`flood ${proto} 4 ${BITS} ${known} ${fresh} ${ms}`);
  return { ...result, loss: 1 - result.known.passed / result.known.offered, admitted: result.fresh.passed / (result.fresh.offered / fresh) };
}

/** The rounds with the fewest pauses of the machine. */
function calmest(rounds, n) {
  return [...rounds].sort((a, b) => a.pauses - b.pauses).slice(0, n);
}

/** Of half a dozen rounds the one in the middle. */
function middle(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

function summary(rounds) {
  const losses = rounds.map((r) => r.loss);
  return {
    loss: middle(losses),
    most: Math.max(...losses),
    admitted: middle(rounds.map((r) => r.admitted)),
    pauses: rounds.reduce((total, each) => total + each.pauses, 0),
  };
}

/**
 * @param {{daemon: string, plugin: string}} build
 * @param {{proto: 'udp' | 'tcp', known: number, capacity: number, factor: number, ms: number, rounds: number, tries: number}} plan known: packets
 * per second of 64 k established connections; capacity: new connections per second; factor: how many times that arrives
 */
export async function floodCase(build, { proto, known, capacity, factor, ms, rounds, tries }) {
  const director = new Director(build);
  const fresh = capacity * factor;
  try {
    await director.start();
    director.configure([{ mode: 'fnat', proto, af: 4 }]);
    await director.connect();
    const up = await director.job(`lives ${proto}-up 4 0 ${1 << BITS}`);
    if (up.lost > 0 || up.unlearned > 0) throw new StepError(`flood: ${up.lost + up.unlearned} connections were not opened`, director.drops());
    await setAdmission(director, true);
    const quiet = await round(director, proto, { known, fresh: 0, ms });
    const empty = director.resident();
    const all = [];
    for (let i = 0; i < tries; i++) all.push(await round(director, proto, { known, fresh, ms }));
    const grown = director.resident() - empty;
    await setAdmission(director, false);
    const off = await round(director, proto, { known, fresh, ms });
    return { proto, known, fresh, factor, quiet: quiet.loss, on: summary(calmest(all, rounds)), off: summary([off]), grown };
  } finally {
    await director.close();
  }
}
