// SPDX-License-Identifier: Apache-2.0
// Many changes in as few messages as possible, each on its own merits and with the words that it would have on its own.
import { DaemonError, IpcError, type Transport } from '../../../ipc/client';
import { BatchInterruptedError, BatchRecorder, BATCH_SKIPPED, type BatchItem } from '../../../ipc/messages/batch';
import { sendInBatches } from '../../../ipc/messages/batch-split';
import { capabilities, MSG } from '../../../ipc/messages/capabilities';
import { make, refused, requireFor, waitsForService, warnWithoutService, type Change } from '../change';
import { daemonError } from '../config/together';
import { addToDevice, changeDevice, deleteFromDevice, tellDevice } from '../device';
import { CommandError } from '../../runtime/errors';
import { isExisting } from '../failure';
import { addressId, serviceId } from '../identity';
import type { Open, Session } from '../session';
import { errorAt, sessionFor, type Source } from './source';

/** A change that waits to be sent, or a mistake that waits to be told. */
interface Entry {
  readonly source: Source;
  readonly what: Change | CommandError;
}

/** An entry with its place in a batch. */
interface Sent extends Entry {
  /** Why it was not even sent. */
  readonly unsent: IpcError | null;
  /** Index of the item that gives a local address to its device. */
  readonly device: number | null;
  /** Index of the item that is the change; of the one before for what is not sent. */
  readonly item: number;
}

/** Changes that are held back: more would take memory, and keep the daemon from answering others for longer. */
const MAX_WAITING = 4_096;

export class RuleRunner {
  /** Exit status of the first change that failed. */
  status = 0;
  #waiting: Entry[] = [];
  readonly #open: Open;
  readonly #json: boolean;
  /** Services that are known to exist, so that nobody has to ask for them. */
  readonly #services = new Set<string>();

  constructor(open: Open, json: boolean) {
    this.#open = open;
    this.#json = json;
  }

  note(status: number): void {
    if (this.status === 0) this.status = status;
  }

  add(source: Source, change: Change): void {
    this.#waiting.push({ source, what: change });
    if (this.#waiting.length >= MAX_WAITING) this.flush();
  }

  /** Tells of a mistake in the input after what is said of the changes before it. */
  complain(source: Source, error: CommandError): void {
    this.#waiting.push({ source, what: error });
    if (this.#waiting.length >= MAX_WAITING) this.flush();
  }

  /** Makes the changes that wait. @throws CommandError when the daemon is gone */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; ) at += this.#send(at === 0 ? waiting : waiting.slice(at));
  }

  #session(source: Source): Session {
    try {
      return this.#open();
    } catch (error) {
      throw errorAt(error, source);
    }
  }

  /** @returns how many were dealt with, at least one */
  #send(entries: readonly Entry[]): number {
    const [first] = entries;
    if (first === undefined) return 0;
    const { transport } = this.#session(first.source);
    return entries.length > 1 && hasBatches(transport) ? this.#sendTogether(entries) : this.#sendSingly(entries);
  }

  #sendSingly(entries: readonly Entry[]): number {
    for (const { source, what } of entries) {
      const session = this.#about(source);
      if (what instanceof CommandError) this.#tell(session, source, what);
      else this.#settle(session, source, make(session, what));
    }
    return entries.length;
  }

  #about(source: Source): Session {
    return sessionFor(this.#session(source), source, this.#json);
  }

  #tell(session: Session, source: Source, error: CommandError): void {
    session.stderr.write(`${error.message}\n`);
    this.#settle(session, source, error.exitCode);
  }

  #settle(session: Session, { text }: Source, status: number): void {
    if (status === 0) return;
    this.note(status);
    if (!this.#json) session.stderr.write(`${text}\n`);
  }

  #sendTogether(entries: readonly Entry[]): number {
    const [first] = entries;
    if (first === undefined) return 0;
    const { transport } = this.#session(first.source);
    const recorder = new BatchRecorder();
    const sent = entries.map((entry) => record(recorder, transport, entry));
    const { codes, broken } = send(transport, recorder.items);
    // Where it broke, the answered ones and the one in question are dealt with here.
    const count = broken === null ? sent.length : sent.findIndex(({ item }) => item >= codes.length);
    const used = new Set<string>();
    for (const { what, item } of sent) if ('device' in what && what.device !== undefined && codes[item] === 0) used.add(addressId(what.device));
    for (const each of sent.slice(0, count)) this.#finish(each, recorder.items, codes, used);
    const next = entries[count];
    if (broken === null || next === undefined) return count;
    // The daemon refused the batch as a whole: then it has done nothing of it.
    if (broken instanceof DaemonError) return count + this.#sendSingly(entries.slice(count));
    const session = sessionFor(this.#open(), next.source, this.#json);
    if (!(next.what instanceof CommandError)) this.#settle(session, next.source, refused(session, next.what, broken));
    return count + 1;
  }

  /** Tells what became of an entry. @param used local addresses that services got */
  #finish(sent: Sent, items: readonly BatchItem[], codes: Int32Array, used: ReadonlySet<string>): void {
    const { source, what, unsent, device, item } = sent;
    if (what instanceof CommandError) {
      this.#tell(this.#about(source), source, what);
      return;
    }
    const error = unsent ?? (codes[item] === 0 ? null : daemonError(items[item], codes[item] ?? BATCH_SKIPPED));
    const deviceError = device === null || codes[device] === 0 ? null : daemonError(items[device], codes[device] ?? BATCH_SKIPPED);
    this.#learn(what, error);
    const waits = error === null && waitsForService(what) && !this.#services.has(serviceId(what.service));
    if (what.warning === undefined && error === null && deviceError === null && !waits) return;

    const session = this.#about(source);
    if (what.warning !== undefined) session.stderr.write(what.warning);
    if (deviceError !== null) tellDevice(session, deviceError);
    if (waits) {
      warnWithoutService(session, what.service);
      this.#services.add(serviceId(what.service));
    }
    if (error === null) return;
    const status = refused(session, what, error);
    this.#settle(session, source, status);
    const stray = what.device !== undefined && deviceError === null && !used.has(addressId(what.device));
    if (stray && what.device !== undefined) changeDevice(session, deleteFromDevice, what.device);
  }

  #learn({ action, service }: Change, error: IpcError | null): void {
    if (action === 'flush' && error === null) this.#services.clear();
    if (service === undefined) return;
    if (action === 'add-service' && (error === null || isExisting(error))) this.#services.add(serviceId(service));
    if (action === 'delete-service' && error === null) this.#services.delete(serviceId(service));
  }
}

/** True when the daemon takes many changes in one message. @throws as Transport.request */
export function hasBatches(transport: Transport): boolean {
  return capabilities(transport).serves(MSG.DS_MSG_BATCH);
}

function record(recorder: BatchRecorder, transport: Transport, { source, what }: Entry): Sent {
  const last = (): number => recorder.items.length - 1;
  if (what instanceof CommandError) return { source, what, unsent: null, device: null, item: last() };
  try {
    requireFor(transport, what);
  } catch (unsent) {
    if (!(unsent instanceof IpcError)) throw unsent;
    return { source, what, unsent, device: null, item: last() };
  }
  if (what.device !== undefined) addToDevice(recorder, what.device);
  const device = what.device === undefined ? null : last();
  what.request(recorder);
  return { source, what, unsent: null, device, item: last() };
}

/** @returns codes of all items, or of those before it went wrong */
function send(transport: Transport, items: readonly BatchItem[]): { codes: Int32Array; broken: IpcError | null } {
  try {
    return { codes: sendInBatches(transport, items).codes, broken: null };
  } catch (error) {
    if (error instanceof BatchInterruptedError) return { codes: error.codes, broken: error.cause };
    if (error instanceof IpcError) return { codes: new Int32Array(), broken: error };
    throw error;
  }
}
