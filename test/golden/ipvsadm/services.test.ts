// SPDX-License-Identifier: Apache-2.0
// What commands about services send, member by member, and that they say nothing when it was done.
import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/cli/parse/address';
import { decode, encode, MSG, sizeOf, type DeepPartial, type Structs } from '../../../src/ipc/codec';
import { address, infoReply, ipvsadm, OK, ScriptedDaemon, tcpService } from './run';

type Service = DeepPartial<Structs['dp_vs_service_compat']>;

const { DPVS_SO_GET_INFO, DPVS_SO_GET_SERVICE } = MSG;
const { DPVS_SO_SET_ADD: ADD, DPVS_SO_SET_DEL: DEL, DPVS_SO_SET_ZERO: ZERO, DPVS_SO_SET_FLUSH: FLUSH, DPVS_SO_SET_EDIT: EDIT } = MSG;

function ip(text: string): Uint8Array {
  const parsed = parseIp(text);
  if (parsed === null) throw new Error(`${text} is no address`);
  return parsed.bytes;
}

/** The one change that a line asks for; it must be done in silence. */
async function changeOf(line: string, id: number): Promise<Buffer> {
  const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [id]: OK });
  expect(await ipvsadm(line.split(' '), daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
  const [first, ...more] = daemon.requests.filter((request) => request.type === 'set');
  expect(more).toEqual([]);
  if (first?.id !== id) throw new Error(`message ${first?.id ?? 'none'} was sent in place of ${id}`);
  return first.body;
}

async function serviceOf(line: string, id: number = ADD): Promise<Structs['dp_vs_service_compat']> {
  const body = await changeOf(line, id);
  expect(body).toHaveLength(sizeOf.dp_vs_service_compat);
  return decode('dp_vs_service_compat', body);
}

/** All members: those that are not given are zero. */
function whole(service: Service): Structs['dp_vs_service_compat'] {
  return decode('dp_vs_service_compat', encode('dp_vs_service_compat', service));
}

const V = '-t 10.0.0.1:80';
const HOST = 0xffffffff;
const BASE: Service = { af: 2, proto: 6, port: 80, addr: address(10, 0, 0, 1), netmask: HOST, sched_name: 'wlc' };
const NO_CHECK = { types: 0, dest_down_notice_num: 0, dest_up_notice_num: 0, dest_down_wait: 0, dest_inhibit_min: 0, dest_inhibit_max: 0 };

describe('-A sends', () => {
  it.each<readonly [id: string, line: string, service: Service]>([
    ['IA-041 IA-051', `-A ${V}`, BASE],
    ['IA-041 IA-051', `-A ${V} -s rr`, { ...BASE, sched_name: 'rr' }],
    ['IA-041', `-A ${V} -s wrr`, { ...BASE, sched_name: 'wrr' }],
    ['IA-041', `-A ${V} -s mh`, { ...BASE, sched_name: 'mh' }],
    ['IA-041', `-A ${V} -s fo`, { ...BASE, sched_name: 'fo' }],
    ['IA-041', `-A ${V} -s abcdefghijklmno`, { ...BASE, sched_name: 'abcdefghijklmno' }],
    ['IA-008', `-A ${V} -s -rr`, { ...BASE, sched_name: '-rr' }],
    ['IA-041 IA-042', `-A ${V} -s conhash`, { ...BASE, sched_name: 'conhash', flags: 0x100 }],
    ['IA-042 IA-052', `-A ${V} -s conhash --hash-target sip`, { ...BASE, sched_name: 'conhash', flags: 0x100 }],
    ['IA-042 IA-052', '-A -u 10.0.0.1:80 -s conhash --hash-target qid', { ...BASE, proto: 17, sched_name: 'conhash', flags: 0x200 }],
    ['IA-049', `-A ${V} -s mh --sched-flags mh-fallback,mh-port`, { ...BASE, sched_name: 'mh', flags: 0x60 }],
    ['IA-049', `-A ${V} --sched-flags sh-port -s sh`, { ...BASE, sched_name: 'sh', flags: 0x40 }],
    ['IA-049', `-A ${V} -s rr --sched-flags flag-1,flag-3`, { ...BASE, sched_name: 'rr', flags: 0xa0 }],
    ['IA-049', `-A ${V} -s rr --sched-flags none`, { ...BASE, sched_name: 'rr' }],
    ['IA-042', '-A --hash-target=qidx -s conhash -u 10.0.0.1:80', { ...BASE, proto: 17, sched_name: 'conhash', flags: 0x200 }],
    ['IA-038 IA-051', `-A ${V} -p`, { ...BASE, flags: 1, timeout: 360 }],
    ['IA-038 IA-051', `-A ${V} -p 1`, { ...BASE, flags: 1, timeout: 1 }],
    ['IA-038', `-A ${V} -p=2678400`, { ...BASE, flags: 1, timeout: 2678400 }],
    ['IA-009 IA-051', `-A ${V} -p -M 255.255.255.0`, { ...BASE, flags: 1, timeout: 360, netmask: 0x00ffffff }],
    ['IA-039', `-A ${V} -p 50 -M /8`, { ...BASE, flags: 1, timeout: 50, netmask: 0x000000ff }],
    ['IA-039', '-A -t [::1]:80 -p -M 64', { ...BASE, af: 10, addr: ip('::1'), flags: 1, timeout: 360, netmask: 64 }],
    ['IA-040', '-A -M 64 -p -t [::1]:80', { ...BASE, af: 10, addr: ip('::1'), flags: 1, timeout: 360, netmask: 64 }],
    ['IA-051', '-A -u 10.0.0.1:80 -o', { ...BASE, proto: 17, flags: 4 }],
    ['IA-051', '-A -f 7 -o', { ...BASE, port: 0, addr: address(), fwmark: 7, flags: 4 }],
    ['IA-043 IA-052', `-A ${V} -j enable`, { ...BASE, flags: 8 }],
    ['IA-043', `-A ${V} --synproxy=enabled`, { ...BASE, flags: 8 }],
    ['IA-043', `-A ${V} -j disable`, BASE],
    ['IA-052', `-A ${V} --expire-quiescent`, { ...BASE, flags: 0x10 }],
    ['IA-052', '-A -u 10.0.0.1:80 --quic --quic', { ...BASE, proto: 17, flags: 0x800 }],
    ['IA-052', `-A ${V} --conn-timeout 1800`, { ...BASE, conn_timeout: 1800 }],
    ['IA-052', `-A ${V} --conn-timeout 5 --conn-timeout 0x10`, { ...BASE, conn_timeout: 16 }],
    ['IA-044 IA-052', `-A ${V} --proxy-protocol v1`, { ...BASE, proxy_protocol: 0x01 }],
    ['IA-044', `-A ${V} --proxy-protocol V2`, { ...BASE, proxy_protocol: 0x02 }],
    ['IA-044', `-A ${V} --proxy-protocol v1-INSECURE`, { ...BASE, proxy_protocol: 0x11 }],
    ['IA-044', `-A ${V} --proxy-protocol v2-insecure`, { ...BASE, proxy_protocol: 0x12 }],
    ['IA-044', `-A ${V} --proxy-protocol v1 --proxy-protocol Disable`, BASE],
    ['IA-046 IA-052', `-A ${V} --dest-check default`, { ...BASE, check_conf: { types: 1, dest_down_notice_num: 1, dest_up_notice_num: 1, dest_down_wait: 3, dest_inhibit_min: 5, dest_inhibit_max: 3600 } }],
    ['IA-046', `-A ${V} --dest-check 3,5s`, { ...BASE, check_conf: { ...NO_CHECK, types: 1, dest_down_notice_num: 3, dest_down_wait: 5 } }],
    ['IA-046', `-A ${V} --dest-check 3,5`, { ...BASE, check_conf: { ...NO_CHECK, types: 1, dest_down_notice_num: 3, dest_down_wait: 5 } }],
    ['IA-046', `-A ${V} --dest-check=3,4,5s,60-3600s`, { ...BASE, check_conf: { types: 1, dest_down_notice_num: 3, dest_up_notice_num: 4, dest_down_wait: 5, dest_inhibit_min: 60, dest_inhibit_max: 3600 } }],
    ['IA-046', `-A ${V} --dest-check tcp --dest-check udp --dest-check sctp --dest-check ping`, { ...BASE, check_conf: { ...NO_CHECK, types: 0x1e } }],
    ['IA-046', `-A ${V} --dest-check tcp --dest-check disable`, BASE],
    ['IA-053', '-A -q 10.0.0.1:80', { ...BASE, proto: 1 }],
    ['IA-053 IA-057', '-A -q 10.0.0.1 -p', { ...BASE, proto: 1, port: 0, flags: 1, timeout: 360 }],
    ['IA-053', '-A -1 [2001:db8::1]:1', { ...BASE, af: 10, proto: 58, port: 1, addr: ip('2001:db8::1'), netmask: 128 }],
    ['IA-054', '-A --sctp-service 10.0.0.1:80', { ...BASE, proto: 132 }],
    ['IA-023', '-A -t [2001:db8::1]:443', { ...BASE, af: 10, port: 443, addr: ip('2001:db8::1'), netmask: 128 }],
    ['IA-023', '-A -t fd01::100:80 -p', { ...BASE, af: 10, port: 0, addr: ip('fd01::100:80'), netmask: 128, flags: 1, timeout: 360 }],
    ['IA-024', '-A -t [2001:db8::1] -p', { ...BASE, af: 10, port: 0, addr: ip('2001:db8::1'), netmask: 128, flags: 1, timeout: 360 }],
    ['IA-022', '-A -t 10.1:80', BASE],
    ['IA-022', '-A -u 10.0.0.1:65535', { ...BASE, proto: 17, port: 65535 }],
    ['IA-025', '-A -t localhost:53', { ...BASE, addr: address(127, 0, 0, 1), port: 53 }],
    ['IA-029 IA-055', '-A -f 4294967295', { ...BASE, port: 0, addr: address(), fwmark: 4294967295 }],
    ['IA-030 IA-055', '-A -f 7 -6', { ...BASE, af: 10, port: 0, addr: address(), fwmark: 7, netmask: 128 }],
    ['IA-031 IA-032 IA-056', '-A -H proto=tcp,af=ipv4,src-range=10.0.0.1-10.0.0.9:1-2,dst-range=10.0.1.1,iif=dpdk0,oif=dpdk1', {
      ...BASE, port: 0, addr: address(), flags: 0x400,
      match: {
        af: 2, iifname: 'dpdk0', oifname: 'dpdk1',
        srange: { min_addr: address(10, 0, 0, 1), max_addr: address(10, 0, 0, 9), min_port: 1, max_port: 2 },
        drange: { min_addr: address(10, 0, 1, 1), max_addr: address(10, 0, 1, 1), min_port: 0, max_port: 0 },
      },
    }],
    ['IA-031 IA-056', '-A -H oif=,iif=eth0,dst-range=,src-range=,af=ipv4,proto=icmp', { ...BASE, proto: 1, port: 0, addr: address(), flags: 0x400, match: { af: 2, iifname: 'eth0' } }],
    ['IA-032 IA-034 IA-056', '-A -H proto=udp,src-range=[fd01::1-fd01::ffff]', {
      ...BASE, af: 10, proto: 17, port: 0, addr: address(), netmask: 128, flags: 0x400,
      match: { af: 10, srange: { min_addr: ip('fd01::1'), max_addr: ip('fd01::ffff') } },
    }],
    ['IA-034 IA-056', '-A -H af=ipv4,proto=udp,oif=dpdk1', { ...BASE, proto: 17, port: 0, addr: address(), flags: 0x400, match: { af: 2, oifname: 'dpdk1' } }],
  ])('%s %s', async (_id, line, service) => {
    expect(await serviceOf(line)).toEqual(whole(service));
  });
});

describe('IA-061 -D names', () => {
  it.each<readonly [line: string, key: Service]>([
    ['-D -t 10.0.0.1:80', { ...BASE, sched_name: '' }],
    ['-D -u 10.0.0.1:80', { ...BASE, proto: 17, sched_name: '' }],
    ['-D --sctp-service 10.0.0.1:80', { ...BASE, proto: 132, sched_name: '' }],
    ['-D -q 10.0.0.1:80', { ...BASE, proto: 1, sched_name: '' }],
    ['-D -1 [::1]:80', { ...BASE, af: 10, proto: 58, addr: ip('::1'), netmask: 128, sched_name: '' }],
    ['-D -t 10.0.0.1', { ...BASE, port: 0, sched_name: '' }],
    ['-D -f 9', { ...BASE, port: 0, addr: address(), fwmark: 9, sched_name: '' }],
    ['-D -f 9 -6', { ...BASE, af: 10, port: 0, addr: address(), fwmark: 9, netmask: 128, sched_name: '' }],
    ['-D -H proto=tcp,af=ipv4,iif=x', { ...BASE, port: 0, addr: address(), flags: 0x400, match: { af: 2, iifname: 'x' }, sched_name: '' }],
  ])('%s', async (line, key) => {
    expect(await serviceOf(line, DEL)).toEqual(whole(key));
  });
});

it.each(['-C', '--clear', '-C --sort --sort'])('IA-015 IA-062 %s has nothing to say but what it is', async (line) => {
  expect(await changeOf(line, FLUSH)).toHaveLength(0);
});

describe('IA-063 -Z', () => {
  it.each<readonly [line: string, key: Service]>([
    ['-Z', { af: 0, netmask: HOST }],
    ['-Z -t 10.0.0.1:80', { ...BASE, sched_name: '' }],
    ['-Z -f 9', { ...BASE, port: 0, addr: address(), fwmark: 9, sched_name: '' }],
    ['--zero -u [::1]:53', { ...BASE, af: 10, proto: 17, port: 53, addr: ip('::1'), netmask: 128, sched_name: '' }],
  ])('%s', async (line, key) => {
    expect(await serviceOf(line, ZERO)).toEqual(whole(key));
  });

  it('warns when DPVS would take a service without port for all of them', async () => {
    const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(0), [ZERO]: OK });
    const { code, stderr } = await ipvsadm(['-Z', '-t', '10.0.0.1'], daemon);
    expect([code, stderr]).toEqual([0, 'warning: DPVS zeroes the counters of all services when the port is 0\n']);
  });
});

it('IA-058 -E does not put back to defaults what is not given, as LVS does', async () => {
  const current = { ...tcpService(1), sched_name: 'mh', flags: 1, timeout: 99 };
  const daemon = new ScriptedDaemon({ [DPVS_SO_GET_INFO]: () => infoReply(1), [DPVS_SO_GET_SERVICE]: () => encode('dp_vs_service_compat', current), [EDIT]: OK });
  expect(await ipvsadm(['-E', '-t', '10.0.0.1:80'], daemon)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(decode('dp_vs_service_compat', daemon.asked(EDIT)[0]?.body ?? Buffer.alloc(0))).toMatchObject({ sched_name: 'mh', flags: 1, timeout: 99 });
});
