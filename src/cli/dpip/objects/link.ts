// SPDX-License-Identifier: Apache-2.0
import { IpcError, type Transport } from '../../../ipc/client';
import {
  getBond,
  getLink,
  getLinkExtra,
  getLinkStats,
  getLinkXstats,
  listLinks,
  type LinkId,
} from '../../../ipc/messages/link';
import { getLcore, getLcoreStats, listLcores } from '../../../ipc/messages/lcore';
import { CommandError, invalid } from '../errors';
import { missingValue, rest, unknownArgument, verb, type Call, type ObjectSpec, type Outcome } from '../grammar';
import { renderCpu, renderCpuRates, renderCpuStats } from '../link/cpu';
import { watch, type Watched } from '../link/interval';
import { renderBond, renderNic, renderNicExtra, renderNicRates, renderNicStats, renderQueueStats, renderXstats } from '../link/nic';
import { filterOf, isFilter } from '../link/filter';
import { applyItem, checkItem, itemHelp, nicName } from '../link/set';
import { failureText } from '../failure';
import type { LcoreRole, NicRecord } from '../listing';
import type { Options } from '../options';

/** Which lcores a name means: cpu or cpuN; null when it is the name of a device. */
function cpuOf(name: string): 'all' | number | null {
  if (!name.startsWith('cpu')) return null;
  if (name === 'cpu') return 'all';
  const digits = name.slice(3);
  if (!/^\d+$/.test(digits)) throw new CommandError('invalid parameter', { detail: [`invalid cpu '${name}'`], help: true });
  // Lcore ids have 8 bits in the request.
  if (Number(digits) > 255) throw invalid(`invalid cpu '${name}': 0 to 255`);
  return Number(digits);
}

/** "dev" may stand before a name, as in other tools. */
function withoutFiller(words: readonly string[]): readonly string[] {
  return words[0] === 'dev' && words.length > 1 ? words.slice(1) : words;
}

interface Target {
  /** Empty: all devices. */
  readonly name: string;
  readonly status: boolean;
  readonly queues: boolean;
}

function targetOf(words: readonly string[]): Target {
  const [name = '', ...others] = withoutFiller(words);
  const stray = others.find((word) => !word.startsWith('status') && word !== 'queues');
  if (stray !== undefined) throw unknownArgument(stray);
  const queues = others.includes('queues');
  return { name: name === '' ? '' : nicName(name), status: others.some((word) => word !== 'queues'), queues };
}

function repeats({ options, list }: Call): boolean {
  if (options.stats && options.interval > 0 && !list.isText) throw invalid('-i repeats text only: leave it out, or leave out the other form');
  return options.stats && options.interval > 0;
}

function nicWatched(name: string, { io }: Call): Watched<ReturnType<typeof getLinkStats>> {
  return {
    head: () => renderNic(getLink(io.transport(), name)),
    sample: () => getLinkStats(io.transport(), name),
    render: renderNicRates,
  };
}

/** Everything of one device but its rates. */
function showNic({ name, status, queues }: Target, { options, io, list }: Call): void {
  const transport = io.transport();
  if (!list.isText) {
    list.record('link', nicRecord(transport, name, status, options), () => '');
    return;
  }
  const nic = getLink(transport, name);
  io.stdout.write(renderNic(nic));
  if (options.stats) {
    const stats = getLinkStats(transport, name);
    io.stdout.write(renderNicStats(stats, options.human));
    if (queues) io.stdout.write(renderQueueStats(stats, Math.max(nic.nrxq, nic.ntxq), options.human));
  }
  showNicDetails(name, status, { options, io });
}

/** The same as data. */
function nicRecord(transport: Transport, name: string, status: boolean, options: Options): NicRecord {
  return {
    basic: getLink(transport, name),
    ...(options.stats ? { stats: getLinkStats(transport, name) } : {}),
    ...(wantsXstats(options) ? { xstats: getLinkXstats(transport, name) } : {}),
    ...(options.verbose ? { extra: getLinkExtra(transport, name) } : {}),
    ...(status ? { bond: getBond(transport, name) } : {}),
  };
}

function wantsXstats(options: Options): boolean {
  return options.xstats || (options.stats && options.verbose);
}

function showNicDetails(name: string, status: boolean, { options, io }: Pick<Call, 'options' | 'io'>): void {
  const transport = io.transport();
  if (wantsXstats(options)) io.stdout.write(renderXstats(getLinkXstats(transport, name)));
  if (options.verbose) io.stdout.write(renderNicExtra(getLinkExtra(transport, name)));
  if (status) io.stdout.write(renderBond(getBond(transport, name)));
}

async function watchNics(names: readonly string[], status: boolean, call: Call): Promise<Outcome> {
  await watch(names.map((name) => nicWatched(name, call)), call);
  if (call.options.count !== undefined) {
    for (const name of names) showNicDetails(name, status, call);
  }
  return 0;
}

function deviceList({ io }: Call): LinkId[] {
  try {
    return listLinks(io.transport());
  } catch (error) {
    if (error instanceof IpcError) io.stderr.write(`Fail to get configured NIC list: ${failureText(error)}.\n`);
    throw error;
  }
}

/** A device that fails does not keep the others from being shown. */
function showAllNics(call: Call, isWanted: (name: string) => boolean = () => true): Outcome {
  let failed = false;
  for (const { name } of deviceList(call)) {
    if (!isWanted(name)) continue;
    try {
      showNic({ name, status: false, queues: false }, call);
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      call.io.stderr.write(`Fail to get information for ${name}: ${failureText(error)}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

function cpuWatched(id: number, { io }: Call): Watched<ReturnType<typeof getLcoreStats>> {
  return {
    head: () => renderCpu(id, getLcore(io.transport(), id)),
    sample: () => getLcoreStats(io.transport(), id),
    render: renderCpuRates,
  };
}

function showCpu(id: number, role: LcoreRole | null, { options, io, list }: Call): void {
  if (!list.isText) {
    const basic = getLcore(io.transport(), id);
    list.record('cpu', { id, role, basic, ...(options.stats ? { stats: getLcoreStats(io.transport(), id) } : {}) }, () => '');
    return;
  }
  io.stdout.write(renderCpu(id, getLcore(io.transport(), id)));
  if (options.stats) io.stdout.write(renderCpuStats(getLcoreStats(io.transport(), id), options.human));
}

interface CpuGroup {
  readonly title: string;
  readonly members: readonly { readonly id: number; readonly role: LcoreRole }[];
}

/** What errors call them. */
const ROLE_WORDS: Readonly<Record<LcoreRole, string>> = { master: 'Master ', kni: 'KNI ', worker: '', isolated: '' };

function cpuGroups({ io }: Call): CpuGroup[] {
  const lcores = listLcores(io.transport());
  const plain = (ids: readonly number[], role: LcoreRole): CpuGroup['members'] => ids.map((id) => ({ id, role }));
  const control: { id: number; role: LcoreRole }[] = [{ id: lcores.master, role: 'master' }];
  if (lcores.kni !== 0) control.push({ id: lcores.kni, role: 'kni' });
  const groups = [
    { title: '<< Controll Plane >>', members: control },
    { title: '<< Data Plane >>', members: plain(lcores.workers, 'worker') },
  ];
  if (lcores.isolated.length > 0) groups.push({ title: '<< Isolate RX Lcores >>', members: plain(lcores.isolated, 'isolated') });
  return groups;
}

function showAllCpus(groups: readonly CpuGroup[], call: Call): Outcome {
  let failed = false;
  for (const { title, members } of groups) {
    if (call.list.isText) call.io.stdout.write(`${title}\n`);
    for (const { id, role } of members) {
      try {
        showCpu(id, role, call);
      } catch (error) {
        if (!(error instanceof IpcError)) throw error;
        call.io.stderr.write(`Fail to get information for ${ROLE_WORDS[role]}cpu${id}: ${failureText(error)}\n`);
        failed = true;
      }
    }
  }
  return failed ? 1 : 0;
}

function showCpus(which: 'all' | number, call: Call): Outcome | Promise<Outcome> {
  if (!repeats(call)) {
    if (which === 'all') return showAllCpus(cpuGroups(call), call);
    showCpu(which, null, call);
    return 0;
  }
  const ids = which === 'all' ? cpuGroups(call).flatMap(({ members }) => members.map(({ id }) => id)) : [which];
  return watch(
    ids.map((id) => cpuWatched(id, call)),
    call,
  ).then(() => 0);
}

function show(words: readonly string[], call: Call): Outcome | Promise<Outcome> {
  const { count, interval } = call.options;
  if (count !== undefined && interval === 0) {
    throw new CommandError('invalid parameter', { detail: ['miss statistics display interval'], help: true });
  }
  if (isFilter(words)) {
    const test = filterOf(words);
    if (repeats(call)) throw invalid('rates are of one device, or of all');
    return showAllNics(call, (one) => test(one, call.io.transport()));
  }
  const target = targetOf(words);
  const { name, status, queues } = target;
  if (queues && (!call.options.stats || repeats(call))) throw invalid(call.options.stats ? 'rates are of whole devices: leave out queues' : 'counters of queues are shown with -s');
  const cpu = cpuOf(name);
  if (cpu !== null) return showCpus(cpu, call);
  if (!repeats(call)) {
    if (name === '') return showAllNics(call);
    showNic(target, call);
    return 0;
  }
  const names = name === '' ? deviceList(call).map((device) => device.name) : [name];
  return watchNics(names, status, call);
}

function change(action: 'set' | 'add' | 'del', words: readonly string[], { io }: Call): Outcome {
  const [nic = '', item = '', value, stray] = withoutFiller(words);
  if (nic === '') throw missingValue('link', { help: true });
  if (cpuOf(nic) !== null) throw invalid(`${nic} is a cpu, nothing of it can be changed`);
  checkItem(action, item);
  if (value === undefined) throw missingValue(item, { help: true });
  if (stray !== undefined) throw unknownArgument(stray);
  applyItem(() => io.transport(), action, nicName(nic), item, value);
  return 0;
}

export const link: ObjectSpec = {
  name: 'link',
  summary: 'devices and lcores: state, statistics, switches',
  interval: true,
  verbs: {
    show: verb({
      args: { words: rest('[NIC [status] [queues] | cpu | cpuN | {up|down} | type {vlan|tunnel|bond}]') },
      options: '[-v] [-x] [-s [-i SEC [-c N]] [-C]]',
      run: ({ words }, call) => show(words, call),
    }),
    set: verb({ args: { words: rest('NIC ITEM VALUE') }, run: ({ words }, call) => change('set', words, call) }),
    add: verb({ args: { words: rest('BOND bond-slave NIC') }, run: ({ words }, call) => change('add', words, call) }),
    del: verb({ args: { words: rest('BOND bond-slave NIC') }, run: ({ words }, call) => change('del', words, call) }),
  },
  notes: () => [
    'status        of a bonding device',
    'queues        with -s: the counters of each queue',
    'up, down, type  only such devices',
    'cpu, cpuN     all lcores, or one',
    '-v            limits of the driver, queues, multicast addresses; with -s the counters of the driver as well',
    '-i SEC        with -s: rates every SEC seconds, for ever or -c N times; -C colours them',
    'ITEM          VALUE',
    ...itemHelp().map((line) => `  ${line}`),
  ],
};
