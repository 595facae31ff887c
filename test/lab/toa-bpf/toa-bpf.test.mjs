// SPDX-License-Identifier: Apache-2.0
// contrib/toa-bpf for real: an unmodified nginx behind FullNAT sees its clients' addresses. Needs cgroup2 and programs of type
// sock_ops; on a kernel without them the tests are skipped, and say so.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';
import { root, run } from '../../../scripts/lib/steps.mjs';

const PORT4 = 8081;
const PORT_BOTH = 8082;

/** Clients and the sockets that nginx accepts them on: one of IPv4, one of IPv6 that takes IPv4 as well. */
const ROWS = [
  { name: 'IPv4', vip: NET.vip4, client: NET.client4, lip: NET.lip4, rs: NET.rs4(1), port: PORT4, seen: NET.client4, otherwise: NET.lip4 },
  { name: 'IPv4 on a socket of both families', vip: NET.vip4, client: NET.client4, lip: NET.lip4, rs: NET.rs4(1), port: PORT_BOTH, seen: `::ffff:${NET.client4}`, otherwise: `::ffff:${NET.lip4}` },
  { name: 'IPv6', vip: NET.vip6, client: NET.client6, lip: NET.lip6, rs: NET.rs6(1), port: PORT_BOTH, seen: NET.client6, otherwise: NET.lip6 },
  { name: 'NAT64 on a socket of both families', vip: NET.vip6, client: NET.client6, lip: NET.lip4, rs: NET.rs4(1), port: PORT_BOTH, seen: NET.client6, otherwise: `::ffff:${NET.lip4}` },
  // There is no room for the client's address in what an IPv4 socket says.
  { name: 'NAT64 on a socket of IPv4', vip: NET.vip6, client: NET.client6, lip: NET.lip4, rs: NET.rs4(1), port: PORT4, seen: NET.lip4, otherwise: NET.lip4 },
].map((row, i) => ({ ...row, vport: 7100 + i }));

const bracket = (address, port) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

function cgroup2() {
  const row = readFileSync('/proc/self/mounts', 'utf8').split('\n').find((line) => line.split(' ')[2] === 'cgroup2');
  return row?.split(' ')[1];
}

describe('DPL-112 contrib/toa-bpf', () => {
  let lab;
  let missing;
  let cgroup;
  let program;
  let reader;

  /** Starts the reader; a kernel that cannot have it is remembered in `missing`. */
  async function read(...networks) {
    reader = spawn(program, ['-c', cgroup, ...networks], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [reader.stdout, reader.stderr]) stream.on('data', (data) => (text += data));
    await until('toa-bpf to start', () => text.includes('\n'));
    if (/the kernel does not (take|let)/.test(text)) missing = text.trim();
    else if (!text.startsWith('toa-bpf: programs in')) throw new Error(text);
  }

  async function startNginx() {
    const dir = path.join(lab.dir, 'toa-nginx');
    mkdirSync(dir);
    writeFileSync(path.join(dir, 'conf'), `user root; worker_processes 1; daemon off; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 512; }
http { log_format peer "$remote_addr $remote_port"; access_log ${dir}/access.log peer;
client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
server { listen ${PORT4}; listen [::]:${PORT_BOTH} ipv6only=off; location = / { default_type text/plain; return 200 "$remote_addr $remote_port\\n"; } } }
`);
    // It must be in its cgroup before it makes sockets, and cannot see cgroups from inside its namespace.
    const child = lab.start('rs1', 'sh', ['-c', `until [ -e ${dir}/go ]; do sleep 0.05; done; exec nginx -c ${dir}/conf -p ${dir}`]);
    writeFileSync(path.join(cgroup, 'cgroup.procs'), String(child.pid));
    writeFileSync(path.join(dir, 'go'), '');
    await until('nginx to listen', () => lab.exec('rs1', 'ss', ['-Hltn']).stdout.includes(`:${PORT_BOTH} `));
    return path.join(dir, 'access.log');
  }

  let accessLog;
  beforeAll(async () => {
    const mount = cgroup2();
    if (mount === undefined) missing = 'no cgroup2 is mounted';
    lab = await new Lab({ servers: 1 }).open({ web: false });
    program = path.join(lab.dir, 'toa-bpf');
    run('make', ['-s', '-C', path.join(root, 'contrib/toa-bpf'), `OUT=${lab.dir}`]);
    if (missing === undefined) {
      cgroup = path.join(mount, lab.id);
      mkdirSync(cgroup);
      await read(NET.lip4);
      await stopReading();
    }
    if (missing !== undefined) {
      process.stderr.write(`contrib/toa-bpf is NOT tested: ${missing}\n`);
      return;
    }
    accessLog = await startNginx();
    for (const { vip, vport, lip, rs, port } of ROWS) {
      lab.ipvsadm('-A', '-t', bracket(vip, vport), '-s', 'rr');
      lab.ipvsadm('-P', '-t', bracket(vip, vport), '-z', lip, '-F', 'dpdk1');
      lab.ipvsadm('-a', '-t', bracket(vip, vport), '-r', bracket(rs, port), '-b');
    }
  }, 60_000);
  /** Ends the reader and waits until the kernel has taken its programs away. */
  async function stopReading() {
    if (!reader || reader.exitCode !== null) return;
    reader.kill();
    await until('toa-bpf to end', () => reader.exitCode !== null);
  }

  afterEach(stopReading);
  afterAll(async () => {
    await lab?.close();
    if (cgroup !== undefined && existsSync(cgroup)) await until('the cgroup to be empty', () => {
      try {
        rmdirSync(cgroup);
        return true;
      } catch (error) {
        if (error.code === 'EBUSY') return false;
        throw error;
      }
    });
  });

  beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });

  /** What nginx says of its client, and the port that the client had. */
  function ask({ vip, vport }) {
    const { stdout } = lab.exec('client', 'curl', ['-sS', '-g', '--max-time', '40', '-w', '%{local_port}', `http://${bracket(vip, vport)}/`]);
    const [answer, localPort] = stdout.split('\n');
    const [address, port] = answer.split(' ');
    return { address, samePort: port === localPort };
  }

  it.each(ROWS)('$name: nginx sees the client', async (row) => {
    await read(NET.lip4, `${NET.lip6}/128`);
    const wanted = { address: row.seen, samePort: row.seen !== row.otherwise };
    expect([ask(row), ask(row)]).toEqual([wanted, wanted]);
    expect(readFileSync(accessLog, 'utf8').trim().split('\n').at(-1)?.split(' ')[0]).toBe(row.seen);
  });

  it.each(ROWS)('$name: options of others are not believed', async (row) => {
    await read('192.0.2.0/24', '2001:db8::/32');
    expect(ask(row)).toEqual({ address: row.otherwise, samePort: false });
  });

  it('networks, and losses of the first segments', async () => {
    await read('10.0.0.0/8', 'fd00::/16');
    const rules = 'table inet loss {\nchain in {\ntype filter hook prerouting priority -300\nnumgen random mod 5 0 drop\n}\n}\n';
    for (const name of ['client', 'rs1']) lab.exec(name, 'nft', ['-f', '-'], { input: rules });
    try {
      for (let i = 0; i < 20; i++) expect(ask(ROWS[0])).toEqual({ address: NET.client4, samePort: true });
    } finally {
      for (const name of ['client', 'rs1']) lab.exec(name, 'nft', ['delete', 'table', 'inet', 'loss']);
    }
  }, 120_000);

  it('nothing stays behind when it ends', async () => {
    await read(NET.lip4);
    const ended = new Promise((resolve) => reader.on('exit', resolve));
    reader.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(ask(ROWS[0])).toEqual({ address: NET.lip4, samePort: false });
  });

  it('refuses what is no network, and to start without any', () => {
    const says = (...args) => spawnSync(program, args, { encoding: 'utf8' });
    expect(says('10.0.0.0/33')).toMatchObject({ status: 1, stderr: 'toa-bpf: 10.0.0.0/33: the length of a network is 0 to 32\n' });
    expect(says('lab')).toMatchObject({ status: 1, stderr: 'toa-bpf: lab is no address or network\n' });
    expect(says().stderr).toContain('Name the local addresses of the balancer');
    expect(says('-c', lab.dir, '10.0.0.1').stderr).toMatch(/it must be a directory of cgroup2\n$/);
  });
});
