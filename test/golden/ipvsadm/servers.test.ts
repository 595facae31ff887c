// SPDX-License-Identifier: Apache-2.0
// What commands about servers, local addresses and lists of clients send, and what the latter two print.
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/cli/parse/address';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { address, infoReply, ipvsadm, OK, ScriptedDaemon, servicesReply, tcpService, type Request } from './run';

const { DPVS_SO_GET_INFO: INFO, DPVS_SO_GET_SERVICES, DPVS_SO_GET_SERVICE } = MSG;
const { DPVS_SO_SET_ADDDEST: ADD, DPVS_SO_SET_EDITDEST: EDIT, DPVS_SO_SET_DELDEST: DEL } = MSG;
const { SOCKOPT_SET_IFADDR_ADD: IF_ADD, SOCKOPT_SET_IFADDR_DEL: IF_DEL, SOCKOPT_SET_LADDR_ADD: L_ADD, SOCKOPT_SET_LADDR_DEL: L_DEL } = MSG;
const { SOCKOPT_GET_LADDR_GETALL: L_ALL, SOCKOPT_GET_BLKLST_GETALL: DENIED, SOCKOPT_GET_WHTLST_GETALL: ALLOWED } = MSG;
const { SOCKOPT_SET_BLKLST_ADD, SOCKOPT_SET_BLKLST_DEL, SOCKOPT_SET_WHTLST_ADD, SOCKOPT_SET_WHTLST_DEL } = MSG;

const V = '-t 10.0.0.1:80';
const V6 = '-t [2001:db8::1]:80';

function ip(text: string): Uint8Array {
  const parsed = parseIp(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed.bytes;
}

/** Changes that a line asks for; all are made, in silence. */
async function changesOf(line: string): Promise<readonly Request[]> {
  const willing = [ADD, EDIT, DEL, IF_ADD, IF_DEL, L_ADD, L_DEL, SOCKOPT_SET_BLKLST_ADD, SOCKOPT_SET_BLKLST_DEL, SOCKOPT_SET_WHTLST_ADD, SOCKOPT_SET_WHTLST_DEL];
  const daemon = new ScriptedDaemon({
    [INFO]: () => infoReply(0),
    [DPVS_SO_GET_SERVICES]: () => servicesReply([]),
    [DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', tcpService(1)),
    ...Object.fromEntries(willing.map((id) => [id, OK])),
  });
  expect(await ipvsadm(line.split(' '), daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
  return daemon.requests.filter((request) => request.type === 'set');
}

type Dest = DeepPartial<Structs['dp_vs_dest_compat']>;

function wholeDest(dest: Dest): Structs['dp_vs_dest_compat'] {
  return decode('dp_vs_dest_compat', encode('dp_vs_dest_compat', dest));
}

describe('servers', () => {
  const mode = (fwdmode: number): Dest => ({ fwdmode, conn_flags: fwdmode });
  const base: Dest = { af: 2, addr: address(10, 0, 1, 9), port: 8080, weight: 1 };

  it.each<readonly [id: string, line: string, id: number, dest: Dest]>([
    ['IA-064', `-a ${V} -r 10.0.1.9:80 -g`, ADD, { ...base, ...mode(3), port: 80 }],
    ['IA-028 IA-064', `-a ${V} -r 10.0.1.9:8080 -g`, ADD, { ...base, ...mode(3), port: 80 }],
    ['IA-028 IA-064', `-a ${V} -r 10.0.1.9:8080 -i`, ADD, { ...base, ...mode(2), port: 80 }],
    ['IA-064', `-a ${V} -r 10.0.1.9:8080 -m`, ADD, { ...base, ...mode(0) }],
    ['IA-065', `-a ${V} -r 10.0.1.9:8080 -b`, ADD, { ...base, ...mode(5) }],
    ['IA-065', '-a -H proto=tcp,af=ipv4,oif=dpdk1 -r 10.0.1.9:0 -J', ADD, { ...base, ...mode(6), port: 0 }],
    ['IA-027', `-a ${V} -r 10.0.1.9 -b`, ADD, { ...base, ...mode(5), port: 80 }],
    ['IA-027', `-a -r 10.0.1.9 -m ${V}`, ADD, { ...base, ...mode(0), port: 80 }],
    ['IA-027', `-d ${V} -r 10.0.1.9`, DEL, { ...base, ...mode(3), port: 80 }],
    ['IA-027', '-a -H proto=tcp,af=ipv4,oif=dpdk1 -r 10.0.1.9 -J', ADD, { ...base, ...mode(6), port: 0 }],
    ['IA-066', `-a ${V6} -r 10.0.1.9:8080 -b`, ADD, { ...base, ...mode(5) }],
    ['IA-024 IA-027', `-a ${V6} -r [2001:db8::9] -b`, ADD, { ...base, ...mode(5), af: 10, addr: ip('2001:db8::9'), port: 80 }],
    ['IA-037 IA-067', `-a ${V} -r 10.0.1.9:8080 -b -w 0`, ADD, { ...base, ...mode(5), weight: 0 }],
    ['IA-037 IA-067', `-a ${V} -r 10.0.1.9:8080 -b -w 65535 -x 2147483647 -y 2147483647`, ADD, { ...base, ...mode(5), weight: 65535, max_conn: 2147483647, min_conn: 2147483647 }],
    ['IA-006 IA-067', `-a -t10.0.0.1:80 -r10.0.1.9:8080 -bw5 -x=10 -y3`, ADD, { ...base, ...mode(5), weight: 5, max_conn: 10, min_conn: 3 }],
    ['IA-007 IA-067', '--add-server --tcp-service=10.0.0.1:80 --real-server 10.0.1.9:8080 --fullnat --weight=5 --u-threshold 10 --l-threshold=3', ADD, { ...base, ...mode(5), weight: 5, max_conn: 10, min_conn: 3 }],
    ['IA-068', `-e ${V} -r 10.0.1.9:8080 -b -w 7 -x 9 -y 8`, EDIT, { ...base, ...mode(5), weight: 7, max_conn: 9, min_conn: 8 }],
    ['IA-068', `-e ${V} -r 10.0.1.9:80`, EDIT, { ...base, ...mode(3), port: 80, weight: 1, max_conn: 0, min_conn: 0 }],
    ['IA-028 IA-068', `-e ${V} -r 10.0.1.9:8080 -w 5`, EDIT, { ...base, ...mode(3), port: 80, weight: 5 }],
    ['IA-069', `-d ${V} -r 10.0.1.9:8080`, DEL, { ...base, ...mode(3) }],
    ['IA-028', '-a -f 1 -r 10.0.1.9:8080', ADD, { ...base, ...mode(3) }],
  ])('%s %s', async (_id, line, id, dest) => {
    const [request, ...more] = await changesOf(line);
    expect([request?.id, more]).toEqual([id, []]);
    expect(request?.body).toHaveLength(sizeOf.dp_vs_service_dest);
    expect(decode('dp_vs_service_dest', request?.body ?? Buffer.alloc(0)).dest).toEqual(wholeDest(dest));
  });

  it('IA-064 come with the key of their service', async () => {
    const [request] = await changesOf(`-a -u 10.0.0.1:53 -r 10.0.1.9 -b`);
    expect(decode('dp_vs_service_dest', request?.body ?? Buffer.alloc(0)).svc).toMatchObject({ af: 2, proto: 17, port: 53, addr: address(10, 0, 0, 1), fwmark: 0 });
  });
});

describe('IA-071 local addresses', () => {
  const key = { af_s: 2, proto: 6, vport: 80, vaddr: address(10, 0, 0, 1), ifname: 'dpdk1' };

  it('go to the device, alone in their prefix and with a pool of ports, and then to the service', async () => {
    const [device, service, ...more] = await changesOf(`-P ${V} -z 192.168.0.1 -F dpdk1`);
    expect([device?.id, service?.id, more]).toEqual([IF_ADD, L_ADD, []]);
    expect(decode('inet_addr_param', device?.body ?? Buffer.alloc(0)).ifa_entry).toMatchObject({ af: 2, addr: address(192, 168, 0, 1), plen: 32, flags: 0x10000, ifname: 'dpdk1' });
    expect(decode('dp_vs_laddr_conf', service?.body ?? Buffer.alloc(0))).toMatchObject({ ...key, af_l: 2, laddr: address(192, 168, 0, 1) });
  });

  it('of IPv6 have a prefix of 128; a port behind them is not looked at', async () => {
    const [device, service] = await changesOf(`-P ${V} -z [fd00::1]:99 -F dpdk1`);
    expect(decode('inet_addr_param', device?.body ?? Buffer.alloc(0)).ifa_entry).toMatchObject({ af: 10, addr: ip('fd00::1'), plen: 128 });
    expect(decode('dp_vs_laddr_conf', service?.body ?? Buffer.alloc(0))).toMatchObject({ ...key, af_l: 10, laddr: ip('fd00::1') });
  });

  it('leave the service and then the device', async () => {
    const requests = await changesOf(`-Q ${V} -z 192.168.0.1 -F dpdk1`);
    expect(requests.map(({ id }) => id)).toEqual([L_DEL, IF_DEL]);
    expect(decode('inet_addr_param', requests[1]?.body ?? Buffer.alloc(0)).ifa_entry).toMatchObject({ addr: address(192, 168, 0, 1), plen: 32, ifname: 'dpdk1' });
  });

  it('that the device does not take are told, and offered to the service all the same', async () => {
    const daemon = new ScriptedDaemon({ [INFO]: () => infoReply(0), [IF_ADD]: () => -17, [L_ADD]: OK });
    const { code, stderr } = await ipvsadm(`-P ${V} -z 192.168.0.1 -F dpdk1`.split(' '), daemon);
    expect([code, stderr]).toEqual([0, '[sockopt_msg_recv] errcode set in socket msg#47 header: no service(-17)\n']);
  });
});

describe('IA-072 -G', () => {
  const laddrs = (...entries: DeepPartial<Structs['dp_vs_laddr_entry']>[]): Buffer =>
    Buffer.concat([encode('dp_vs_laddr_conf', { nladdrs: entries.length }), ...entries.map((entry) => encode('dp_vs_laddr_entry', entry))]);
  const two = laddrs(
    { af: 2, addr: address(192, 168, 100, 200), nport_conflict: 0n, nconns: 1 },
    { af: 2, addr: address(192, 168, 100, 201), nport_conflict: 77n, nconns: 13 },
  );
  const title = 'VIP:VPORT            TOTAL    SNAT_IP              CONFLICTS  CONNS     \n';
  const table = `10.0.0.1:80          2        \n${' '.repeat(30)}192.168.100.200      0          1         \n${' '.repeat(30)}192.168.100.201      77         13        \n`;

  it('lists all services in the order of the daemon, those without local addresses too', async () => {
    const services = [tcpService(9), { ...tcpService(1), fwmark: 3, addr: address(), port: 0 }, tcpService(1), { ...tcpService(1), af: 10, addr: address(0x20, 1) }];
    const daemon = new ScriptedDaemon({
      [INFO]: () => infoReply(services.length),
      [DPVS_SO_GET_SERVICES]: () => servicesReply(services),
      [L_ALL]: (body) => (decode('dp_vs_laddr_conf', body).vaddr[3] === 1 ? two : laddrs()),
    });
    expect(await ipvsadm(['-G'], daemon)).toEqual({
      code: 0,
      stderr: '',
      stdout: `${title}10.0.0.9:80          0        \n0.0.0.0:0            0        \n${table}[2001::]:80          0        \n`,
    });
  });

  it('prints nothing when there are no services', async () => {
    const daemon = new ScriptedDaemon({ [INFO]: () => infoReply(0), [DPVS_SO_GET_SERVICES]: () => servicesReply([]) });
    expect(await ipvsadm(['-G'], daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('lists one service, as one lcore sees it', async () => {
    const daemon = new ScriptedDaemon({ [INFO]: () => infoReply(9), [DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', tcpService(1)), [L_ALL]: () => two });
    expect(await ipvsadm(`-G ${V} --cpu 2`.split(' '), daemon)).toEqual({ code: 0, stdout: title + table, stderr: '' });
    expect(decode('dp_vs_laddr_conf', daemon.asked(L_ALL)[0]?.body ?? Buffer.alloc(0)).index).toBe(2);
    expect((await ipvsadm(`-G ${V} --cpu 3`.split(' '), daemon)).stderr).toBe("illegal cpu '3' specified, this daemon has 0 (all) to 2\n");
  });
});

describe('lists of clients', () => {
  type Entry = DeepPartial<Structs['dp_vs_blklst_conf']>;
  const entry: Entry = { af: 2, proto: 6, vaddr: address(10, 0, 0, 1), vport: 80 };

  it.each<readonly [id: string, line: string, id: number, entry: Entry]>([
    ['IA-076', `-U ${V} -k 198.51.100.66`, SOCKOPT_SET_BLKLST_ADD, { ...entry, subject: address(198, 51, 100, 66) }],
    ['IA-036 IA-076', `-U ${V} -k ipset:bad`, SOCKOPT_SET_BLKLST_ADD, { ...entry, ipset: 'bad' }],
    ['IA-076', `-V ${V} -k 198.51.100.66`, SOCKOPT_SET_BLKLST_DEL, { ...entry, subject: address(198, 51, 100, 66) }],
    ['IA-036 IA-076', `-V ${V} -k ipset:${'x'.repeat(31)}`, SOCKOPT_SET_BLKLST_DEL, { ...entry, ipset: 'x'.repeat(31) }],
    ['IA-077', `-O ${V6} -2 2001:db8::bad`, SOCKOPT_SET_WHTLST_ADD, { af: 10, proto: 6, vaddr: ip('2001:db8::1'), vport: 80, subject: ip('2001:db8::bad') }],
    ['IA-024 IA-077', `-O ${V6} -2 [2001:db8::bad]`, SOCKOPT_SET_WHTLST_ADD, { af: 10, proto: 6, vaddr: ip('2001:db8::1'), vport: 80, subject: ip('2001:db8::bad') }],
    ['IA-036 IA-077', `-O ${V} -2 ipset:good`, SOCKOPT_SET_WHTLST_ADD, { ...entry, ipset: 'good' }],
    ['IA-077', `-Y ${V} -2 198.51.100.66`, SOCKOPT_SET_WHTLST_DEL, { ...entry, subject: address(198, 51, 100, 66) }],
    ['IA-036 IA-077', `-Y ${V} -2 ipset:good`, SOCKOPT_SET_WHTLST_DEL, { ...entry, ipset: 'good' }],
  ])('%s %s', async (_id, line, id, wanted) => {
    const [request, ...more] = await changesOf(line);
    expect([request?.id, more]).toEqual([id, []]);
    const whole = decode('dp_vs_blklst_conf', encode('dp_vs_blklst_conf', wanted));
    expect(decode('dp_vs_blklst_conf', request?.body ?? Buffer.alloc(0))).toEqual(whole);
  });

  const reply = (entries: readonly Entry[]): Buffer =>
    Buffer.concat([encode('dp_vs_blklst_conf_array', { naddr: entries.length }), ...entries.map((each) => encode('dp_vs_blklst_conf', each))]);

  it.each([
    ['IA-076', '-B', DENIED, 'BLACKLIST'],
    ['IA-077', '-W', ALLOWED, 'WHITELIST'],
  ])('%s %s prints them in columns', async (_id, command, id, title) => {
    const of = (proto: number, more: Entry = {}): Entry => ({ ...entry, proto, subject: address(1, 2, 3, 4), ...more });
    const entries = [of(6), of(17), of(132), of(1), of(6, { ipset: 'bad', subject: address() }), of(58, { af: 10, vaddr: ip('2001:db8::1'), subject: ip('2001:db8::bad') })];
    const services = entries.slice(0, 4).concat(entries.slice(5)).map(({ af = 0, proto = 0, vaddr = address(), vport = 0 }) => ({ af, proto, addr: vaddr, port: vport }));
    const daemon = new ScriptedDaemon({ [INFO]: () => infoReply(services.length), [DPVS_SO_GET_SERVICES]: () => servicesReply(services), [id]: () => reply(entries) });
    const { code, stdout, stderr } = await ipvsadm([command], daemon);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      `PROTO    VIP:VPORT                      ${title}                     `,
      'TCP      10.0.0.1:80                    1.2.3.4                       ',
      'TCP      10.0.0.1:80                    ipset:bad                     ',
      'UDP      10.0.0.1:80                    1.2.3.4                       ',
      'SCTP     10.0.0.1:80                    1.2.3.4                       ',
      'ICMP     10.0.0.1:80                    1.2.3.4                       ',
      'ICMPv6   [2001:db8::1]:80               2001:db8::bad                 ',
      '',
    ]);
  });

  it.each([
    ['IA-076', '-B', DENIED, 'BLACKLIST'],
    ['IA-077', '-W', ALLOWED, 'WHITELIST'],
  ])('%s %s of one service picks its own', async (_id, command, id, title) => {
    const others: Entry[] = [{ ...entry, vport: 81 }, { ...entry, proto: 17 }, { ...entry, subject: address(9, 9, 9, 9) }];
    const daemon = new ScriptedDaemon({ [INFO]: () => infoReply(1), [id]: () => reply(others) });
    const { stdout } = await ipvsadm([command, ...V.split(' ')], daemon);
    expect(stdout).toBe(`PROTO    VIP:VPORT                      ${title}                     \nTCP      10.0.0.1:80                    9.9.9.9                       \n`);
    expect(daemon.asked(DPVS_SO_GET_SERVICES)).toEqual([]);
  });
});
