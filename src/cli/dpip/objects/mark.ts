// SPDX-License-Identifier: Apache-2.0
import { DaemonError } from '../../../ipc/client';
import { capabilities, ext, MSG, requireMessage } from '../../../ipc/messages/capabilities';
import { EDPVS } from '../../../ipc/messages/failures';
import { changeMark, flushMarks, listMarks, type MarkRule } from '../../../ipc/messages/mark';
import { addressBits, AF_INET, AF_INET6, AF_UNSPEC, anyAddress, maskedAddress, type Family } from '../../parse/address';
import { parseDecimal } from '../../parse/number';
import { IPPROTO, protocolName, protocolNumber } from '../../parse/protocol';
import { formatIp } from '../../render/address';
import { CommandError, invalid, refused } from '../errors';
import { free, key, required, verb, type Call, type ObjectSpec, type Parse, type Values } from '../grammar';
import { ifname, numberIn, prefix, U32_MAX, type Prefix } from '../values';

const MAX_PORT = 65535;
const WITH_PORTS: readonly number[] = [0, IPPROTO.tcp, IPPROTO.udp, IPPROTO.sctp];

interface Ports {
  readonly min: number;
  readonly max: number;
}

const ANY_PORT: Ports = { min: 0, max: 0 };

const proto: Parse<number> = (text) => {
  const number = protocolNumber(text);
  if (number === null) throw invalid(`invalid protocol '${text}': ${Object.keys(IPPROTO).join(', ')}`);
  return number;
};

const ports: Parse<Ports> = (text) => {
  const [first = '', last = first, ...more] = text.split('-');
  const min = parseDecimal(first, 1, MAX_PORT);
  const max = parseDecimal(last, 1, MAX_PORT);
  if (min === null || max === null || max < min || more.length > 0) throw invalid(`invalid ports '${text}': N or N-M, from 1 to ${MAX_PORT}`);
  return { min, max };
};

const RULE_ARGS = {
  mark: required(free('MARK', numberIn('mark', 1, U32_MAX)), 'missing mark'),
  proto: key('PROTO', proto),
  from: key('PREFIX', prefix),
  to: key('PREFIX', prefix),
  sport: key('N[-M]', ports),
  dport: key('N[-M]', ports),
  iif: key('IF', ifname),
};

type RuleValues = Values<typeof RULE_ARGS>;

function familyOf({ from, to }: RuleValues, wanted: number): Family {
  if (from !== undefined && to !== undefined && from.af !== to.af) throw refused('from and to are of different families');
  const given = (from ?? to)?.af;
  return given ?? (wanted === AF_INET6 ? AF_INET6 : AF_INET);
}

function endOf(af: Family, at: Prefix | undefined, { min, max }: Ports = ANY_PORT): MarkRule['src'] {
  const plen = at === undefined ? 0 : (at.plen ?? addressBits(af));
  const addr = maskedAddress(af, (at ?? anyAddress(af)).bytes, plen);
  return { addr, plen, port_min: min, port_max: max };
}

function ruleOf(values: RuleValues, { options }: Call): MarkRule {
  const { mark, proto: number = 0, from, to, sport, dport, iif = '' } = values;
  const af = familyOf(values, options.family);
  if ((sport ?? dport) !== undefined && !WITH_PORTS.includes(number)) throw refused(`${protocolName(number) ?? ''} has no ports`);
  return { mark, af, proto: number, src: endOf(af, from, sport), dst: endOf(af, to, dport), iifname: iif };
}

function portsText(word: string, { port_min, port_max }: MarkRule['src']): string[] {
  if (port_max === 0) return [];
  return [word, port_min === port_max ? String(port_max) : `${port_min}-${port_max}`];
}

/** The arguments of "mark add" that make this rule. */
export function renderMark(rule: MarkRule): string {
  const { mark, af, src, dst, iifname } = rule;
  const place = (word: string, end: MarkRule['src']): string[] => [word, `${formatIp(af, end.addr)}/${end.plen}`];
  // Without an address a rule would be taken for one of IPv4.
  const to = dst.plen > 0 || (af === AF_INET6 && src.plen === 0);
  return [
    String(mark),
    ...(rule.proto === 0 ? [] : ['proto', protocolName(rule.proto) ?? String(rule.proto)]),
    ...(src.plen > 0 ? place('from', src) : []),
    ...(to ? place('to', dst) : []),
    ...portsText('sport', src),
    ...portsText('dport', dst),
    ...(iifname === '' ? [] : ['iif', iifname]),
  ].join(' ');
}

/** The codes of the daemon as what is wrong and where to look. */
function explained(error: unknown, action: 'add' | 'del', { iifname }: MarkRule): unknown {
  if (!(error instanceof DaemonError)) return error;
  switch (error.code) {
    case EDPVS.EDPVS_EXIST:
      return new CommandError('there is a rule for these packets already: see mark show, and delete it first');
    case EDPVS.EDPVS_NOTEXIST:
      return new CommandError(action === 'add' ? `there is no device ${iifname}: see link show` : 'there is no such rule: see mark show');
    case EDPVS.EDPVS_RESOURCE:
      return new CommandError(`there are ${ext.DS_MARK_RULES_MAX} rules, and no more are possible: delete some`);
    default:
      return error;
  }
}

function change(action: 'add' | 'del'): (values: RuleValues, call: Call) => number {
  return (values, call) => {
    const rule = ruleOf(values, call);
    const transport = call.io.transport();
    requireMessage(capabilities(transport), MSG.DS_MSG_MARK, `mark ${action}`);
    try {
      changeMark(transport, action, rule);
    } catch (error) {
      throw explained(error, action, rule);
    }
    return 0;
  };
}

export const mark: ObjectSpec = {
  name: 'mark',
  summary: 'marks of packets, for services of a mark (ipvsadm -f)',
  verbs: {
    show: verb({
      args: {},
      options: '[-4|-6]',
      run: (_values, { options, io, list }) => {
        const transport = io.transport();
        requireMessage(capabilities(transport), MSG.DS_MSG_MARK_LIST, 'mark show');
        for (const rule of listMarks(transport)) {
          if (options.family === AF_UNSPEC || rule.af === options.family) list.record('mark', rule, () => `${renderMark(rule)}\n`);
        }
        return 0;
      },
    }),
    add: verb({ args: RULE_ARGS, options: '[-4|-6]', run: change('add') }),
    del: verb({ args: RULE_ARGS, options: '[-4|-6]', run: change('del') }),
    flush: verb({
      args: {},
      run: (_values, { io }) => {
        const transport = io.transport();
        requireMessage(capabilities(transport), MSG.DS_MSG_MARK, 'mark flush');
        flushMarks(transport);
        return 0;
      },
    }),
  },
  notes: [
    'MARK          1 to 4294967295; packets that no rule is for have no mark',
    'PROTO         tcp, udp, sctp, icmp or icmpv6; any without it',
    'PREFIX        ADDR[/PLEN]; rules without any are for IPv4, with -6 for IPv6',
    'iif           device that packets come in at',
    '              the first rule that is for a packet counts; new rules go behind all others',
    '              the daemon forgets rules when it ends; what show prints are arguments of add:',
    '              dpip mark show > FILE; while read -r rule; do dpip mark add $rule; done < FILE',
  ],
};
