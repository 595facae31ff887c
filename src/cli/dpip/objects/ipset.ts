// SPDX-License-Identifier: Apache-2.0
import { changeIpset, listIpsets, testIpset, type IpsetSpec } from '../../../ipc/messages/ipset';
import type { Transport } from '../../../ipc/client';
import { AF_INET, AF_INET6 } from '../../parse/address';
import { CommandError, invalid, refused } from '../errors';
import { flag, free, key, required, verb, type Call, type ObjectSpec, type Parse, type Surplus, type Values } from '../grammar';
import { parseBitmapRange, parseEntry, parseNet } from '../ipset/entry';
import { renderIpset } from '../ipset/render';
import { findType, typeNames, type SetType } from '../ipset/types';
import { nameOf, numberIn, U32_MAX } from '../values';

const I32_MAX = 0x7fff_ffff;
const MAX_COMMENT = 31;

const setName: Parse<string> = (text) => nameOf(text, 31, 'set name');
const text: Parse<string> = (value) => value;

const comment = (value: string): string => {
  if (!/^[\x20-\x7e\xa0-\xff]*$/.test(value)) throw invalid('the comment has characters that cannot be stored');
  if (value.length > MAX_COMMENT) throw invalid(`comment '${value}' is longer than ${MAX_COMMENT} characters`);
  return value;
};

const setType: Parse<SetType> = (name) => {
  const found = findType(name);
  if (found === undefined) throw refused([`unknown set type '${name}'`, `types: ${typeNames().join(' ')}`]);
  return found;
};

const SET = required(free('SET', setName), 'missing set name');
const ENTRY = required(free('ENTRY', text), 'missing entry');
/** Of an entry, or of a file with many. */
const ENTRY_ARGS = { set: SET, file: key('FILE', text), entry: free('ENTRY', text), comment: key('TEXT', comment), nomatch: flag() };
const CREATE_ARGS = {
  set: SET,
  type: required(free('TYPE', setType), 'missing set type'),
  comment: flag(),
  range: key('R', text),
  hashsize: key('N', numberIn('hashsize', 0, I32_MAX)),
  maxelem: key('N', numberIn('maxelem', 0, U32_MAX)),
};

/** Words that entries do not take. */
const surplus: Surplus = (word) => new CommandError('not support', { detail: [`unknown argument '${word}'`], stage: 'parse' });

/** The type of a set that exists. @throws DaemonError NOTEXIST, CommandError */
function typeOf(transport: Transport, name: string, purpose: 'add' | 'del' | 'test'): SetType {
  const info = listIpsets(transport, name, purpose).find((entry) => entry.name === name);
  if (info === undefined) throw new CommandError('not exist');
  const found = findType(info.type);
  if (found === undefined) throw new CommandError('not support', { detail: [`set ${name} is of unknown type '${info.type}'`] });
  return found;
}

function entrySpec(entry: string, values: Values<typeof ENTRY_ARGS>, set: SetType): IpsetSpec {
  const spec = parseEntry(entry, set);
  const nomatch = values.nomatch === true ? 1 : 0;
  return { ...spec, name: values.set, comment: values.comment ?? '', option: { ...spec.option, add: { nomatch } } };
}

function changeEntry(action: 'add' | 'del', values: Values<typeof ENTRY_ARGS>, { options, io }: Call): number | Promise<number> {
  const { set, entry, file } = values;
  if (file === undefined && entry === undefined) throw refused('missing entry');
  if (file !== undefined && (entry !== undefined || values.comment !== undefined || values.nomatch !== undefined)) {
    throw refused('either an entry, or a file: its lines have comment and nomatch');
  }
  const transport = io.transport();
  const type = typeOf(transport, set, action);
  if (file !== undefined) {
    return import('../ipset/file').then(({ changeFromFile }) => {
      changeFromFile(transport, io, action, { file, set, type, comment }, options.force);
      return 0;
    });
  }
  changeIpset(transport, action, entrySpec(entry ?? '', values, type), options.force);
  return 0;
}

function create(values: Values<typeof CREATE_ARGS>, { options, io }: Call): number {
  const { set, type } = values;
  let family: number = options.family === AF_INET6 ? AF_INET6 : AF_INET;
  if (type.kind === 'bitmap' && family === AF_INET6) throw refused("bitmap doesn't support ipv6");
  if (type.kind === 'hash' && values.range !== undefined && type.parts[0] !== 'port') family = parseNet(values.range).af;
  const covered = type.kind === 'bitmap' ? parseBitmapRange(values.range, type) : {};
  const sizes = { hashsize: values.hashsize ?? 0, maxelem: values.maxelem ?? 0, comment: values.comment === true ? 1 : 0 };
  changeIpset(io.transport(), 'create', { type: type.name, name: set, ...covered, option: { create: sizes, family } }, false);
  return 0;
}

function test(values: { readonly set: string; readonly entry: string }, { options, io, list }: Call): number {
  const transport = io.transport();
  const spec = parseEntry(values.entry, typeOf(transport, values.set, 'test'));
  if (spec.cidr !== 0 || spec.cidr2 !== 0) io.stderr.write('Warning: ignore cidr settings for ipset test\n');
  const result = testIpset(transport, { ...spec, name: values.set, cidr: 0, cidr2: 0 });
  if (result < 0) throw new CommandError('invalid parameter', { detail: ['set test failed'] });
  const isMember = result !== 0;
  const sentence = `${values.entry} is ${isMember ? '' : 'NOT '}in set ${values.set}\n`;
  list.record('membership', { ...values, isMember }, () => (options.verbose ? sentence : `${String(isMember)}\n`));
  return 0;
}

function flush(set: string | undefined, { options, io }: Call): number {
  const transport = io.transport();
  if (set === undefined && !options.force) throw refused('missing set name; -F flushes all sets');
  const names = set === undefined ? listIpsets(transport, '').map((info) => info.name) : [set];
  for (const name of names) changeIpset(transport, 'flush', { name }, false);
  return 0;
}

export const ipset: ObjectSpec = {
  name: 'ipset',
  summary: 'sets of addresses, networks and ports',
  stages: ['parse', 'check'],
  unknownVerb: () => new CommandError('invalid parameter', { stage: 'parse' }),
  verbs: {
    show: verb({
      args: { set: free('SET', setName) },
      options: '[-v]',
      run: ({ set }, { options, io, list }) => {
        for (const info of listIpsets(io.transport(), set ?? '')) list.record('ipset', info, () => renderIpset(info, options.verbose));
        return 0;
      },
    }),
    create: verb({ args: CREATE_ARGS, options: '[-4|-6]', run: create }),
    destroy: verb({
      args: { set: SET },
      run: ({ set }, { io }) => {
        changeIpset(io.transport(), 'destroy', { name: set }, false);
        return 0;
      },
    }),
    add: verb({ args: ENTRY_ARGS, options: '[-F]', usage: 'SET { ENTRY [comment TEXT] [nomatch] | file FILE }', surplus, run: (values, call) => changeEntry('add', values, call) }),
    del: verb({
      args: ENTRY_ARGS,
      options: '[-F]',
      usage: 'SET { ENTRY | file FILE }',
      surplus,
      run: (values, call) => changeEntry('del', values, call),
    }),
    test: verb({ args: { set: SET, entry: ENTRY }, options: '[-v]', run: test }),
    flush: verb({ args: { set: free('SET', setName) }, options: '[-F]', run: ({ set }, call) => flush(set, call) }),
  },
  notes: () => [
    `TYPE          ${typeNames().slice(0, 6).join(' ')}`,
    `              ${typeNames().slice(6).join(' ')}`,
    'ENTRY         the parts of the type, joined by commas',
    '  ip, net     IP | IP/PLEN | IP-IP',
    '  port        [tcp:|udp:|icmp:|icmp6:]N[-N]',
    '  mac, iface  hh:hh:hh:hh:hh:hh, name of a device',
    'R             needed for bitmaps: IP/PLEN, IP-IP or N-N',
    'FILE          lines of ENTRY [nomatch] [comment TEXT]; - for standard input',
    '-F            add: overwrite; del: ignore what is missing; flush: all sets',
    '-v            show: sorted; test: a sentence',
  ],
};
