// SPDX-License-Identifier: Apache-2.0
// Lists of services, local addresses and access lists, from daemons with and without extensions.
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../../src/ipc/client';
import { MSG } from '../../../src/ipc/codec';
import { addService } from '../../../src/ipc/messages/service';
import { MemoryDaemon } from '../../support/extension-daemon';
import { loadVectors } from '../../support/vectors';
import { fullDaemon } from './lists';
import { address, infoReply, ipvsadm, RecordedDaemon, ScriptedDaemon } from './run';

const { DS_MSG_HELLO, DS_MSG_LIST_SERVICES, DPVS_SO_GET_INFO, DPVS_SO_GET_SERVICES, DPVS_SO_GET_DESTS } = MSG;
const EXTENDED = [[true], [false]] as const;

/** Lines of a list that must succeed, from a daemon that has something of everything. */
async function lines(argv: string, extensions = true): Promise<string[]> {
  const { code, stdout, stderr } = await ipvsadm(argv.split(' '), fullDaemon({ extensions }));
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.endsWith('\n')).toBe(true);
  return stdout.slice(0, -1).split('\n');
}

describe.each(EXTENDED)('extensions: %s', (extensions) => {
  it('IA-001 IA-085 IA-086 IA-089 the table has three lines of title and pads its last column', async () => {
    expect(await lines('-Ln', extensions)).toEqual([
      'IP Virtual Server version 1.10.2 (size=0)',
      'Prot LocalAddress:Port Scheduler Flags',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn',
      'TCP  10.0.0.1:80 wlc persistent 360 mask 255.255.255.0 synproxy conn-timeout 1800 ppv2-insecure expire-quiescent dest-check internal:default external:tcp,ping',
      '  -> 172.16.0.1:8080              Masq    1      10         0         ',
      '  -> 172.16.0.2:8080              FullNat 5      11         1         ',
      'MATCH udp,from=192.168.0.1-192.168.0.9:1-99,iif=dpdk0 rr',
      'UDP  [2001:db8::1]:53 rr',
      '  -> [2001:db8::11]:53            Route   1      10         0         ',
      'FWM  7 rr',
    ]);
    const plain = await ipvsadm([], fullDaemon({ extensions }));
    expect(plain.stdout.split('\n').slice(0, 3)).toEqual((await lines('-Ln', extensions)).slice(0, 3));
  });

  it('IA-129 10 000 services are listed in one run, each once and in order', async () => {
    const daemon = new MemoryDaemon({ extensions });
    const last = 10_000;
    for (let i = last; i > 0; i -= 1) {
      addService(daemon, { af: 2, proto: 17, addr: address(10, 0, i >> 8, i & 255), port: 53, netmask: 0xffffffff, sched_name: 'rr' });
    }
    const { code, stdout } = await ipvsadm(['-ln'], daemon);
    expect(code).toBe(0);
    const rows = stdout.split('\n').slice(3, -1);
    expect(rows).toEqual(Array.from({ length: last }, (_, i) => `UDP  10.0.${(i + 1) >> 8}.${(i + 1) & 255}:53 rr`));
  }, 120_000);

  it.each([
    ['-Ln --proto tcp', ['TCP', 'FWM']],
    ['-Ln --proto udp', ['MATCH', 'UDP']],
    ['-Ln --vip 10.0.0.0/8', ['TCP']],
    ['-Ln --vip 10.0.0.1:81', []],
    ['-Ln --vip [2001:db8::1]:53', ['UDP']],
    ['-Ln --sched wlc', ['TCP']],
    ['-Ln --rs [2001:db8::11]', ['UDP']],
    ['-Ln --rs 172.16.0.0/24 --proto udp', []],
    ['-Ln -t 10.0.0.1:80 --proto tcp', ['TCP']],
    ['-Ln -t 10.0.0.1:80 --proto udp', []],
  ])('IB-09 %s lists %j', async (argv, services) => {
    const rows = await lines(argv, extensions);
    expect(rows.filter((row) => /^(TCP|UDP|FWM|MATCH)/.test(row)).map((row) => row.split(' ')[0])).toEqual(services);
  });

  it('IB-09 with --rs only such servers are there, and the service counts only them', async () => {
    expect((await lines('-Ln --stats --rs 172.16.0.2:8080', extensions)).slice(3)).toEqual([
      'TCP  10.0.0.1:80                      1000    9007T        5  123456K        7',
      '  -> 172.16.0.2:8080                  1000    9007T        5  123456K        7',
    ]);
    expect((await lines('-Ln -t 10.0.0.1:80 --rate --rs 172.16.0.2', extensions)).slice(2)).toEqual([
      'TCP  10.0.0.1:80 bps 100M                3       20       10  1000000     2000',
      '  -> 172.16.0.2:8080                     3       20       10  1000000     2000',
    ]);
  });

  it('IB-09 -G, -B and -W take --proto and --vip', async () => {
    expect(await lines('-G --vip 10.0.0.1', extensions)).toEqual([
      'VIP:VPORT            TOTAL    SNAT_IP              CONFLICTS  CONNS     ',
      '10.0.0.1:80          1        ',
      '                              192.168.100.200      0          0         ',
    ]);
    expect((await lines('-B', extensions)).slice(1)).toEqual([
      'TCP      10.0.0.1:80                    203.0.113.9                   ',
      'TCP      10.0.0.1:80                    ipset:bad                     ',
    ]);
    expect(await lines('-B --proto udp', extensions)).toHaveLength(1);
    expect((await lines('-W --vip 2001:db8::/32', extensions)).slice(1)).toEqual(['UDP      [2001:db8::1]:53               2001:db8::99                  ']);
    expect(await lines('-W -t 10.0.0.1:80', extensions)).toHaveLength(1);
  });

  it('IB-11 lcores stand side by side', async () => {
    expect((await lines('-Ln -t 10.0.0.1:80 --cpu all', extensions)).slice(0, 5)).toEqual([
      'Prot LocalAddress:Port                             All     cpu1     cpu2',
      '  -> RemoteAddress:Port',
      'TCP  10.0.0.1:80 wlc persistent 360 mask 255.255.255.0 synproxy conn-timeout 1800 ppv2-insecure expire-quiescent dest-check internal:default external:tcp,ping',
      '  -> 172.16.0.1:8080              ActiveConn        10       10       10',
      '                                  InActConn          0        0        0',
    ]);
    expect((await lines('-Ln --cpu all --stats', extensions)).slice(3, 9)).toEqual([
      'TCP  10.0.0.1:80                  Conns           2000     2000     2000',
      '                                  InPkts        18014T   18014T   18014T',
      '                                  OutPkts           10       10       10',
      '                                  InBytes      246913K  246913K  246913K',
      '                                  OutBytes          14       14       14',
      '  -> 172.16.0.1:8080              Conns           1000     1000     1000',
    ]);
    expect((await lines('-G --cpu all --vip 10.0.0.1', extensions)).slice(1)).toEqual([
      '10.0.0.1:80',
      '  -> 192.168.100.200              Conns              0        0        0',
      '                                  Conflicts          0        0        0',
    ]);
  });

  it('IB-12 --details tells what the table leaves out', async () => {
    const device = extensions ? 'dpdk1' : '-    ';
    expect((await lines('-Ln --details', extensions)).slice(1, 15)).toEqual([
      'Prot LocalAddress:Port Scheduler Flags',
      '     Servers LocalAddrs Denied Allowed LimitMbps Proportion',
      '     LocalAddress                             Device            Conns Conflicts',
      '     Denied|Allowed Client',
      '  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn  PersistConn Uthreshold Lthreshold State',
      'TCP  10.0.0.1:80 wlc persistent 360 mask 255.255.255.0 synproxy conn-timeout 1800 ppv2-insecure expire-quiescent dest-check internal:default external:tcp,ping',
      '     2       1          2      0       100       100',
      `     192.168.100.200                          ${device}                 0         0`,
      '     Denied  203.0.113.9',
      '     Denied  ipset:bad',
      '  -> 172.16.0.1:8080              Masq    1      10         0          0           0          0          up',
      '  -> 172.16.0.2:8080              FullNat 5      11         1          0           1000       10         up',
      'MATCH udp,from=192.168.0.1-192.168.0.9:1-99,iif=dpdk0 rr',
      '     0       0          0      0       0         100',
    ]);
  });

  it('IB-05 --bits shows rates in bits', async () => {
    expect((await lines('-Ln -u [2001:db8::1]:53 --rate --bits', extensions)).slice(0, 4)).toEqual([
      'Prot LocalAddress:Port                 CPS    InPPS   OutPPS  InBit/s OutBit/s',
      '  -> RemoteAddress:Port',
      'UDP  [2001:db8::1]:53                    0        0        0        0        0',
      '  -> [2001:db8::11]:53                   3       20       10  8000000    16000',
    ]);
  });
});

it('IB-05 rates beyond 32 bits come from the extended list', async () => {
  const daemon = fullDaemon({ extensions: true });
  const { stdout } = await ipvsadm(['-Ln', '--rate'], daemon);
  expect(stdout).toContain('  -> 172.16.0.1:8080                     3       20       10  1000000     2000\n');
  expect(daemon.requests.find(({ id }) => id === DS_MSG_LIST_SERVICES)?.body.readUInt32LE(0)).toBe(1 | 8);
});

describe('IB-19 --lvs-format', () => {
  it('has one space behind SCTP, and only words and marks of LVS', async () => {
    const daemon = fullDaemon({ extensions: true });
    for (const proto of [132, 1]) addService(daemon, { af: 2, proto, addr: address(10, 0, 0, 2), port: 80, netmask: 0xffffffff, sched_name: 'rr' });
    for (const { dests } of daemon.services) for (const dest of dests) dest.flags = 6;
    const { stdout } = await ipvsadm(['-Ln', '--lvs-format'], daemon);
    expect(stdout.split('\n').slice(3, -1)).toEqual([
      'ICMP 10.0.0.2:80 rr',
      'TCP  10.0.0.1:80 wlc persistent 360 mask 255.255.255.0',
      '  -> 172.16.0.1:8080              Masq    1      10         0         ',
      '  -> 172.16.0.2:8080              FullNat 5      11         1         ',
      'MATCH udp,from=192.168.0.1-192.168.0.9:1-99,iif=dpdk0 rr',
      'SCTP 10.0.0.2:80 rr',
      'UDP  [2001:db8::1]:53 rr',
      '  -> [2001:db8::11]:53            Route   1      10         0         ',
      'FWM  7 rr',
    ]);
    const { stdout: grid } = await ipvsadm(['-Ln', '--lvs-format', '--cpu', 'all'], daemon);
    expect(grid.split('\n')[3]).toBe('ICMP 10.0.0.2:80 rr');
  });
});

describe('requests', () => {
  it('IA-126 daemons without extensions get one HELLO at most, and otherwise what they know', async () => {
    for (const vector of loadVectors('ipvsadm')) {
      const [, ...argv] = vector.command;
      if (!/^-[lL]/.test(argv[0] ?? '')) continue;
      const daemon = new RecordedDaemon(vector);
      const asked: number[] = [];
      await ipvsadm(argv, { request: (id, type, body) => (asked.push(id), daemon.request(id, type, body)) });
      const known = asked.filter((id) => id !== DS_MSG_HELLO);
      expect(known, vector.name).toEqual(vector.exchanges.map(({ id }) => id).slice(0, known.length));
      expect(asked.length - known.length, vector.name).toBeLessThanOrEqual(1);
    }
  });

  it('of a big table are three, whatever it has', async () => {
    const daemon = fullDaemon({ extensions: true });
    const before = daemon.requests.length;
    await ipvsadm(['-Ln'], daemon);
    expect(daemon.asked.slice(before)).toEqual([DPVS_SO_GET_INFO, DS_MSG_HELLO, DS_MSG_LIST_SERVICES]);
    await ipvsadm(['-G'], daemon);
    expect(daemon.asked.slice(before + 3)).toEqual([DPVS_SO_GET_INFO, DS_MSG_LIST_SERVICES]);
  });

  it('of one service are those of old', async () => {
    const daemon = new MemoryDaemon({ extensions: true });
    addService(daemon, { af: 2, proto: 6, addr: address(10, 0, 0, 1), port: 80, netmask: 0xffffffff, sched_name: 'rr' });
    await ipvsadm(['-Ln'], daemon);
    expect(daemon.asked.slice(1)).toEqual([DPVS_SO_GET_INFO, DPVS_SO_GET_SERVICES, DPVS_SO_GET_DESTS]);
  });

  it('IB-09 filters are executed by daemons that can', async () => {
    const daemon = fullDaemon({ extensions: true });
    await ipvsadm(['-Ln', '--sched', 'wlc', '--vip', '10.0.0.0/8'], daemon);
    const request = daemon.requests.find(({ id }) => id === DS_MSG_LIST_SERVICES)?.body;
    expect(request?.readUInt32LE(24)).toBe(0x4 | 0x40);
    expect(request?.toString('latin1', 80, 83)).toBe('wlc');
  });

  it('of --cpu all are repeated when the configuration changes meanwhile', async () => {
    let lists = 0;
    const daemon = fullDaemon({
      extensions: true,
      before: (self, { id }) => {
        if (id !== DS_MSG_LIST_SERVICES) return;
        lists += 1;
        if (lists === 2) self.generation += 1n;
      },
    });
    const { code, stdout } = await ipvsadm(['-Ln', '--cpu', 'all'], daemon);
    expect([code, lists]).toEqual([0, 6]);
    expect(stdout).toContain('  -> 172.16.0.1:8080              ActiveConn        10       10       10\n');
  });
});

describe('IA-096 a service that cannot be listed', () => {
  it('hides no other one, also in layouts of our own', async () => {
    for (const option of ['--details', '--prom', '--json']) {
      const daemon = fullDaemon();
      const broken = new ScriptedDaemon({});
      const result = await ipvsadm(['-Ln', option], {
        request: (id, type, body = new Uint8Array()) =>
          id === DPVS_SO_GET_DESTS && Buffer.from(body).includes(Buffer.from([10, 0, 0, 1])) ? broken.request(id, type, body) : daemon.request(id, type, body),
      });
      expect(result.code).toBe(1);
      expect(result.stderr).toContain('10.0.0.1:80');
      expect(result.stdout).toContain('2001:db8::11');
    }
  });
});

describe('text of a hostile daemon', () => {
  const evil = (text: string): string => `${text}\u001b[2J\n`;

  it.each(['-Ln', '-Ln --stats', '-Ln --details', '-Ln --cpu all', '-G', '-B', '-Ln --json', '-Ln --prom', '-Lnc', '-Lnc --details', '-Lnc --summary', '-Lnc --lvs-format', '-Sn'])(
    'has no say over the terminal: %s',
    async (argv) => {
      const daemon = fullDaemon({ extensions: true });
      for (const { service, laddrs } of daemon.services) {
        service.sched_name = evil('rr');
        if (service.match.iifname !== '') service.match.iifname = evil('dp');
        for (const laddr of laddrs) laddr.ifname = evil('d');
      }
      for (const entry of daemon.acls.deny) if (entry.ipset !== '') entry.ipset = evil('x');
      for (const conn of daemon.conns) conn.state = evil('EST');
      const { stdout, stderr } = await ipvsadm(argv.split(' '), daemon);
      expect(stdout).not.toBe('');
      expect(`${stdout}${stderr}`.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      expect(stdout).not.toMatch(/\[2J$/m);
    },
  );
});

it('IA-102 --cpu all needs a daemon that tells how many lcores it has', async () => {
  const daemon = new ScriptedDaemon({
    [DPVS_SO_GET_INFO]: () => infoReply(0).subarray(0, 12),
    [DPVS_SO_GET_SERVICES]: () => Buffer.alloc(8),
  });
  const { code, stderr } = await ipvsadm(['-Ln', '--cpu', 'all'], daemon);
  expect([code, stderr]).toEqual([2, "illegal cpu 'all' specified, this daemon does not tell how many lcores it has\n"]);
});

it('IB-14 networks in lists are shown with their length', async () => {
  const daemon = fullDaemon({ extensions: true });
  const withNetwork: Transport = {
    request: (id, type, body) => {
      const reply = daemon.request(id, type, body);
      const at = reply.indexOf(Buffer.from([203, 0, 113, 9]));
      // The length stands behind 16 bytes of address and the family.
      if (id === DS_MSG_LIST_SERVICES && at >= 0) reply[at + 17] = 24;
      return reply;
    },
  };
  expect((await ipvsadm(['-B'], withNetwork)).stdout).toContain('TCP      10.0.0.1:80                    203.0.113.9/24                \n');
  expect((await ipvsadm(['-B', '--json'], withNetwork)).stdout).toContain('{"address":"203.0.113.9","prefix_length":24,"ipset":null}');
});
