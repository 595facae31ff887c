// SPDX-License-Identifier: Apache-2.0
// What users read when the daemon refuses a request or cannot be reached.
import { ConnectError, DaemonError, type IpcError } from '../../ipc/client';
import { EDPVS } from '../../ipc/messages/failures';
import { libraryLine } from '../runtime/library-line';
import { EXIT_LIST } from './errors';

/** What was asked for; the same code means different things for different requests. */
export type Action =
  | 'add-service' | 'edit-service' | 'delete-service' | 'zero' | 'flush' | 'get-service' | 'get-services' | 'get-dests'
  | 'add-dest' | 'edit-dest' | 'delete-dest' | 'add-laddr' | 'delete-laddr' | 'get-laddrs' | 'add-address'
  | 'delete-address' | 'add-deny' | 'delete-deny' | 'get-deny' | 'add-allow' | 'delete-allow' | 'get-allow' | 'get-conns'
  | 'flush-laddrs' | 'flush-deny' | 'flush-allow' | 'replace-dest' | 'get-timeouts' | 'set-timeouts'; // prettier-ignore

const { EDPVS_INVAL, EDPVS_EXIST, EDPVS_NOTEXIST, EDPVS_NOTSUPP, EDPVS_NOSERV, EDPVS_MSG_FAIL } = EDPVS;

type Sentences = Readonly<Record<number, string>>;

const MISSING_SERVICE: Sentences = { [EDPVS_MSG_FAIL]: 'No such service', [EDPVS_NOTEXIST]: 'No such service' };
const UNDEFINED_SERVICE: Sentences = { [EDPVS_INVAL]: 'Service not defined' };

/** One code for all of these: DPVS refuses thresholds with it, dpvs forwarding modes and mixed families as well. */
const REFUSED_DEST = 'The forwarding mode is not supported for these addresses, or the lower threshold is above the upper one';

/** The classic sentences, by what daemons really send. */
const SENTENCES: Readonly<Partial<Record<Action, Sentences>>> = {
  'add-service': { [EDPVS_EXIST]: 'Service already exists', [EDPVS_NOTEXIST]: 'Scheduler or persistence engine not found' },
  'edit-service': {
    [EDPVS_INVAL]: 'No such service',
    [EDPVS_MSG_FAIL]: 'No such service',
    [EDPVS_NOTEXIST]: 'Scheduler or persistence engine not found',
  },
  'delete-service': { ...MISSING_SERVICE, [EDPVS_INVAL]: 'No such service' },
  zero: { ...MISSING_SERVICE, [EDPVS_INVAL]: 'No such service' },
  'get-service': MISSING_SERVICE,
  'get-dests': MISSING_SERVICE,
  'add-dest': {
    ...UNDEFINED_SERVICE,
    [EDPVS_EXIST]: 'Destination already exists',
    [EDPVS_NOTSUPP]: REFUSED_DEST,
  },
  'edit-dest': {
    ...UNDEFINED_SERVICE,
    [EDPVS_NOTEXIST]: 'No such destination',
    [EDPVS_NOTSUPP]: REFUSED_DEST,
  },
  'delete-dest': { ...UNDEFINED_SERVICE, [EDPVS_NOTEXIST]: 'No such destination' },
  'add-laddr': {
    [EDPVS_NOSERV]: 'Service not defined',
    [EDPVS_EXIST]: 'Local address already exists',
    [EDPVS_NOTEXIST]: 'No such interface',
  },
  'delete-laddr': { [EDPVS_NOSERV]: 'Service not defined', [EDPVS_NOTEXIST]: 'No such Local address' },
  'flush-laddrs': { [EDPVS_NOSERV]: 'Service not defined' },
  'get-laddrs': { ...MISSING_SERVICE, [EDPVS_NOSERV]: 'No such service' },
  'add-deny': { [EDPVS_EXIST]: 'blacklist address already exists', [EDPVS_INVAL]: 'No such ipset' },
  'add-allow': { [EDPVS_EXIST]: 'whitelist address already exists', [EDPVS_INVAL]: 'No such ipset' },
  'delete-deny': { [EDPVS_NOTEXIST]: 'No such deny address' },
  'delete-allow': { [EDPVS_NOTEXIST]: 'No such deny address' },
};

/** What an error means. */
export function sentence(action: Action, error: IpcError): string {
  if (error instanceof DaemonError) return SENTENCES[action]?.[error.code] ?? error.text;
  if (error instanceof ConnectError) return connectReason(error);
  return error.message;
}

/** The text of errno, or the classic one when the user may not connect. */
export function connectReason(error: ConnectError): string {
  const denied = error.errno === 'EACCES' || error.errno === 'EPERM';
  return denied ? 'Permission denied (you must be root)' : error.errnoText;
}

/** What users read: the line that scripts look for, then what it means. */
export function failureText(action: Action, error: IpcError): string {
  const line = libraryLine(error);
  return `${line === null ? '' : `${line}\n`}${sentence(action, error)}\n`;
}

/** In one line, for messages that name what they are about themselves. */
export function briefText(error: IpcError): string {
  return error instanceof DaemonError ? `${error.text}(${error.code})` : error.message;
}

/** Exit status of a refused change: the low byte of the daemon's code; never success. */
export function changeStatus(error: IpcError): number {
  return error instanceof DaemonError ? error.code & 0xff || EXIT_LIST : EXIT_LIST;
}

/** True when the daemon answers requests for a service in a way that means that there is none. */
export function isMissing(error: unknown): boolean {
  return error instanceof DaemonError && (error.code === EDPVS_MSG_FAIL || error.code === EDPVS_NOTEXIST);
}

/** True when what was to be made is there already. */
export function isExisting(error: unknown): boolean {
  return error instanceof DaemonError && error.code === EDPVS_EXIST;
}
