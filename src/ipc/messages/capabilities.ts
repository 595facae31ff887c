// SPDX-License-Identifier: Apache-2.0
// What the daemon at the other end can do. Extension messages are sent only after it said that it has them.
import type { Transport } from '../client';
import { ext, MSG } from '../codec';
import { IpcError } from '../errors';
import { hello, type Hello, type Limits } from './hello';
import { getInfo } from './info';

export { ext, MSG } from '../codec';
export type { Hello, HelloLcore, Limits } from './hello';

/** The daemon does not serve a message that is needed; the text names both versions. */
export class UnsupportedError extends IpcError {
  override readonly name = 'UnsupportedError';

  constructor(
    /** Id of the message (MSG). */
    readonly id: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Capabilities {
  /** null: a daemon without extensions. */
  readonly hello: Hello | null;
  /** True when the daemon said that it serves the extension message `id`. Ids of old count as served. */
  serves(id: number): boolean;
  /** null when the daemon does not tell. */
  readonly limits: Limits | null;
  /** Name and version for people, e.g. "dpvs v1.10.2" or "dpvs-suite 0.1.0". @throws as Transport.request */
  daemon(): string;
}

const known = new WeakMap<Transport, Capabilities>();

function isExtension(id: number): boolean {
  return id >= ext.DS_MSG_FIRST && id <= ext.DS_MSG_LAST;
}

function describeDaemon(transport: Transport, answer: Hello | null): string {
  if (answer !== null) return `dpvs-suite ${answer.version.replace(/\p{Cc}/gu, '?')}`;
  const { major, minor, patch } = getInfo(transport).version;
  return `dpvs v${major}.${minor}.${patch}`;
}

/**
 * What the daemon can do; it is asked once for each transport (HELLO).
 * @throws as Transport.request, except that a daemon may not know the question
 */
export function capabilities(transport: Transport): Capabilities {
  const remembered = known.get(transport);
  if (remembered !== undefined) return remembered;
  const answer = hello(transport);
  const made: Capabilities = {
    hello: answer,
    serves: (id) => !isExtension(id) || (answer?.ids.has(id) ?? false),
    limits: answer?.limits ?? null,
    daemon: () => describeDaemon(transport, answer),
  };
  known.set(transport, made);
  return made;
}

/** Forgets what a daemon said, for whoever keeps a transport while daemons come and go. */
export function forgetCapabilities(transport: Transport): void {
  known.delete(transport);
}

/** What each extension is called, for people. All came with the same version. */
const NAMES: Readonly<Record<number, string>> = {
  [MSG.DS_MSG_HELLO]: 'extensions',
  [MSG.DS_MSG_DROPS]: 'drop counters',
  [MSG.DS_MSG_BATCH]: 'batches',
  [MSG.DS_MSG_LIST_SERVICES]: 'filtered lists of services',
  [MSG.DS_MSG_LIST_CONNS]: 'filtered lists of connections',
  [MSG.DS_MSG_STATS]: 'shared statistics',
  [MSG.DS_MSG_ACL]: 'networks in access lists',
  [MSG.DS_MSG_TIMEOUTS]: 'timeouts that can be set',
  [MSG.DS_MSG_MARK]: 'rules that mark packets',
  [MSG.DS_MSG_MARK_LIST]: 'rules that mark packets',
  [MSG.DS_MSG_LCORE_LOAD]: 'the load of lcores',
  [MSG.DS_MSG_LINK_MTU]: 'an MTU that can be set',
};
const SINCE = '0.1.0';

/**
 * Makes sure that the daemon serves a message.
 * @param id extension message (MSG.DS_MSG_*)
 * @param what needs it, as its user wrote it, e.g. "--atomic"
 * @throws UnsupportedError
 */
export function requireMessage(caps: Capabilities, id: number, what: string): void {
  if (caps.serves(id)) return;
  const need = NAMES[id] ?? `message ${id}`;
  throw new UnsupportedError(
    id,
    `${what} needs a daemon with ${need}; this one is ${caps.daemon()}, dpvs-suite ${SINCE} and later have them`,
  );
}

const FEATURES: Readonly<Record<number, string>> = { [ext.DS_FEATURE_CONN_LIMIT]: 'limits of connections' };

/**
 * Makes sure that the daemon has a feature that no message of its own stands for.
 * @param bit ext.DS_FEATURE_*
 * @param what needs it, as its user wrote it
 * @throws UnsupportedError
 */
export function requireFeature(caps: Capabilities, bit: number, what: string): void {
  if (((caps.hello?.features ?? 0n) & BigInt(bit)) !== 0n) return;
  const need = FEATURES[bit] ?? `feature ${bit}`;
  throw new UnsupportedError(
    MSG.DS_MSG_HELLO,
    `${what} needs a daemon with ${need}; this one is ${caps.daemon()}, dpvs-suite ${SINCE} and later have them`,
  );
}
