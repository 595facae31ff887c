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

  it('says in one line what to do when it was not built', () => {
    expect(start(path.join(folder, 'bin', tool))).toEqual(
      expect.objectContaining({
        status: 1,
        stdout: '',
        stderr: `${tool}: dist/${tool}.cjs is missing; build it with: npm ci && npm run build\n`,
      }),
    );
  });

  it('does not hide that something inside the bundle is missing', () => {
    bundle(tool, `require('./gone.cjs')`);
    expect(start(path.join(folder, 'bin', tool)).stderr).toContain('gone.cjs');
  });
});
