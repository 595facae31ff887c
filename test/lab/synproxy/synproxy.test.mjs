// SPDX-License-Identifier: Apache-2.0
// The SYN proxy in front of real servers: curl and nginx in every mode whose answers pass the director, PROXY headers behind it, a
// flood of SYNs from addresses that never answer.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, NET, until } from '../../../scripts/lab/lab.mjs';
import { endpoint, MODES, vipOf } from '../../../scripts/lab/net.mjs';
import { addressCommands, serverAddresses, vipCommands } from '../../../scripts/lab/services.mjs';
import { routeThroughDirector } from '../../../scripts/lab/servers.mjs';
import { BIG } from '../../../scripts/lab/web.mjs';

const CASES = [['FullNAT', 4], ['FullNAT', 6], ['NAT', 4], ['NAT', 6], ['NAT64', 6]].map(([mode, af]) => ({ mode, af }));
const HEADERS = 8080;
const CLOSED = 81;
const NOBODY = '198.18.0.0/15';

function service({ mode, af }, port, serverPort, more = []) {
  const { option, serverAf = af } = MODES[mode];
  const word = ['-t', endpoint(vipOf(mode, af), port)];
  return [
    ['ipvsadm', '-A', ...word, '-s', 'rr', '-j', 'enable', ...more],
    ...(option === '-b' ? [['ipvsadm', '-P', ...word, '-z', serverAf === 4 ? NET.lip4 : NET.lip6, '-F', 'dpdk1']] : []),
    ...serverAddresses(serverAf, 2).map((ip) => ['ipvsadm', '-a', ...word, '-r', endpoint(ip, serverPort), option]),
  ];
}

/** nginx that believes PROXY headers only. */
function startHeaderServer(lab, name) {
  const dir = path.join(lab.dir, `${name}-headers`);
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'conf'), `user root; worker_processes 1; daemon off; pid ${dir}/pid; error_log ${dir}/error.log;
events { worker_connections 512; }
http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
server { listen ${HEADERS} proxy_protocol; listen [::]:${HEADERS} proxy_protocol;
location = / { default_type text/plain; return 200 "$proxy_protocol_addr $proxy_protocol_port\\n"; } } }
`);
  lab.start(name, 'nginx', ['-c', path.join(dir, 'conf'), '-p', dir]);
}

/** SYNs to a virtual service from addresses behind the client that nobody has. */
const FLOOD = `
import random, socket, struct, sys
vip, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
def csum(data):
    s = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    s = (s >> 16) + (s & 0xffff)
    return ~(s + (s >> 16)) & 0xffff
out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
dst = socket.inet_aton(vip)
for i in range(count):
    src = struct.pack('!I', 0xc6120000 + random.randrange(1 << 17))
    tcp = struct.pack('!HHIIBBHHH', random.randrange(1024, 65536), port, random.randrange(1 << 32), 0, 0x50, 2, 65535, 0, 0)
    tcp = tcp[:16] + struct.pack('!H', csum(src + dst + struct.pack('!HH', 6, len(tcp)) + tcp)) + tcp[18:]
    out.sendto(struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, 0, src, dst) + tcp, (vip, 0))
print('sent', count)
`;

describe.each([1, 2])('SYN proxy with %i worker(s)', (workers) => {
  let lab;
  beforeAll(async () => {
    lab = await new Lab({ workers, queues: workers }).open({ configure: false });
    for (const server of ['rs1', 'rs2']) {
      routeThroughDirector(lab, server);
      startHeaderServer(lab, server);
      await until('nginx with headers', () => lab.exec(server, 'ss', ['-Hltn']).stdout.includes(`:${HEADERS} `));
    }
    lab.configureAtOnce([
      ...addressCommands(),
      ['dpip', 'route', 'add', NOBODY, 'via', NET.client4, 'dev', 'dpdk0'],
      ...CASES.flatMap((c) => vipCommands(c.mode, c.af)),
      ...CASES.flatMap((c) => [
        ...service(c, 80, 80),
        ...service(c, CLOSED, CLOSED),
        ...(c.mode === 'NAT' ? [] : service(c, HEADERS, HEADERS, ['--proxy-protocol', 'v2'])),
      ]),
    ]);
  }, 60_000);
  afterAll(() => lab?.close());

  describe.each(CASES)('$mode IPv$af', ({ mode, af }) => {
    const vip = vipOf(mode, af);
    const url = (what, port = 80) => `http://${endpoint(vip, port)}/${what}`;
    const curl = (...args) => lab.exec('client', 'curl', ['-sS', '-g', '--max-time', '20', ...args]).stdout;

    it('DPL-117 requests are spread over the servers', () => {
      const names = Array.from({ length: 6 }, () => curl(url('')).split(' ')[0]);
      expect(new Set(names)).toEqual(new Set(['rs1', 'rs2']));
    });

    it('carries a large answer and a large upload intact', () => {
      const big = curl(url('big'));
      expect(big).toHaveLength(BIG);
      expect(big).toBe(big.slice(0, 4).repeat(BIG / 4));
      const file = path.join(lab.dir, 'upload');
      const body = Buffer.from(Uint32Array.from({ length: 1 << 19 }, (_, i) => (i * 2654435761) >>> 0).buffer);
      writeFileSync(file, body);
      const name = `up/${mode}${af}`;
      expect(curl('-H', 'Expect:', '-T', file, '-o', '/dev/null', '-w', '%{http_code}', url(name))).toBe('201');
      const stored = ['rs1', 'rs2'].flatMap((server) => {
        try {
          return [readFileSync(path.join(lab.dir, server, 'www', name))];
        } catch {
          return [];
        }
      });
      expect(stored.map((one) => one.equals(body))).toEqual([true]);
    });

    it('keeps connections open for many requests', () => {
      const answers = curl(...Array.from({ length: 20 }, () => url(''))).trim().split('\n');
      expect(answers).toHaveLength(20);
      expect(new Set(answers).size).toBe(1);
    });

    it('a server that refuses: the client is reset, not kept waiting', () => {
      const { status } = lab.exec('client', 'curl', ['-sS', '-g', '--max-time', '10', url('', CLOSED)], { ok: false });
      // The reset may come before curl has noticed that it is connected, while it sends, or while it waits. 28 would be in vain.
      expect([7, 55, 56]).toContain(status);
    });

    if (mode !== 'NAT') {
      it('DPL-128 the PROXY header arrives with the first data', () => {
        const client = af === 4 ? NET.client4 : NET.client6;
        const [answer, port] = curl('-w', '%{local_port}', url('', HEADERS)).split('\n');
        expect(answer).toBe(`${client} ${port}`);
      });
    }
  });

  it('DPL-123 a flood of SYNs opens nothing, and requests go on', async () => {
    const connections = () => lab.ipvsadm('-lnc').split('\n').filter((line) => line.includes('198.1')).length;
    const script = path.join(lab.dir, 'flood.py');
    writeFileSync(script, FLOOD);
    const flood = lab.start('client', 'python3', [script, NET.vip4, '80', '60000']);
    for (let i = 0; i < 10; i++) expect(lab.exec('client', 'curl', ['-sS', '--max-time', '10', `http://${NET.vip4}/`]).stdout).toMatch(/^rs[12] saw /);
    expect(await flood.done).toBe(0);
    expect(flood.text()).toBe('sent 60000\n');
    expect(connections()).toBe(0);
  });
});
