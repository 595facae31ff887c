// SPDX-License-Identifier: Apache-2.0
// DPVS's own ipvsadm against our daemon, without it: in the state of the recorded session, each of its recorded requests gets
// the reply that DPVS gave, down to what carries no meaning. What it prints is made of these bytes.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, decodeArray, MSG, sizeOf, type StructName } from '../../src/ipc/codec';
import { AF_INET6 } from '../../src/cli/parse/address';
import { Daemon } from '../harness/daemon';
import { ipvsadm } from '../golden/ipvsadm/run';
import { runInside } from '../harness/commands';
import { loadVectors, replyBody, type Exchange, type Vector } from '../support/vectors';
import { converse, errcodeOf, REPLY_HEAD } from './raw-client';

let daemon: Daemon;

/**
 * What the recorded session had set up when it began to list; its schedulers and forwarding modes that our daemon has not are
 * replaced, see STAND_INS.
 */
const STATE = `
-A -t 192.168.100.254:80 -s wrr
-a -t 192.168.100.254:80 -r 10.0.0.11:8080 -b -w 0
-a -t 192.168.100.254:80 -r 10.0.0.12:8080 -b -w 50 -x 1001 -y 101
-P -t 192.168.100.254:80 -z 192.168.100.200 -F test1
-P -t 192.168.100.254:80 -z 192.168.100.201 -F test1
-A -s rr -H proto=tcp,src-range=10.0.0.1-10.0.0.254,oif=dpdk1
-A -u 192.168.100.254:53 -s wrr --conn-timeout 30
-a -u 192.168.100.254:53 -r 10.0.0.21:53 -b -w 10
-A -t [2001:db8::fe]:443 -s rr -p 360 --proxy-protocol v2 --dest-check 1,2,3s,5-60s
-a -t [2001:db8::fe]:443 -r [2001:db8:1::11]:8443 -b -w 5
-A -f 7 -s wlc
`;

/** Recorded members, and those of what stands in for them. */
const STAND_INS: readonly (readonly [recorded: RegExp, ours: string])[] = [
  [/flags=258 (.*)sched_name=conhash/, 'flags=2 $1sched_name=wrr'],
  [/sched_name=mh/, 'sched_name=rr'],
  [/conn_flags=51[25] (.*)fwdmode=[03]/, 'conn_flags=517 $1fwdmode=5'],
];

const vectors = loadVectors('ipvsadm').filter(({ name }) => name.startsWith('real/'));

function recorded(start: string): Vector {
  const found = vectors.find(({ name }) => name.startsWith(start));
  if (found === undefined) throw new Error(`no vector ${start}`);
  return found;
}

beforeAll(async () => {
  daemon = await new Daemon({ ports: 2, workers: 2, queues: 2 }).start();
  expect(await ipvsadm(['-R'], daemon.transport, { stdin: STATE })).toEqual({ code: 0, stdout: '', stderr: '' });
});

afterAll(async () => {
  await daemon.stop();
});

async function answer(exchange: Exchange): Promise<{ readonly code: number; readonly body: Buffer }> {
  const got = await converse(daemon.socket, Buffer.from(exchange.requestHeaderHex + (exchange.requestBodyHex ?? ''), 'hex'));
  return { code: errcodeOf(got), body: got.bytes.subarray(REPLY_HEAD) };
}

/** Head and elements of each list. */
const LISTS: Readonly<Record<number, readonly [head: StructName, element: StructName]>> = {
  [MSG.DPVS_SO_GET_SERVICES]: ['dp_vs_services_front', 'dp_vs_service_compat'],
  [MSG.DPVS_SO_GET_DESTS]: ['dp_vs_dest_table', 'dp_vs_dest_compat'],
  [MSG.SOCKOPT_GET_LADDR_GETALL]: ['dp_vs_laddr_conf', 'dp_vs_laddr_entry'],
  [MSG.SOCKOPT_GET_BLKLST_GETALL]: ['dp_vs_blklst_conf_array', 'dp_vs_blklst_conf'],
};

type Values = Readonly<Record<string, unknown>>;

/** Families of the addresses of a structure, by their names; the other bytes of IPv4 addresses are whatever was there. */
const FAMILIES: Readonly<Record<string, string>> = { addr: 'af', vaddr: 'af', subject: 'af', laddr: 'af_l', min_addr: 'af', max_addr: 'af' };
/** Where a reply says which lcore it is about, which was in the question. */
const MEANINGLESS = new Set(['cid', 'index']);

/** What is told, as text that can be compared. */
function told(values: Values, af: unknown = values['af']): string {
  const parts = Object.entries(values)
    .filter(([name]) => !MEANINGLESS.has(name))
    .map(([name, value]) => {
      if (value instanceof Uint8Array) {
        const family = values[FAMILIES[name] ?? ''] ?? af;
        return `${name}=${Buffer.from(family === AF_INET6 ? value : value.subarray(0, 4)).toString('hex')}`;
      }
      return typeof value === 'object' && value !== null ? `${name}={${told(value as Values, (value as Values)['af'] ?? af)}}` : `${name}=${String(value)}`;
    });
  return parts.join(' ');
}

/** Elements in an order of their own: each daemon walks its tables in another one, and the tool sorts. */
function elements(id: number, body: Buffer): string[] {
  const list = LISTS[id];
  if (list === undefined) return [told(decode('dp_vs_service_compat', body) as unknown as Values)];
  const [head, element] = list;
  const count = (body.length - sizeOf[head]) / sizeOf[element];
  return decodeArray(element, body, sizeOf[head], count).map((each) => told(each as unknown as Values)).sort();
}

describe("IA-127 recorded lists of upstream's ipvsadm get the recorded replies", () => {
  test.each([
    ['real/100', '-G'],
    ['real/110', '-ln'],
    ['real/112', '-ln --thresholds'],
    ['real/116', '-ln of one service'],
    ['real/118', '-Sn'],
  ])('%s %s', async (start) => {
    // By then a local address had been taken away.
    if (start === 'real/110') await ipvsadm('-Q -t 192.168.100.254:80 -z 192.168.100.201 -F test1'.split(' '), daemon.transport);
    const { exchanges } = recorded(start);
    expect(exchanges.length).toBeGreaterThan(1);
    for (const exchange of exchanges) {
      const { code, body } = await answer(exchange);
      expect([exchange.name, code]).toEqual([exchange.name, exchange.errcode]);
      if (exchange.id === MSG.DPVS_SO_GET_INFO) {
        const { num_services, num_lcores } = decode('dp_vs_getinfo', body);
        expect([num_services, num_lcores]).toEqual([5, 2]);
        continue;
      }
      expect(body).toHaveLength(exchange.replyBodyLen);
      const wanted = elements(exchange.id, replyBody(exchange)).map((text) => STAND_INS.reduce((changed, [from, to]) => changed.replace(from, to), text));
      expect(elements(exchange.id, body)).toEqual(wanted.sort());
    }
  });

  test.each<[start: string, what: string, instead?: number]>([
    ['real/115', '-ln --cpu 9'],
    // DPVS says so with the code of a worker that failed, -23; all of its other lists say -4, and so do we.
    ['real/117', '-ln of a service that is not there', -4],
    ['real/083', '-A of a service that is there'],
    ['real/094', '-a to a service that is not there'],
    ['real/124', '-lnc --sockpair of no connection'],
  ])('%s %s: refused as recorded', async (start, _what, instead?: number) => {
    for (const exchange of recorded(start).exchanges) {
      const { code, body } = await answer(exchange);
      expect([exchange.name, code]).toEqual([exchange.name, exchange.errcode === 0 ? 0 : (instead ?? exchange.errcode)]);
      if (code !== 0) expect(body).toHaveLength(exchange.replyBodyLen);
    }
  });

  test('real/103 -U, real/108 -O, real/107 -V of what is not there, real/106 -B', async () => {
    for (const start of ['real/103', 'real/108', 'real/107']) {
      for (const exchange of recorded(start).exchanges) expect([start, (await answer(exchange)).code]).toEqual([start, exchange.errcode]);
    }
    const exchange = recorded('real/106').exchanges.at(-1);
    if (exchange === undefined) throw new Error('real/106 has no exchanges');
    const { code, body } = await answer(exchange);
    // The recorded list has a second entry, an ipset, which our daemon has not.
    const wanted = elements(exchange.id, replyBody(exchange)).filter((text) => !text.includes('ipset=foo'));
    expect([code, elements(exchange.id, body)]).toEqual([0, wanted]);
    expect(wanted).toHaveLength(1);
    expect((await ipvsadm(['-W'], daemon.transport)).stdout.split('\n')[1]).toMatch(/^TCP {6}\[2001:db8::fe\]:443 +2001:db8::bad +$/);
  });

  test('and our own ipvsadm prints what was recorded', () => {
    const { command, stdout } = recorded('real/116');
    expect(runInside(command.join(' '), daemon.transport)).toEqual({ status: 0, stdout, stderr: '' });
  });
});

describe("IA-127 recorded changes of upstream's ipvsadm do what they did", () => {
  test.each([
    ['real/095', '-e: weight 0', '  -> 10.0.0.11:8080               FullNat 0      0          0         '],
    ['real/120', '-Z', 'TCP  192.168.100.254:80 wrr'],
    ['real/121', '-Z of one service', 'TCP  192.168.100.254:80 wrr'],
  ])('%s %s', async (start, _what, line) => {
    for (const exchange of recorded(start).exchanges) expect((await answer(exchange)).code).toBe(exchange.errcode);
    expect(runInside('ipvsadm -ln', daemon.transport).stdout.split('\n')).toContain(line);
  });

  test('-d, -D, again -D, -C', async () => {
    const play = async (start: string): Promise<void> => {
      for (const exchange of recorded(start).exchanges) expect([start, (await answer(exchange)).code]).toEqual([start, exchange.errcode]);
    };
    const list = (): string => runInside('ipvsadm -ln', daemon.transport).stdout;
    await play('real/125');
    expect(list()).not.toContain('10.0.0.11:8080');
    expect(list()).toContain('10.0.0.12:8080');
    await play('real/126');
    expect(list()).not.toContain('TCP  192.168.100.254:80');
    await play('real/127');
    expect(list().split('\n')).toHaveLength(3 + 4 + 2 + 1);
    await play('real/128');
    expect(list().split('\n')).toHaveLength(3 + 1);
  });
});
