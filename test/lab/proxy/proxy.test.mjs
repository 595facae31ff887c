// SPDX-License-Identifier: Apache-2.0
// PROXY headers as real servers read them: nginx and haproxy, versions 1 and 2, IPv4, IPv6 and NAT64, with losses on the way.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';

const PORT = 8080;

/** rs1 runs nginx, rs2 haproxy; both answer with the ends of the connection as the PROXY header has them. */
const SERVERS = { nginx: 1, haproxy: 2 };

const SIDES = [
  { side: 'IPv4', vip: NET.vip4, client: NET.client4, lip: NET.lip4, rs: NET.rs4 },
  { side: 'IPv6', vip: NET.vip6, client: NET.client6, lip: NET.lip6, rs: NET.rs6 },
  { side: 'NAT64', vip: NET.vip6, client: NET.client6, lip: NET.lip4, rs: NET.rs4 },
];

const VARIANTS = ['v1', 'v2', 'v1-insecure', 'v2-insecure'];

const bracket = (address, port) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

/** Every combination of server, family and version has a port of the virtual address. */
const SERVICES = Object.keys(SERVERS).flatMap((server) => SIDES.flatMap((side) => VARIANTS.map((version) => ({ server, ...side, version }))))
  .map((service, i) => ({ ...service, port: 7000 + i }));

async function startNginx(lab, name) {
  const dir = path.join(lab.dir, 'proxy-nginx');
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'conf'), `user root; worker_processes 1; daemon off; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 512; }
http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
server { listen ${PORT} proxy_protocol; listen [::]:${PORT} proxy_protocol; client_max_body_size 0;
location = / { default_type text/plain; return 200 "$proxy_protocol_addr $proxy_protocol_port $proxy_protocol_server_addr $proxy_protocol_server_port\\n"; } } }
`);
  lab.start(name, 'nginx', ['-c', path.join(dir, 'conf'), '-p', dir]);
}

async function startHaproxy(lab, name) {
  const conf = path.join(lab.dir, 'haproxy.cfg');
  writeFileSync(conf, `global
    maxconn 200
defaults
    mode http
    timeout client 20s
    timeout connect 5s
    timeout server 20s
frontend lab
    bind :${PORT} accept-proxy
    bind :::${PORT} v6only accept-proxy
    http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst] %[dst_port]\\n"
`);
  lab.start(name, 'haproxy', ['-db', '-f', conf]);
}

const listens = (lab, name) => lab.exec(name, 'ss', ['-Hltn']).stdout.includes(`:${PORT} `);

/** Sends a text on a connection of its own and returns all that comes back. */
function say(lab, host, port, text) {
  const script = `const s = require('net').connect(${port}, '${host}', () => s.end(${JSON.stringify(text)}));
    s.setTimeout(10000, () => s.destroy(new Error('no answer'))); s.pipe(process.stdout);`;
  return lab.exec('client', process.execPath, ['-e', script], { timeout: 20_000 }).stdout;
}

describe('DPL-128 PROXY headers', () => {
  let lab;
  beforeAll(async () => {
    lab = await new Lab({ workers: 2 }).open({ web: false });
    await startNginx(lab, 'rs1');
    await startHaproxy(lab, 'rs2');
    for (const name of ['rs1', 'rs2']) await until(`${name} to listen`, () => listens(lab, name));
    const rules = SERVICES.flatMap(({ server, vip, lip, rs, version, port }) => [
      `-A -t ${bracket(vip, port)} -s rr --proxy-protocol ${version}`,
      `-P -t ${bracket(vip, port)} -z ${lip} -F dpdk1`,
      `-a -t ${bracket(vip, port)} -r ${bracket(rs(SERVERS[server]), PORT)} -b`,
    ]);
    lab.tool('ipvsadm', ['-R'], { input: `${rules.join('\n')}\n` });
  }, 60_000);
  afterAll(() => lab?.close());

  const service = (want) => SERVICES.find((s) => Object.entries(want).every(([name, value]) => s[name] === value));

  /** The answer of a server must name the client, with the port that curl had. */
  function ask({ vip, client, port }, ...more) {
    const args = ['-sS', '-g', '--max-time', '40', '-w', '%{local_port}', ...more, `http://${bracket(vip, port)}/`];
    const { stdout } = lab.exec('client', 'curl', args);
    const [answer, localPort] = stdout.split('\n');
    expect(answer).toBe(`${client} ${localPort} ${vip} ${port}`);
  }

  it.each(SERVICES)('$server, $side, $version: the server knows the client', (s) => {
    ask(s);
    ask(s);
  });

  it.each(SERVICES.filter(({ version }) => !version.includes('insecure')))('$server, $side, $version: a first segment as long as the MTU', (s) => {
    ask(s, '-H', `X-Long: ${'x'.repeat(5000)}`);
  });

  it.each(SERVICES.filter(({ version }) => version === 'v1' || version === 'v1-insecure'))('$server, $side, $version: a header that the client sends itself', (s) => {
    const v6 = s.side !== 'IPv4';
    const told = v6 ? '2001:db8::55 2001:db8::66 5555 6666' : '192.0.2.55 192.0.2.66 5555 6666';
    const answer = say(lab, s.vip, s.port, `PROXY TCP${v6 ? 6 : 4} ${told}\r\nGET / HTTP/1.0\r\nHost: x\r\n\r\n`).trim().split('\n').at(-1);
    const [src, dst, sport, dport] = told.split(' ');
    if (s.version === 'v1') expect(answer).toMatch(new RegExp(`^${s.client} \\d+ ${s.vip} ${s.port}$`));
    else expect(answer).toBe(`${src} ${sport} ${dst} ${dport}`);
  });

  it('holds when packets are lost both ways', () => {
    // Each host loses one packet in six that reaches it.
    const rules = 'table inet loss {\nchain in {\ntype filter hook prerouting priority -300\nnumgen random mod 6 0 drop\n}\n}\n';
    for (const name of ['client', 'rs1', 'rs2']) lab.exec(name, 'nft', ['-f', '-'], { input: rules });
    try {
      for (const server of Object.keys(SERVERS))
        for (const version of ['v1', 'v2'])
          for (let i = 0; i < 4; i++) ask(service({ server, side: 'IPv4', version }), ...(i % 2 ? ['-H', `X-Long: ${'y'.repeat(4000)}`] : []));
    } finally {
      for (const name of ['client', 'rs1', 'rs2']) lab.exec(name, 'nft', ['delete', 'table', 'inet', 'loss']);
    }
  }, 300_000);
});
