// SPDX-License-Identifier: Apache-2.0
// What scripts in the wild do with the output: shell, awk, sed and grep cut it up as they find it. The commands run as processes.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryDaemon } from '../../support/extension-daemon';
import { serveMemory } from '../../support/memory-server';
import { ipvsadm } from './run';

const bin = path.join(import.meta.dirname, '../../../bin');
const folder = mkdtempSync(path.join(tmpdir(), 'wild-'));
const daemon = new MemoryDaemon();
let server: Server;

const RULES = `
-A -t 10.0.0.1:80 -s wrr
-a -t 10.0.0.1:80 -r 10.0.1.1:8080 -b -w 5
-a -t 10.0.0.1:80 -r 10.0.1.2:8080 -m -w 0
-A -t 10.0.0.1:443 -s rr -p 360
-a -t 10.0.0.1:443 -r 10.0.1.1:8443 -b -w 1
-A -u 10.0.0.2:53 -s rr
-a -u 10.0.0.2:53 -r 10.0.1.9:53 -b -w 1
-A -t [2001:db8::1]:80 -s rr
-a -t [2001:db8::1]:80 -r [fd00::1]:8080 -b -w 1
`;

/** Counters that a real daemon would have by now. */
function count(): void {
  for (const [i, { dests }] of daemon.services.entries()) {
    for (const [n, dest] of dests.entries()) {
      dest.actconns = 100 * (i + 1) + n;
      dest.inactconns = n;
      dest.stats = { ...dest.stats, conns: BigInt(1000 * (i + 1)), inpkts: 5n, outpkts: 6n, inbytes: 123_456_789_012n, outbytes: 8n };
    }
  }
}

beforeAll(async () => {
  expect(await ipvsadm(['-R'], daemon, { stdin: RULES })).toMatchObject({ code: 0, stderr: '' });
  count();
  for (let i = 0; i < 3; i += 1) daemon.addConn({ state: i === 2 ? 'TIME_WAIT' : 'TCP_EST', lcoreid: 1, cport: 1000 + i, vport: 80, lport: 2000 + i, dport: 8080, timeout: 90 });
  server = await serveMemory(daemon, path.join(folder, 'ipc'));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a script as cron or a monitoring agent would. */
function shell(script: string, socket = 'ipc'): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, DPVS_IPC_FILE: path.join(folder, socket), LC_ALL: 'C' };
    const child = spawn('/bin/sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status, stdout, stderr });
    });
  });
}

describe('IA-020 IA-086 IA-091 IA-106 scripts', () => {
  it.each<readonly [does: string, script: string, prints: string]>([
    ['skip three lines', "ipvsadm -Ln | tail -n +4 | head -1", 'TCP  10.0.0.1:80 wrr\n'],
    ['count services', "ipvsadm -Ln | grep -c '^TCP\\|^UDP'", '4\n'],
    ['count servers', "ipvsadm -Ln | awk 'NR>3 && $1 == \"->\" {n++} END {print n}'", '5\n'],
    ['name services', "ipvsadm -ln | awk '/^(TCP|UDP)/ {print $1 \"/\" $2}'", 'TCP/10.0.0.1:80\nTCP/10.0.0.1:443\nUDP/10.0.0.2:53\nTCP/[2001:db8::1]:80\n'],
    ['add up active and inactive connections', "ipvsadm -Ln | awk '$1 == \"->\" && NR > 3 {a += $5; i += $6} END {print a, i}'", `${100 + 101 + 200 + 300 + 400} 1\n`],
    ['find servers that rest', "ipvsadm -Ln | awk 'NR>3 && $1==\"->\" && $4==0 {print $2}'", '10.0.1.2:8080\n'],
    ['look for a forwarding mode', "ipvsadm -Ln | grep Masq | awk '{print $2, $4}'", '10.0.1.2:8080 0\n'],
    ['cut a service out between its line and one of its servers', "ipvsadm -Ln | sed -n '/TCP  10.0.0.1:80/,/10.0.1.2/p' | wc -l", '3\n'],
    ['find a service by its two blanks', "ipvsadm -ln | grep '^TCP  10.0.0.1:443 '", 'TCP  10.0.0.1:443 rr persistent 360\n'],
    ['look for a port with a blank behind it', "ipvsadm -Ln | egrep -c ':[0-9]+ '", '9\n'],
    ['split an IPv6 address at its bracket', "ipvsadm -Ln | awk -F']:' '/\\[fd00/ {sub(/.*\\[/, \"\", $1); print $1; split($2, p, \" \"); print p[1]}'", 'fd00::1\n8080\n'],
    ['collect counters by the long options', "ipvsadm --list --stats --numeric --exact | awk '$1 == \"->\" && NR > 3 {print $3, $6; exit}'", '1000 123456789012\n'],
    ['collect counters of services', "ipvsadm -ln --stats --exact | awk '/^TCP/ {c += $3; b += $6} END {printf \"%d %.0f\\n\", c, b}'", `${2000 + 2000 + 4000} ${4 * 123456789012}\n`],
    ['understand units', "ipvsadm -Ln --stats | awk '$2 == \"10.0.1.9:53\" {v = $6; m = 1; if (v ~ /G$/) m = 1e9; if (v ~ /M$/) m = 1e6; sub(/[KMGT]$/, \"\", v); printf \"%.0f\\n\", v * m}'", '123000000000\n'],
    ['ask for counters and rates at once', 'ipvsadm -Ln --stats --rate | head -2 | tail -1 | awk \'{print $3, $7}\'', 'Conns OutBytes\n'],
    ['give the word behind the name of the program as its version', "ipvsadm -v | awk '{print $2}' | grep -c '^v[0-9]'", '1\n'],
    ['read how a health check is typed', 'ipvsadm -h | grep -A3 -e --dest-check | wc -l', '4\n'],
    ['count connections by state', "ipvsadm -lnc | awk '{s[$3]++} END {print s[\"TCP_EST\"], s[\"TIME_WAIT\"]}'", '2 1\n'],
    ['name clients', "ipvsadm -Lnc | awk '{split($4, a, \":\"); print a[2]}' | sort | paste -sd' '", '1000 1001 1002\n'],
    ['read what a line of a connection is made of', "ipvsadm -lnc | awk '{print NF}' | sort -u", '7\n'],
    ['make adding repeatable by its message', "ipvsadm -A -t 10.0.0.1:80 -s rr 2>&1 | grep -q 'Service already exists' && echo there", 'there\n'],
    ['make adding repeatable by the code in it', "ipvsadm -A -t 10.0.0.1:80 -s rr 2>&1 | grep -c 'already exist(-3)'", '1\n'],
    ['see by the status that nothing was added', 'ipvsadm -A -t 10.0.0.1:80 -s rr 2>/dev/null; echo $?', '253\n'],
    ['look at the first lines only', 'ipvsadm -Ln | head -1', 'IP Virtual Server version 1.10.2 (size=0)\n'],
    ['save what is restored', 'ipvsadm -S -n > rules && ipvsadm -C && ipvsadm -R < rules && ipvsadm -S -n | cmp - rules && wc -l < rules | tr -d " "', '9\n'],
    ['save and restore by the names of the wrappers', 'ipvsadm-save -n > rules && ipvsadm-restore < rules && ipvsadm-save -n | cmp - rules && echo same', 'same\n'],
    ['set weights of all servers of a service', "for rs in $(ipvsadm -Ln -t 10.0.0.1:80 | awk '/->/ && /FullNat/ {print $2}'); do ipvsadm -e -t 10.0.0.1:80 -r $rs -b -w 9; done; ipvsadm -Ln -t 10.0.0.1:80 | awk '/FullNat/ {print $4}'", '9\n'],
    ['zero counters after reading them', 'ipvsadm -Ln --stats --exact > /dev/null && ipvsadm -Z && ipvsadm -Ln --stats --exact | awk \'$1 == "->" && NR > 3 {s += $3} END {print s}\'', '0\n'],
    ['start from nothing', 'ipvsadm -C; ipvsadm -A -t 10.9.9.9:80 -s rr; ipvsadm -Ln | tail -n +4', 'TCP  10.9.9.9:80 rr\n'],
  ])('%s', async (_does, script, prints) => {
    const { stdout, stderr } = await shell(script);
    expect([stdout, stderr]).toEqual([prints, '']);
  });

  it('IA-002 IA-003 find out that there is no daemon', async () => {
    expect(await shell('ipvsadm -Ln 2>/dev/null || echo down', 'none')).toEqual({ status: 0, stdout: 'down\n', stderr: '' });
    expect(await shell('ipvsadm -Ln 2>&1 | tail -1', 'none')).toMatchObject({ stdout: 'Are you sure that dpvs is running?\n' });
  });
});
