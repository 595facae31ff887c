// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { ConnectError, type Transport } from '../../../src/ipc/client';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { address, destsReply, infoReply, ipvsadm, OK, ScriptedDaemon, servicesReply, tcpService, type Answer } from './run';

type Service = DeepPartial<Structs['dp_vs_service_compat']>;
type Dest = DeepPartial<Structs['dp_vs_dest_compat']>;

interface Laddr {
  readonly af: number;
  readonly addr: Uint8Array;
}

interface Configuration {
  readonly services: readonly { readonly service: Service; readonly dests: readonly Dest[]; readonly laddrs: readonly Laddr[] }[];
  readonly deny: readonly DeepPartial<Structs['dp_vs_blklst_conf']>[];
}

/** Two thirds of the answers that a save needs; the third is which service a request is about: its place in the list. */
function daemonWith({ services, deny }: Configuration): ScriptedDaemon {
  const find = (af: number, proto: number, port: number, fwmark: number, addr: Uint8Array, iif: string): number =>
    services.findIndex(
      ({ service: s }) =>
        s.af === af && s.proto === proto && (s.port ?? 0) === port && (s.fwmark ?? 0) === fwmark && (s.match?.iifname ?? '') === iif &&
        Buffer.compare(s.addr ?? new Uint8Array(16), addr) === 0,
    ); // prettier-ignore
  return new ScriptedDaemon({
    [MSG.DPVS_SO_GET_INFO]: () => infoReply(services.length),
    [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply(services.map(({ service, dests }) => ({ ...service, num_dests: dests.length }))),
    [MSG.DPVS_SO_GET_DESTS]: (body) => {
      const key = decode('dp_vs_dest_table', body);
      return destsReply(services[find(key.af, key.proto, key.port, key.fwmark, key.addr, key.match.iifname)]?.dests ?? []);
    },
    [MSG.SOCKOPT_GET_LADDR_GETALL]: (body) => {
      const key = decode('dp_vs_laddr_conf', body);
      const laddrs = services[find(key.af_s, key.proto, key.vport, key.fwmark, key.vaddr, key.match.iifname)]?.laddrs ?? [];
      return Buffer.concat([encode('dp_vs_laddr_conf', { nladdrs: laddrs.length }), ...laddrs.map((laddr) => encode('dp_vs_laddr_entry', laddr))]);
    },
    // Some daemons show only the family that a request names.
    [MSG.SOCKOPT_GET_IFADDR_SHOW]: (body) => {
      const { af } = decode('inet_addr_param', body).ifa_entry;
      const laddrs = services.flatMap((each) => each.laddrs).filter((laddr) => af === 0 || laddr.af === af);
      const entries = laddrs.map((laddr, i) => encode('inet_addr_data', { ifa_entry: { ...laddr, ifname: `dpdk${i}` } }));
      return Buffer.concat([encode('inet_addr_data_array', { naddr: entries.length }), ...entries]);
    },
    [MSG.SOCKOPT_GET_BLKLST_GETALL]: () =>
      Buffer.concat([encode('dp_vs_blklst_conf_array', { naddr: deny.length }), ...deny.map((entry) => encode('dp_vs_blklst_conf', entry))]),
  });
}

const SETS = [
  MSG.DPVS_SO_SET_ADD, MSG.DPVS_SO_SET_ADDDEST, MSG.DPVS_SO_SET_FLUSH, MSG.SOCKOPT_SET_IFADDR_ADD, MSG.SOCKOPT_SET_LADDR_ADD,
  MSG.SOCKOPT_SET_BLKLST_ADD, MSG.SOCKOPT_SET_WHTLST_ADD,
]; // prettier-ignore

/** Takes every change. */
function willingDaemon(refusals: Readonly<Record<number, (body: Buffer, count: number) => Answer>> = {}): ScriptedDaemon {
  return new ScriptedDaemon({ ...Object.fromEntries(SETS.map((id) => [id, OK])), [MSG.DPVS_SO_GET_INFO]: () => infoReply(0), ...refusals });
}

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 8;
  }
}

class Dice {
  readonly #numbers: Generator<number, never>;

  constructor(seed: number) {
    this.#numbers = numbers(seed);
  }

  below(limit: number): number {
    return this.#numbers.next().value % limit;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

function randomAddress(dice: Dice, af: number): Uint8Array {
  return address(...Array.from({ length: af === 10 ? 16 : 4 }, () => dice.of([0, 1, dice.below(256)])));
}

function randomCheck(dice: Dice): Structs['dest_check_configs'] {
  const types = dice.below(32);
  const none = { dest_down_notice_num: 0, dest_up_notice_num: 0, dest_down_wait: 0, dest_inhibit_min: 0, dest_inhibit_max: 0 };
  if ((types & 1) === 0) return { types, ...none };
  const down = { ...none, types, dest_down_notice_num: 1 + dice.below(255), dest_down_wait: 1 + dice.below(255) };
  if (dice.below(2) === 0) return down;
  const min = 1 + dice.below(100);
  return { ...down, dest_up_notice_num: 1 + dice.below(255), dest_inhibit_min: min, dest_inhibit_max: min + dice.below(60000) };
}

function randomService(dice: Dice, number: number): Service {
  const af = dice.of([2, 10]);
  const proto = dice.of([6, 17, 132, 1, 58]);
  const sched = dice.of(['rr', 'wrr', 'wlc', 'mh', 'conhash']);
  const persistent = dice.below(2);
  const hash = sched !== 'conhash' ? 0 : proto === 17 ? dice.of([0x100, 0x200]) : 0x100;
  const mask = af === 10 ? dice.of([128, 64]) : dice.of([0xffffffff, 0x00ffffff]);
  const base: Service = {
    af, proto, port: 1 + number, addr: randomAddress(dice, af), sched_name: sched,
    flags: persistent | hash | dice.of([0, 0x8]) | dice.of([0, 0x10]) | dice.of([0, 0x800]) | (proto === 17 ? dice.of([0, 4]) : 0),
    timeout: persistent * (1 + dice.below(1000)), netmask: persistent === 1 ? mask : af === 10 ? 128 : 0xffffffff,
    conn_timeout: dice.of([0, dice.below(3600)]), proxy_protocol: dice.of([0, 1, 2, 0x11, 0x12]), check_conf: randomCheck(dice),
  }; // prettier-ignore
  const kind = dice.below(5);
  const any = { addr: address(), port: 0 };
  const noQid = (base.flags ?? 0) & ~0x204;
  if (kind === 0) return { ...base, ...any, proto: 6, fwmark: 1 + number, flags: hash === 0x200 ? noQid | 0x100 : noQid };
  if (kind > 1) return base;
  const range = (): Structs['inet_addr_range'] => ({
    min_addr: randomAddress(dice, af), max_addr: randomAddress(dice, af), min_port: dice.below(65536), max_port: dice.below(65536),
  }); // prettier-ignore
  return { ...base, ...any, flags: (base.flags ?? 0) | 0x400, match: { af, srange: range(), drange: range(), iifname: `if${number}`, oifname: dice.of(['', 'dpdk1']) } };
}

function randomDest(dice: Dice, service: Service): Dest {
  const af = dice.of([2, 10]);
  const mode = dice.of([0, 2, 3, 5, 6]);
  const forced = (mode === 2 || mode === 3) && (service.fwmark ?? 0) === 0;
  return {
    af, addr: randomAddress(dice, af), port: forced ? (service.port ?? 0) : dice.below(65536), weight: dice.below(65536),
    conn_flags: mode, fwdmode: mode, max_conn: dice.of([0, dice.below(1e6)]), min_conn: dice.of([0, dice.below(1e6)]),
  }; // prettier-ignore
}

function randomConfiguration(seed: number): Configuration {
  const dice = new Dice(seed);
  const services = Array.from({ length: 12 }, (_, i) => {
    const service = randomService(dice, i);
    return {
      service,
      dests: Array.from({ length: dice.below(4) }, () => randomDest(dice, service)),
      laddrs: Array.from({ length: dice.below(3) }, (_unused, n) => dice.of([{ af: 2, addr: address(192, 168, i, n) }, { af: 10, addr: address(0xfd, 1, i, n) }])),
    };
  });
  const own = services.filter(({ service }) => service.fwmark === undefined && service.match === undefined);
  const deny = own.slice(0, 3).map(({ service: { af = 2, proto = 6, port = 0, addr = address() } }, i) => ({
    af, proto, vport: port, vaddr: addr, ...(i === 0 ? { ipset: 'bad' } : { subject: randomAddress(dice, af) }),
  })); // prettier-ignore
  return { services, deny };
}

function sorted(requests: readonly Buffer[]): string[] {
  return requests.map((body) => body.toString('hex')).sort();
}

describe('save and restore', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('IA-114 IA-122 make the same services again, configuration %i', async (seed) => {
    const configuration = randomConfiguration(seed);
    const saved = await ipvsadm(['-S', '-n'], daemonWith(configuration));
    expect([saved.code, saved.stderr]).toEqual([0, '']);

    const target = willingDaemon();
    const restored = await ipvsadm(['-R'], target, { stdin: saved.stdout });
    expect([restored.code, restored.stdout, restored.stderr]).toEqual([0, '', '']);

    const { services, deny } = configuration;
    const bodies = (id: number): Buffer[] => target.asked(id).map(({ body }) => body);
    expect(sorted(bodies(MSG.DPVS_SO_SET_ADD))).toEqual(sorted(services.map(({ service }) => encode('dp_vs_service_compat', service))));
    const dests = bodies(MSG.DPVS_SO_SET_ADDDEST).map((body) => body.subarray(sizeOf.dp_vs_service_compat));
    expect(sorted(dests)).toEqual(sorted(services.flatMap((each) => each.dests.map((dest) => encode('dp_vs_dest_compat', dest)))));
    const laddrs = bodies(MSG.SOCKOPT_SET_LADDR_ADD).map((body) => Buffer.from(decode('dp_vs_laddr_conf', body).laddr));
    expect(sorted(laddrs)).toEqual(sorted(services.flatMap((each) => each.laddrs.map(({ addr }) => Buffer.from(addr)))));
    expect(sorted(bodies(MSG.SOCKOPT_SET_BLKLST_ADD))).toEqual(sorted(deny.map((entry) => encode('dp_vs_blklst_conf', entry))));
  });

  it('IA-114 write local addresses with their devices and lists behind the servers', async () => {
    const daemon = daemonWith({
      services: [{ service: tcpService(1), dests: [{ af: 2, addr: address(1, 1, 1, 1), port: 8080, fwdmode: 5, weight: 1 }], laddrs: [{ af: 2, addr: address(192, 168, 0, 1) }] }],
      deny: [{ af: 2, proto: 6, vport: 80, vaddr: address(10, 0, 0, 1), ipset: 'bad' }, { af: 2, proto: 6, vport: 81, vaddr: address(10, 0, 0, 1) }],
    });
    const { stdout } = await ipvsadm(['-Sn'], daemon);
    expect(stdout.split('\n')).toEqual([
      '-A -t 10.0.0.1:80 -s rr',
      '-a -t 10.0.0.1:80 -r 1.1.1.1:8080 -b -w 1',
      '-P -t 10.0.0.1:80 -z 192.168.0.1 -F dpdk0',
      '-U -t 10.0.0.1:80 -k ipset:bad',
      '',
    ]);
  });

  it('IA-096 say what cannot be saved', async () => {
    const daemon = new ScriptedDaemon({
      [MSG.DPVS_SO_GET_INFO]: () => infoReply(2),
      [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([tcpService(1), tcpService(2)]),
      [MSG.DPVS_SO_GET_DESTS]: (body) => (body[15] === 1 ? -2 : destsReply([])),
      [MSG.SOCKOPT_GET_LADDR_GETALL]: () =>
        Buffer.concat([encode('dp_vs_laddr_conf', { nladdrs: 1 }), encode('dp_vs_laddr_entry', { af: 2, addr: address(9, 9, 9, 9) })]),
    });
    const { code, stdout, stderr } = await ipvsadm(['-Sn'], daemon);
    expect([code, stdout]).toEqual([1, '-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.2:80 -s rr\n']);
    expect(stderr).toContain('TCP  10.0.0.1:80: some text(-2)\n');
    expect(stderr).toContain('TCP  10.0.0.2:80: no device has the local address 9.9.9.9, it is not saved\n');
  });
});

describe('-R', () => {
  it('IA-117 IA-118 skips comments, empty lines and the name of the program, and splits at blanks only', async () => {
    const daemon = willingDaemon();
    const stdin = '# ipvsadm -C\n\n  # more\nipvsadm\n ipvsadm -A  -t\t10.0.0.1:80 -s rr\r\n-a -t 10.0.0.1:80 -r 1.1.1.1 -b';
    expect(await ipvsadm(['-R'], daemon, { stdin })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.ids.filter((id) => id !== 18 && id !== MSG.DS_MSG_HELLO)).toEqual([MSG.DPVS_SO_SET_ADD, MSG.DPVS_SO_SET_ADDDEST]);
  });

  it('IA-119 IA-120 goes on after a refusal and ends with its status', async () => {
    const daemon = willingDaemon({ [MSG.DPVS_SO_SET_ADD]: (_body, count) => (count === 0 ? -3 : Buffer.alloc(0)) });
    const { code, stderr } = await ipvsadm(['-R'], daemon, { stdin: '-A -t 10.0.0.1:80\n#\n-A -t 10.0.0.2:80\n' });
    expect([code, daemon.asked(MSG.DPVS_SO_SET_ADD).length]).toEqual([253, 2]);
    expect(stderr).toBe(
      'line 1: [sockopt_msg_recv] errcode set in socket msg#10 header: already exist(-3)\nline 1: Service already exists\nline 1: -A -t 10.0.0.1:80\n',
    );
  });

  it.each([
    ['-A -s rr', 2, "You need to supply the 'service-address' option for the 'add-service' command"],
    ['-A -t 1', 2, 'illegal virtual server address[:port] specified'],
    ['foo', 255, "Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
    ['-R', 255, "Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
    ['--restore', 255, "Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
    ['-L --foo', 255, '--foo: unknown option'],
    [`-A -t ${'1'.repeat(5000)}`, 2, 'a word has more than 4096 characters'],
  ])('IA-119 IA-121 ends at the mistake %.20s', async (line, status, message) => {
    const daemon = willingDaemon();
    const stdin = `-A -t 10.0.0.1:80\n${line}\n-A -t 10.0.0.2:80\n`;
    const { code, stderr } = await ipvsadm(['-R'], daemon, { stdin });
    expect([code, stderr]).toEqual([status, `line 2: ${message}\n`]);
    expect(daemon.asked(MSG.DPVS_SO_SET_ADD)).toHaveLength(1);
  });

  it('greets the daemon once, and asks once what it can do', async () => {
    const daemon = willingDaemon();
    await ipvsadm(['-R'], daemon, { stdin: '-A -t 10.0.0.1:80\n-A -t 10.0.0.2:80\n-A -t 10.0.0.3:80\n' });
    expect(daemon.ids).toEqual([MSG.DPVS_SO_GET_INFO, MSG.DS_MSG_HELLO, ...Array<number>(3).fill(MSG.DPVS_SO_SET_ADD)]);
  });

  it('ends when the daemon has gone away', async () => {
    const daemon = willingDaemon();
    const gone = new ConnectError('/x', 'ENOENT', 'No such file or directory', MSG.DPVS_SO_SET_ADD, 'set');
    let left = 3;
    const leaving: Transport = {
      request: (...request) => {
        if (left === 0) throw gone;
        left -= 1;
        return daemon.request(...request);
      },
    };
    const stdin = ['1', '2', '3', '4'].map((last) => `-A -t 10.0.0.${last}:80\n`).join('');
    const { code, stderr } = await ipvsadm(['-R'], leaving, { stdin });
    expect([code, stderr]).toEqual([
      2,
      'line 2: [dpvs_setsockopt] scoket msg connection error: No such file or directory\nline 2: No such file or directory\nline 2: -A -t 10.0.0.2:80\n' +
        "line 3: Can't initialize ipvs: No such file or directory\nAre you sure that dpvs is running?\n",
    ]);
  });

  it('IA-120 has nothing to do without lines', async () => {
    expect(await ipvsadm(['-R'], willingDaemon(), { stdin: '' })).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

describe('wrappers', () => {
  it('IA-123 ipvsadm-save saves and takes only -n', async () => {
    const empty = { services: [{ service: tcpService(1), dests: [], laddrs: [] }], deny: [] };
    const saved = await ipvsadm(['-n', 'word'], daemonWith(empty), { argv0: 'ipvsadm-save' });
    expect(saved).toEqual({ code: 0, stdout: '-A -t 10.0.0.1:80 -s rr\n', stderr: '' });
    const refused = await ipvsadm(['-x'], daemonWith(empty), { argv0: 'ipvsadm-save' });
    expect([refused.code, refused.stdout, refused.stderr.split('\n').length]).toEqual([1, '', 3]);
  });

  it('IA-123 ipvsadm-restore clears first', async () => {
    const daemon = willingDaemon();
    const result = await ipvsadm([], daemon, { argv0: 'ipvsadm-restore', stdin: '# x\n-A -t 10.0.0.1:80\n' });
    expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(daemon.ids.filter((id) => id !== 18 && id !== MSG.DS_MSG_HELLO)).toEqual([MSG.DPVS_SO_SET_FLUSH, MSG.DPVS_SO_SET_ADD]);
  });

  it('IA-123 ipvsadm-restore adds nothing when it could not clear', async () => {
    const daemon = willingDaemon({ [MSG.DPVS_SO_SET_FLUSH]: () => -1 });
    expect((await ipvsadm([], daemon, { argv0: 'ipvsadm-restore', stdin: '-A -t 10.0.0.1:80\n' })).code).toBe(255);
    expect(daemon.asked(MSG.DPVS_SO_SET_ADD)).toEqual([]);
  });
});
