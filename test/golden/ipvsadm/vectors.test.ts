// SPDX-License-Identifier: Apache-2.0
// Every recorded run of DPVS's ipvsadm: same output, same exit status, same changes.
import { describe, expect, it } from 'vitest';
import { loadVectors } from '../../support/vectors';
import { ipvsadm, RecordedDaemon } from './run';

/** Where we do better on purpose: what is different, and how to get what was recorded. */
const DELIBERATE: Readonly<Record<string, { readonly code?: number; readonly argv?: readonly string[] }>> = {
  // A connection that is not found is a failure.
  'scripted/ipvsadm-conn-sockpair6': { code: 1 },
  'real/124-ipvsadm-lnc-sockpair-tcp-198-51-100-7-40001-192-168-100-254-': { code: 1 },
  // Saves are complete unless compatibility is asked for.
  'scripted/ipvsadm-save': { argv: ['--compat-save'] },
  'real/118-ipvsadm-Sn': { argv: ['--compat-save'] },
};

describe('IA-126 recorded runs', () => {
  const vectors = loadVectors('ipvsadm');

  it('are all there', () => {
    expect(vectors).toHaveLength(68);
    for (const name of Object.keys(DELIBERATE)) expect(vectors.map((vector) => vector.name)).toContain(name);
  });

  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', async (name, vector) => {
    const deliberate = DELIBERATE[name] ?? {};
    const daemon = new RecordedDaemon(vector);
    const argv = [...vector.command.slice(1), ...(deliberate.argv ?? [])];
    const result = await ipvsadm(argv, daemon);
    expect(result.stdout).toBe(vector.stdout);
    expect(result.code).toBe(deliberate.code ?? vector.exitCode);
    expect(daemon.differences).toEqual([]);
    expect(daemon.unsent).toEqual([]);
  });

  it.each(vectors.filter((vector) => vector.exitCode > 1).map((vector) => [vector.name, vector] as const))(
    '%s: the first line of the error is kept',
    async (_name, vector) => {
      const result = await ipvsadm(vector.command.slice(1), new RecordedDaemon(vector));
      const [first] = vector.stderr.split('\n');
      expect(result.stderr.split('\n')[0]).toBe(first);
      expect(result.stderr).not.toContain('Success');
    },
  );
});
