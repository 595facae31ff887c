// SPDX-License-Identifier: Apache-2.0
// What operators do while traffic flows: quiesce, delete and re-add servers, change services, save and restore, reload, stop.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../scripts/lab/lab.mjs';

describe('operation', () => {
  let lab;
  beforeAll(async () => {
    lab = await new Lab({ workers: 2 }).open();
  }, 60_000);
  afterAll(() => lab?.close());

  const service = `${NET.vip4}:80`;
  const ask = () => lab.exec('client', 'curl', ['-s', '--max-time', '5', `http://${NET.vip4}/`]).stdout.split(' ')[0];
  const asked = (n) => new Set(Array.from({ length: n }, ask));

  it('weight 0 sends no new connection there, and the old one goes on', async () => {
    const slow = lab.start('client', 'curl', ['-s', '--limit-rate', '4M', '-w', '%{size_download}', '-o', '/dev/null', `http://${NET.vip4}/big`]);
    const server = await until('the slow download', () => {
      const row = lab.ipvsadm('-lnc').split('\n').find((l) => l.includes('TCP_EST'));
      return row && /10\.0\.2\.(1[12]):80\s*$/.exec(row)?.[1];
    });
    lab.ipvsadm('-e', '-t', service, '-r', `10.0.2.${server}:80`, '-b', '-w', '0');
    const other = server === '11' ? 'rs2' : 'rs1';
    expect(asked(8)).toEqual(new Set([other]));
    lab.ipvsadm('-d', '-t', service, '-r', `10.0.2.${server}:80`);
    expect(asked(4)).toEqual(new Set([other]));
    lab.ipvsadm('-a', '-t', service, '-r', `10.0.2.${server}:80`, '-b');
    expect(asked(8)).toEqual(new Set(['rs1', 'rs2']));
    expect(await slow.done).toBe(0);
    expect(slow.text()).toContain(String(8 << 20));
  });

  it('a service without servers answers nobody and says so', () => {
    lab.ipvsadm('-A', '-t', `${NET.vip4}:81`, '-s', 'wlc');
    const { status } = lab.exec('client', 'curl', ['-s', '--max-time', '1', `http://${NET.vip4}:81/`], { ok: false });
    expect(status).not.toBe(0);
    expect(lab.dpip('drop', 'show')).toMatch(/^no_dest\s/m);
    lab.ipvsadm('-D', '-t', `${NET.vip4}:81`);
  });

  it('saves what restores to the same', () => {
    const saved = lab.ipvsadm('-Sn');
    expect(saved).toContain(`-A -t ${service} -s rr`);
    lab.ipvsadm('-C');
    expect(lab.ipvsadm('-ln').trim().split('\n')).toHaveLength(3);
    lab.tool('ipvsadm', ['-R'], { input: saved });
    expect(lab.ipvsadm('-Sn')).toBe(saved);
    expect(asked(6)).toEqual(new Set(['rs1', 'rs2']));
  });

  it('shows real rates', async () => {
    const load = lab.start('client', 'sh', ['-c', `for i in $(seq 400); do curl -s -o /dev/null http://${NET.vip4}/; done`]);
    const cps = await until('a rate', () => {
      const line = lab.ipvsadm('-ln', '--rate').split('\n').find((l) => l.startsWith(`TCP  ${service}`));
      const value = Number(line.trim().split(/\s+/)[2]);
      return value > 0 && value;
    });
    expect(cps).toBeLessThan(2000);
    load.kill();
    await load.done;
  });

  it('SIGHUP applies reloadable keys', async () => {
    const file = path.join(lab.dir, 'dpvs.conf');
    writeFileSync(file, readFileSync(file, 'utf8').replace('ipvs_defs {', 'ipvs_defs {\n    tcp {\n        timeout {\n            established 33\n        }\n    }'));
    process.kill(Number(readFileSync(path.join(lab.dir, 'dpvs.pid'), 'utf8')), 'SIGHUP');
    await until('the new timeout', async () => {
      const client = lab.start('client', 'curl', ['-s', '--limit-rate', '20k', '-o', '/dev/null', `http://${NET.vip4}/big`]);
      await new Promise((r) => setTimeout(r, 300));
      const found = lab.ipvsadm('-lnc').includes('tcp 33s');
      client.kill();
      await client.done;
      return found;
    });
  });

  it('stops cleanly: exit 0, no pid file, no socket', async () => {
    expect(await lab.stopDaemon()).toBe(0);
    expect(existsSync(path.join(lab.dir, 'dpvs.pid'))).toBe(false);
    expect(existsSync(lab.socket)).toBe(false);
    const gone = lab.tool('ipvsadm', ['-ln'], { ok: false });
    expect(gone.status).toBe(2);
    expect(gone.stderr).toContain("Can't initialize ipvs");
  });
});
