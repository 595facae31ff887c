// SPDX-License-Identifier: Apache-2.0
// What --json prints, against the schema that is published with the documentation.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { MSG } from '../../../src/ipc/codec';
import { validDocument } from '../../support/schema';
import { fullDaemon } from './lists';
import { infoReply, ipvsadm, ScriptedDaemon, tcpService, servicesReply } from './run';

const folder = path.join(import.meta.dirname, '../../../docs');

const DOCUMENTS = [
  ['service_list', '-Ln'],
  ['service_list', '-L'],
  ['service_list', '-Ln --stats'],
  ['service_list', '-Ln --rate --exact'],
  ['service_list', '-Ln --rate --bits'],
  ['service_list', '-Ln --thresholds'],
  ['service_list', '-Ln --persistent-conn'],
  ['service_list', '-Ln --details'],
  ['service_list', '-Ln --cpu 1'],
  ['service_list', '-Ln --cpu all --details'],
  ['service_list', '-Ln -t 10.0.0.1:80'],
  ['service_list', '-Ln -f 7 --details'],
  ['service_list', '-Ln --vip 192.0.2.1'],
  ['connection_list', '-Lnc'],
  ['connection_list', '-Lnc --details'],
  ['connection_list', '-Lc --persistent-conn'],
  ['connection_list', '-Lnc --sockpair tcp:198.51.100.7:40001:10.0.0.1:80'],
  ['connection_summary', '-Lnc --summary'],
  ['local_address_list', '-G'],
  ['local_address_list', '-G -t 10.0.0.1:80'],
  ['local_address_list', '-G --cpu all'],
  ['deny_list', '-B'],
  ['deny_list', '-B -t 10.0.0.1:80'],
  ['deny_list', '-B -H proto=udp,src-range=192.168.0.1-192.168.0.9:1-99,iif=dpdk0'],
  ['allow_list', '-W'],
  ['tool_version', '-v'],
] as const;

describe.each([[true], [false]])('extensions: %s', (extensions) => {
  it.each(DOCUMENTS)('IB-01 IB-02 %s: %s --json is valid, also indented', async (kind, argv) => {
    const compact = await ipvsadm([...argv.split(' '), '--json'], fullDaemon({ extensions }));
    const pretty = await ipvsadm([...argv.split(' '), '--json', '--pretty'], fullDaemon({ extensions }));
    expect([compact.code, compact.stderr, pretty.code]).toEqual([0, '', 0]);
    expect(compact.stdout.split('\n')).toHaveLength(2);
    expect(pretty.stdout).toBe(`${JSON.stringify(validDocument(kind, compact.stdout), null, 2)}\n`);
  });
});

interface Counted {
  readonly services: readonly { readonly counters: Record<string, unknown>; readonly rates: Record<string, unknown>; readonly servers: readonly Record<string, unknown>[] }[];
}

it('IB-01 numbers are exact: as text where a number would lose digits, and never scaled', async () => {
  const { stdout } = await ipvsadm(['-Ln', '--json', '--stats', '--rate', '--bits', '-t', '10.0.0.1:80'], fullDaemon({ extensions: true }));
  const { services } = validDocument('service_list', stdout) as Counted;
  expect(services[0]?.counters).toEqual({
    connections: 2000, in_packets: '18014398509481986', out_packets: 10, in_bytes: 246_913_578, out_bytes: 14,
  }); // prettier-ignore
  expect(services[0]?.servers[1]).toMatchObject({
    family: 'ipv4', address: '172.16.0.2', port: 8080, forwarding: 'fullnat', weight: 5, u_threshold: 1000, l_threshold: 10, active_connections: 11,
    rates: { in_bytes_per_second: 1_000_000, in_bits_per_second: 8_000_000 },
  }); // prettier-ignore
});

it('IB-01 a service has every attribute that options set, called as they are', async () => {
  const { stdout } = await ipvsadm(['-Ln', '--json', '--details', '-t', '10.0.0.1:80'], fullDaemon({ extensions: true }));
  const { services } = validDocument('service_list', stdout) as { services: readonly object[] };
  expect(services[0]).toMatchObject({
    kind: 'address', family: 'ipv4', protocol: 'tcp', address: '10.0.0.1', port: 80, fwmark: null, match: null, scheduler: 'wlc', hash_target: null, scheduler_flags: [],
    persistent_seconds: 360, netmask: '255.255.255.0', ops: false, synproxy: true, conn_timeout_seconds: 1800, proxy_protocol: 'v2-insecure',
    expire_quiescent: true, quic: false,
    dest_check: {
      internal: { down_retry: 1, up_confirm: 1, down_wait_seconds: 3, inhibit_min_seconds: 5, inhibit_max_seconds: 3600 },
      external: ['tcp', 'ping'],
    },
    limit_mbps: 100, limit_proportion_percent: 100,
    local_addresses: [{ family: 'ipv4', address: '192.168.100.200', ifname: 'dpdk1', port_conflicts: 0, connections: 0 }],
    deny: [{ address: '203.0.113.9', prefix_length: 32, ipset: null }, { address: null, prefix_length: null, ipset: 'bad' }],
    allow: [],
  }); // prettier-ignore
});

it('IB-01 lcores have shares of their own', async () => {
  const { stdout } = await ipvsadm(['-Ln', '--json', '--cpu', 'all', '-t', '10.0.0.1:80'], fullDaemon({ extensions: true }));
  const { services } = validDocument('service_list', stdout) as { services: readonly { lcores: readonly { index: number }[]; servers: readonly { lcores: readonly { index: number }[] }[] }[] };
  expect(services[0]?.lcores.map(({ index }) => index)).toEqual([1, 2]);
  expect(services[0]?.servers[0]?.lcores.map(({ index }) => index)).toEqual([1, 2]);
});

describe('IB-03 errors', () => {
  const errorOf = async (argv: string, daemon = fullDaemon({ extensions: true })): Promise<{ code: number; stdout: string; error: unknown }> => {
    const { code, stdout, stderr } = await ipvsadm(argv.split(' '), daemon);
    expect(stderr.split('\n')).toHaveLength(2);
    const { error } = validDocument('error_document', stderr) as { error: unknown };
    return { code, stdout, error };
  };

  it.each([
    ['-A -t 10.0.0.1:80 -s rr --json', 253, -3, 'already exist', 'add-service', 'Service already exists'],
    ['-D -t 192.0.2.1:80 --json', 255, -1, 'invalid parameter', 'delete-service', 'No such service'],
    ['-d -t 10.0.0.1:80 -r 192.0.2.1:80 --json', 252, -4, 'not exist', 'delete-dest', 'No such destination'],
    ['-Ln -t 192.0.2.1:80 --json', 1, -4, 'not exist', 'get-service', 'No such service'],
    ['-G -t 192.0.2.1:80 --json', 1, -4, 'not exist', 'get-service', 'No such service'],
  ])('of the daemon: %s', async (argv, status, code, name, request, message) => {
    expect(await errorOf(argv)).toEqual({ code: status, stdout: '', error: { code, name, request, about: null, message } });
  });

  it.each([
    ['-L --json --foo', 255, '--foo: unknown option'],
    ['-L --foo --json', 255, '--foo: unknown option'],
    ['-n --json', 255, "Try `ipvsadm -h' or 'ipvsadm --help' for more information."],
    ['-L --json --weight 1', 2, "Illegal 'weight' option with the 'list' command"],
    ['-A --json', 2, "You need to supply the 'service-address' option for the 'add-service' command"],
    ['-L --json --prom', 2, "The option 'json' conflicts with the 'prom' option"],
  ])('of the command line: %s', async (argv, code, message) => {
    const { error, ...result } = await errorOf(argv);
    expect(result).toEqual({ code, stdout: '' });
    expect(error).toMatchObject({ code: null, name: 'usage', request: null, exit_status: code });
    expect((error as { message: string }).message.split('\n')[0]).toContain(message);
  });

  it.each([
    ['-L --daemon --json', 1],
    ['--start-daemon master --json', 255],
    ['-Ln --cpu 9 --json', 1],
  ])('of anything else: %s', async (argv, code) => {
    expect((await errorOf(argv)).code).toBe(code);
  });

  it('of one of several services name it, and stand in the document too', async () => {
    const daemon = new ScriptedDaemon({
      [MSG.DPVS_SO_GET_INFO]: () => infoReply(1),
      [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([tcpService(1)]),
      [MSG.DPVS_SO_GET_DESTS]: () => -23,
    });
    const { code, stdout, stderr } = await ipvsadm(['-Ln', '--json'], daemon);
    const expected = { code: -23, name: 'msg callback failed', request: 'get-dests', message: 'No such service' };
    expect(code).toBe(1);
    expect(validDocument('error_document', stderr)).toEqual({ error: { ...expected, about: 'TCP  10.0.0.1:80' } });
    const { services } = validDocument('service_list', stdout) as { services: readonly { error?: unknown }[] };
    expect(services.map(({ error }) => error)).toEqual([{ ...expected, about: null }]);
  });

  it('in the middle of connections end the document, which says that it is not complete', async () => {
    const daemon = new ScriptedDaemon({ [MSG.DPVS_SO_GET_INFO]: () => infoReply(0), [MSG.SOCKOPT_GET_CONN_ALL]: () => -23 });
    const { code, stdout, stderr } = await ipvsadm(['-Lnc', '--json'], daemon);
    expect(code).toBe(1);
    expect(validDocument('connection_list', stdout)).toMatchObject({ connections: [], complete: false });
    validDocument('error_document', stderr);
  });

  it('a connection that is not there is one of them, and nothing is missing', async () => {
    const { code, stdout, error } = await errorOf('-Lnc --sockpair tcp:192.0.2.1:1:192.0.2.2:2 --json');
    expect([code, error]).toMatchObject([1, { message: 'connection specified not found' }]);
    expect(validDocument('connection_list', stdout)).toMatchObject({ connections: [], complete: true });
  });

  it('warnings are no errors', async () => {
    const { code, stderr } = await ipvsadm(['-U', '-t', '192.0.2.1:80', '-k', '192.0.2.2', '--json'], fullDaemon());
    expect(code).toBe(0);
    validDocument('warning_document', stderr);
  });

  it('a daemon that is not there is one', async () => {
    const { code, stderr } = await ipvsadm(['-Ln', '--json'], new ScriptedDaemon({}));
    expect(code).toBe(2);
    expect(validDocument('error_document', stderr)).toMatchObject({ error: { code: null, exit_status: 2 } });
  });
});

it('every kind of document is described', () => {
  const text = readFileSync(path.join(folder, 'json.md'), 'utf8');
  const kinds = new Set([...DOCUMENTS.map(([kind]) => kind), 'error_document', 'warning_document']);
  for (const kind of kinds) expect(text).toContain(`\`${kind}\``);
});
