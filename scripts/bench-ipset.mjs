// SPDX-License-Identifier: Apache-2.0
// npm run bench:ipset [-- --members N] [-- --rounds N]: what it costs a worker to ask a set about a packet, in cycles. Needs a built tree.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const PROGRAM = path.join(import.meta.dirname, '..', 'dataplane', 'build', 'bench', 'ipset_bench');

const { values } = parseArgs({ options: { members: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' } } });
if (!existsSync(PROGRAM)) {
  process.stderr.write('bench:ipset: the daemon is not built: run npm run build\n');
  process.exit(1);
}
const { status, stdout, stderr } = spawnSync(PROGRAM, [values.members, values.rounds], { encoding: 'utf8' });
if (status !== 0) {
  process.stderr.write(stderr);
  process.exit(1);
}
process.stdout.write('set                            members  cycles a packet  one by one  to add a member\n');
for (const line of stdout.trim().split('\n')) {
  const r = JSON.parse(line);
  const column = (value, width) => value.toFixed(0).padStart(width);
  process.stdout.write(`${r.set.padEnd(28)}${column(r.members, 10)}${column(r.cycles, 17)}${column(r.cyclesAlone, 12)}${column(r.cyclesToAdd, 17)}\n`);
}
