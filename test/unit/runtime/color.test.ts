// SPDX-License-Identifier: Apache-2.0
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { wantsColor, type ColorChoice } from '../../../src/cli/runtime/color';
import { tablePaint } from '../../../src/cli/ipvsadm/paint';
import { MSG } from '../../../src/ipc/codec';
import { address, destsReply, infoReply, ipvsadm, ScriptedDaemon, servicesReply, tcpService } from '../../golden/ipvsadm/run';

describe('IB-17 colours', () => {
  const tty = { isTTY: true, env: { TERM: 'xterm' } };
  it.each<[ColorChoice | undefined, { isTTY: boolean; env: Record<string, string> }, boolean]>([
    [undefined, tty, false],
    ['never', tty, false],
    ['always', { isTTY: false, env: { NO_COLOR: '1', TERM: 'dumb' } }, true],
    ['auto', tty, true],
    ['auto', { ...tty, isTTY: false }, false],
    ['auto', { ...tty, env: { TERM: 'xterm', NO_COLOR: '1' } }, false],
    ['auto', { ...tty, env: { TERM: 'xterm', NO_COLOR: '' } }, true],
    ['auto', { ...tty, env: { TERM: 'dumb' } }, false],
  ])('with --color=%s and %j: %s', (choice, io, wanted) => {
    expect(wantsColor(choice, io)).toBe(wanted);
  });
});

const BOLD = /\u001b\[1m(.*?)\u001b\[22m/g;
const YELLOW = /\u001b\[33m(.*?)\u001b\[39m/g;
const RED = /\u001b\[31m(.*?)\u001b\[39m/g;

function daemon(): ScriptedDaemon {
  const dest = { af: 2, addr: address(10, 0, 1, 9), port: 80, fwdmode: 5, max_conn: 0, min_conn: 0 };
  return new ScriptedDaemon({
    [MSG.DPVS_SO_GET_INFO]: () => infoReply(1),
    [MSG.DPVS_SO_GET_SERVICES]: () => servicesReply([tcpService(1, { num_dests: 3 })]),
    [MSG.DPVS_SO_GET_DESTS]: () =>
      destsReply([
        { ...dest, weight: 0 },
        { ...dest, weight: 10, flags: 2, addr: address(10, 0, 1, 10) },
        { ...dest, weight: 100, addr: address(10, 0, 1, 11) },
      ]),
  });
}

const marked = (text: string, mark: RegExp): string[] => [...text.matchAll(mark)].map((match) => match[1] ?? '');

describe.each([['-Ln'], ['-Ln', '--stats'], ['-Ln', '--rate'], ['-Ln', '--thresholds'], ['-Ln', '--persistent-conn']])('IB-17 the table of %s %s', (...argv) => {
  it('has the same text with colours', async () => {
    const plain = await ipvsadm(argv, daemon());
    const { stdout } = await ipvsadm([...argv, '--color=always'], daemon());
    expect(plain.stdout).not.toContain('\u001b');
    expect(stdout).toContain('\u001b');
    expect(stripVTControlCharacters(stdout)).toBe(plain.stdout);
    expect((await ipvsadm([...argv, '--color'], daemon())).stdout).toBe(plain.stdout);
  });

  it('marks services and, where there are weights, those of 0', async () => {
    const { stdout } = await ipvsadm([...argv, '--color=always'], daemon());
    expect(marked(stdout, BOLD)).toEqual(['TCP  10.0.0.1:80']);
    const hasWeight = argv.length === 1 || argv.includes('--persistent-conn');
    expect(marked(stdout, YELLOW)).toEqual(hasWeight ? ['0'] : []);
    expect(marked(stdout, RED)).toEqual(argv.length === 1 ? ['overload'] : []);
  });
});

it('IB-17 knows every kind of service', () => {
  const names = ['SCTP  10.0.0.1:80', 'ICMPv6  [2001:db8::1]:1', 'FWM  7', 'FWM  7 IPv6', 'MATCH tcp,from=10.0.0.0-10.0.0.9:0-0,oif=dpdk0'];
  const paint = tablePaint();
  expect(names.map((name) => marked(paint(`${name} rr persistent 360`), BOLD))).toEqual(names.map((name) => [name]));
});
