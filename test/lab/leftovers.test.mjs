// SPDX-License-Identifier: Apache-2.0
// A lab whose process was killed leaves nothing behind for long; labs of others and kept ones stay.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { Lab, until } from '../../scripts/lab/lab.mjs';
import { labDir, removeLeftovers, removeNamespace, STOP_SCRIPT } from '../../scripts/lab/leftovers.mjs';

const module = pathToFileURL(path.resolve('scripts/lab/lab.mjs')).href;
const namespaces = (id) => spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout.split('\n').filter((l) => l.startsWith(`${id}-`));

/** A process with a lab of one namespace in which a program runs; says the lab's name. */
async function otherLab() {
  const script = `const { Lab } = await import(${JSON.stringify(module)});
    const lab = new Lab();
    lab.addNamespace('client');
    lab.start('client', 'sleep', ['600']);
    console.log(lab.id);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  await until('the other lab', () => text.includes('\n'), 20_000);
  return { id: text.trim(), kill: () => new Promise((resolve) => child.once('exit', resolve) && child.kill('SIGKILL')) };
}

it('removes what a killed process left, and nothing else', async () => {
  const [alive, killed, kept] = await Promise.all([otherLab(), otherLab(), otherLab()]);
  const mine = new Lab();
  try {
    writeFileSync(path.join(labDir(kept.id), STOP_SCRIPT), '');
    await Promise.all([killed.kill(), kept.kill()]);
    const [left] = namespaces(killed.id);
    const [pid] = spawnSync('ip', ['netns', 'pids', left.split(' ')[0]], { encoding: 'utf8' }).stdout.split('\n');
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    mine.addNamespace('client');
    removeLeftovers();
    expect(namespaces(killed.id)).toEqual([]);
    expect(existsSync(labDir(killed.id))).toBe(false);
    await until('its program to end', () => !existsSync(`/proc/${pid}`));
    for (const id of [alive.id, kept.id, mine.id]) {
      expect(namespaces(id)).toHaveLength(1);
      expect(existsSync(labDir(id))).toBe(true);
    }
  } finally {
    await mine.close();
    await alive.kill();
    removeLeftovers();
    removeNamespace(`${kept.id}-client`);
    rmSync(labDir(kept.id), { recursive: true, force: true });
  }
  expect(namespaces(alive.id)).toEqual([]);
});
