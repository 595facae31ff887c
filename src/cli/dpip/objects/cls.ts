// SPDX-License-Identifier: Apache-2.0
import { listLinks } from '../../../ipc/messages/link';
import { changeCls, listClses, listQschs, tcHandle, type Cls, type ClsSpec, type TcAction } from '../../../ipc/messages/tc';
import { parseDecimal } from '../../parse/number';
import { invalid, refused } from '../errors';
import { key, parseWords, required, tail, unknownArgument, verb, type Call, type ObjectSpec, type Parse, type Surplus, type Values } from '../grammar';
import { formatHandle, handle } from '../tc/handle';
import { formatPattern, parsePattern } from '../tc/pattern';
import { lcoreTag } from '../text';
import { ifname, nameOf } from '../values';

const ETHER_TYPES: Readonly<Record<string, number>> = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100 };
const I32_MAX = 0x7fff_ffff;

const packetType: Parse<number> = (text) => {
  const type = Object.hasOwn(ETHER_TYPES, text) ? ETHER_TYPES[text] : undefined;
  if (type === undefined) throw invalid('pkttype not support');
  return type;
};

const priority: Parse<number> = (text) => {
  const value = parseDecimal(text, 0, I32_MAX);
  if (value === null) throw invalid(`invalid prio '${text}': a number from 0 to ${I32_MAX}`);
  return value;
};

type Target = NonNullable<NonNullable<Cls['copt']['match']>['result']>;

const target: Parse<Target> = (text) => (text === 'drop' ? { drop: 1, sch_id: 0 } : { drop: 0, sch_id: handle(text, NO_CONTEXT) });

/** Handles are read the same whatever the options. */
const NO_CONTEXT = {} as Parameters<typeof handle>[1];

const setMatch: Parse<{ setname: string; dst_match: number }> = (text) => {
  const [set = '', direction = 'src', ...more] = text.split(',');
  if (more.length > 0 || (direction !== 'src' && direction !== 'dst') || set === '') throw invalid(`invalid ipset match: ${text}`);
  return { setname: nameOf(set, 31, 'set name'), dst_match: direction === 'dst' ? 1 : 0 };
};

const ARGS = {
  dev: required(key('IF', ifname), 'missing device.'),
  qsch: key('H', handle),
  handle: key('H', handle),
  pkttype: key('ipv4|ipv6|vlan', packetType),
  prio: key('N', priority),
  kind: tail('KIND', ['match', 'ipset']),
};

const TARGET = required(key('{H|drop}', target), 'missing target.');
const MATCH_ARGS = { pattern: required(key("'PAT'", parsePattern), 'invalid match pattern.'), target: TARGET };
const IPSET_ARGS = { match: required(key('SET[,src|,dst]', setMatch), 'invalid ipset match: '), target: TARGET };

const surplus: Surplus = (word) =>
  word === 'pattern' || word === 'target' ? invalid("invalid/miss cls type: ''") : unknownArgument(word);

type Typed = Omit<Values<typeof ARGS>, 'dev'>;

function kindOf(words: readonly string[], { options }: Call): Pick<ClsSpec, 'kind' | 'copt'> {
  const [kind, ...rest] = words;
  if (kind === 'match') {
    const { pattern, target: result } = parseWords(MATCH_ARGS, rest, { options });
    return { kind, copt: { match: { ...pattern, result } } };
  }
  const { match, target: result } = parseWords(IPSET_ARGS, rest, { options });
  return { kind: 'ipset', copt: { set: { ...match, result } } };
}

function keyOf(typed: Typed): ClsSpec {
  return {
    sch_id: typed.qsch ?? tcHandle.TC_H_ROOT,
    handle: typed.handle ?? 0,
    pkt_type: typed.pkttype ?? 0x0800,
    priority: typed.prio ?? 0,
  };
}

function specOf(typed: Typed, action: TcAction, call: Call): ClsSpec {
  if (action !== 'add' && typed.handle === undefined) throw refused('missing handle.');
  if (typed.kind !== undefined) return { ...keyOf(typed), ...kindOf(typed.kind, call) };
  if (action !== 'del') throw refused('invalid cls kind.');
  return keyOf(typed);
}

function targetText(result: Target): string {
  return result.drop === 0 ? formatHandle(result.sch_id) : 'drop';
}

function kindText({ kind, copt }: Cls): string {
  if (kind === 'match' && copt.match !== undefined) {
    return `${formatPattern(copt.match)} target ${targetText(copt.match.result)}`;
  }
  if (kind !== 'ipset' || copt.set === undefined) return '';
  const { setname, dst_match: destination, result } = copt.set;
  return `ipset match ${setname},${destination === 0 ? 'src' : 'dst'} target ${targetText(result)}`;
}

export function renderCls(cls: Cls, dev: string, verbose: boolean): string {
  return (
    `${verbose ? lcoreTag(cls.cid) : ''}cls ${cls.kind} ${formatHandle(cls.handle)} dev ${dev} qsch ${formatHandle(cls.sch_id)}` +
    ` pkttype 0x${cls.pkt_type.toString(16).padStart(4, '0')} prio ${cls.priority} ${kindText(cls)}\n`
  );
}

function showOf(dev: string, spec: ClsSpec, { options, io, list }: Call): void {
  const found = listClses(io.transport(), dev, spec, { stats: false, verbose: options.verbose });
  for (const entry of found) list.record('cls', { cls: entry, dev, lcore: options.verbose }, () => renderCls(entry, dev, options.verbose));
}

/** The classifiers of all schedulers of all devices. */
function showAll(call: Call): void {
  const transport = call.io.transport();
  for (const { name } of listLinks(transport)) {
    for (const { handle: of } of listQschs(transport, name, {}, { stats: false, verbose: false })) showOf(name, { sch_id: of, handle: 0 }, call);
  }
}

function changing(action: TcAction, usage: string): ReturnType<typeof verb> {
  return verb({
    args: ARGS,
    usage,
    surplus,
    run: (typed, call) => {
      changeCls(call.io.transport(), action, typed.dev, specOf(typed, action, call));
      return 0;
    },
  });
}

const OPTIONAL = '[qsch H] [handle H] [pkttype ipv4|ipv6|vlan] [prio N]';

export const cls: ObjectSpec = {
  name: 'cls',
  summary: 'traffic classifiers',
  stages: ['parse', 'check'],
  verbs: {
    show: verb({
      args: { ...ARGS, dev: key('IF', ifname) },
      options: '[-v]',
      usage: '[dev IF [qsch H] [handle H]]',
      surplus,
      run: (typed, call) => {
        const { dev } = typed;
        if (dev !== undefined) showOf(dev, keyOf(typed), call);
        else if (typed.qsch === undefined && typed.handle === undefined) showAll(call);
        else throw refused('missing device.');
        return 0;
      },
    }),
    add: changing('add', `dev IF ${OPTIONAL} KIND`),
    set: changing('change', `dev IF ${OPTIONAL.replace('[handle H]', 'handle H')} KIND`),
    replace: changing('replace', `dev IF ${OPTIONAL.replace('[handle H]', 'handle H')} KIND`),
    del: changing('del', 'dev IF [qsch H] handle H'),
  },
  notes: [
    "KIND          match pattern 'PAT' target {H|drop}",
    '              ipset match SET[,src|,dst] target {H|drop}',
    'PAT           comma list of tcp|udp|sctp|icmp|icmp6, from=RANGE, to=RANGE, iif=IF, oif=IF',
    'RANGE         ADDR[-ADDR][:PORT[-PORT]], IPv6 in brackets before a port',
    'H             MAJ:[MIN] (hexadecimal), root or ingress; qsch is root when left out',
  ],
};
