// SPDX-License-Identifier: Apache-2.0
// Members of a set from a file, one a line: ENTRY [nomatch] [comment TEXT]. Many in one message where the daemon takes that.
import type { Transport } from '../../../ipc/client';
import { sendInBatches } from '../../../ipc/messages/batch-split';
import { errorTexts } from '../../../ipc/messages/failures';
import { ipsetItem, type IpsetSpec } from '../../../ipc/messages/ipset';
import type { Io } from '../../runtime';
import { splitLine, textOf } from '../batch';
import { CommandError, InvocationError, invalid } from '../errors';
import { parseEntry } from './entry';
import type { SetType } from './types';

interface Member {
  readonly line: number;
  readonly text: string;
  readonly spec: IpsetSpec;
}

export interface FileOfMembers {
  readonly file: string;
  readonly set: string;
  readonly type: SetType;
  /** Checks the text of a comment. */
  readonly comment: (text: string) => string;
}

function where({ file }: FileOfMembers, line: number): string {
  return `${file === '-' ? 'standard input' : file}, line ${line}`;
}

function memberOf(words: readonly string[], { set, type, comment }: FileOfMembers): IpsetSpec {
  const [entry = '', ...more] = words;
  const spec = parseEntry(entry, type);
  let nomatch = 0;
  let text = '';
  for (let i = 0; i < more.length; i += 1) {
    const word = more[i];
    if (word === 'nomatch') nomatch = 1;
    else if (word === 'comment' && i + 1 < more.length) text = comment(more[(i += 1)] ?? '');
    else throw invalid(`unknown argument '${word ?? ''}'`);
  }
  return { ...spec, name: set, comment: text, option: { ...spec.option, add: { nomatch } } };
}

/** @throws CommandError that names the line */
function membersOf(source: FileOfMembers, io: Io): Member[] {
  const members: Member[] = [];
  for (const [i, text] of textOf(source.file, io).split('\n').entries()) {
    try {
      const words = splitLine(text);
      if (words.length > 0) members.push({ line: i + 1, text: text.trim(), spec: memberOf(words, source) });
    } catch (error) {
      if (error instanceof InvocationError) throw invalid([`${where(source, i + 1)}: ${error.message}`, 'nothing was changed']);
      if (!(error instanceof CommandError)) throw error;
      throw new CommandError(error.text, { ...error.options, detail: [...(error.options.detail ?? []), `${where(source, i + 1)}; nothing was changed`] });
    }
  }
  return members;
}

function send(transport: Transport, action: 'add' | 'del', members: readonly Member[], force: boolean): Int32Array {
  const items = members.map(({ spec }) => ipsetItem(action, spec, force));
  return sendInBatches(transport, items, { stop: true }).codes;
}

/**
 * Adds or removes what a file says: all of it, or nothing. With force, which says that what is there or missing does not matter, what
 * succeeded before a failure stays.
 * @throws CommandError, DaemonError
 */
export function changeFromFile(transport: Transport, io: Io, action: 'add' | 'del', source: FileOfMembers, force: boolean): void {
  const members = membersOf(source, io);
  const codes = send(transport, action, members, force);
  const failed = codes.findIndex((code) => code < 0);
  const culprit = members[failed];
  if (culprit === undefined) return;
  if (!force) send(transport, action === 'add' ? 'del' : 'add', members.slice(0, failed).reverse(), true);
  const rest = force ? `the ${failed} lines before it took effect` : 'nothing was changed';
  throw new CommandError(errorTexts[codes[failed] ?? 0] ?? '<unknow>', { detail: [`${where(source, culprit.line)}: ${culprit.text}; ${rest}`] });
}
