// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = path.join(import.meta.dirname, '../..');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'launcher with space-'));
  cpSync(path.join(root, 'bin'), path.join(folder, 'bin'), { recursive: true });
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function bundle(tool: string, source: string): void {
  mkdirSync(path.join(folder, 'dist'), { recursive: true });
  writeFileSync(path.join(folder, 'dist', `${tool}.cjs`), source);
}

function start(file: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(file, args, { cwd: '/', encoding: 'utf8' });
}

describe.each(['ipvsadm', 'dpip'])('bin/%s', (tool) => {
  it('starts its bundle from any folder, with its arguments', () => {
    bundle(tool, `console.log(process.argv.slice(2).join('|'))`);
    expect(start(path.join(folder, 'bin', tool), '-l', 'a b')).toMatchObject({ status: 0, stdout: '-l|a b\n', stderr: '' });
  });

  it('starts through a symbolic link', () => {
    bundle(tool, `console.log('started')`);
    symlinkSync(path.join(folder, 'bin', tool), path.join(folder, 'link'));
    expect(start(path.join(folder, 'link')).stdout).toBe('started\n');
  });

  it.each(['no compiled form', '', 'x'.repeat(5000)])('starts although %j is next to it', (cache) => {
    bundle(tool, `console.log('started')`);
    writeFileSync(path.join(folder, 'dist', `${tool}.cache`), cache);
    expect(start(path.join(folder, 'bin', tool))).toMatchObject({ status: 0, stdout: 'started\n', stderr: '' });
  });

  it('starts although the compiled form was made from another bundle', () => {
    const code = path.join(root, 'scripts/code-cache.cjs');
    mkdirSync(path.join(folder, 'scripts'));
    cpSync(code, path.join(folder, 'scripts/code-cache.cjs'));
    bundle(tool, `console.log('older bundle')`);
    expect(spawnSync('node', [path.join(folder, 'scripts/code-cache.cjs'), tool]).status).toBe(0);
    bundle(tool, `console.log('the new bundle')`);
    expect(start(path.join(folder, 'bin', tool))).toMatchObject({ status: 0, stdout: 'the new bundle\n' });
  });

  it('says in one line what to do when it was not built', () => {
    expect(start(path.join(folder, 'bin', tool))).toEqual(
      expect.objectContaining({
        status: 1,
        stdout: '',
        stderr: `${tool}: dist/${tool}.cjs is missing; build it with: npm ci && npm run build\n`,
      }),
    );
  });

  it('says in one line what to do when the addon was not built', () => {
    cpSync(path.join(root, 'dist'), path.join(folder, 'dist'), { recursive: true });
    const args = tool === 'dpip' ? ['route', 'show'] : ['-ln'];
    const { status, stderr } = start(path.join(folder, 'bin', tool), ...args);
    expect(status).not.toBe(0);
    expect(stderr).toContain('cannot load build/Release/dpvs_ipc.node: it does not exist; build it with: npm ci && npm run build\n');
  });

  it('does not hide that something inside the bundle is missing', () => {
    bundle(tool, `require('./gone.cjs')`);
    expect(start(path.join(folder, 'bin', tool)).stderr).toContain('gone.cjs');
  });
});
