// SPDX-License-Identifier: Apache-2.0
// Messages that say which part of the input they are about.
import { CommandError } from '../../runtime/errors';
import type { Output } from '../../runtime/io';
import { failureText } from '../failure';
import { requestError, writeError } from '../json/error';
import { writeDocument } from '../../runtime/document';
import type { Session } from '../session';
import { lineName, shownLine, type RuleLine } from './input';

/** A part of the input: a line of rules, or a member of a JSON document. */
export interface Source {
  /** line 7, or services[3].servers[0]. */
  readonly where: string;
  /** The rule, for people who do not want to look for it. */
  readonly text: string;
}

/** A line of rules; most of them are never shown. */
export class LineSource implements Source {
  constructor(private readonly line: RuleLine) {}

  get where(): string {
    return lineName(this.line.number);
  }

  get text(): string {
    return shownLine(this.line.text);
  }
}

/** Puts a prefix before each line. */
export class PrefixedOutput implements Output {
  #atStart = true;

  constructor(
    private readonly to: Output,
    private readonly prefix: string,
  ) {}

  write(text: string): void {
    for (const line of text.split(/(?<=\n)/)) {
      if (line === '') continue;
      this.to.write(this.#atStart ? this.prefix + line : line);
      this.#atStart = line.endsWith('\n');
    }
  }
}

/** Says in JSON what is said in text elsewhere: one object for each message, with the part of the input in it. */
function jsonSession(session: Session, { where, text }: Source): Session {
  const about = { where, rule: text };
  const stderr: Output = {
    write: (message) => {
      const line = message.trimEnd();
      if (line.startsWith('warning: ')) writeDocument(session.stderr, { warning: { message: line.slice('warning: '.length), ...about } }, false);
      else writeError(session.stderr, { code: null, name: 'failed', request: null, about: null, message: line, ...about });
    },
  };
  return {
    ...session,
    stderr,
    fail: (action, error) => {
      writeError(session.stderr, { ...requestError(action, error), ...about });
    },
  };
}

/** A session whose messages name a part of the input. */
export function sessionFor(session: Session, source: Source, json: boolean): Session {
  if (json) return jsonSession(session, source);
  const stderr = new PrefixedOutput(session.stderr, `${source.where}: `);
  return {
    ...session,
    stderr,
    fail: (action, error) => {
      stderr.write(failureText(action, error));
    },
  };
}

/** An error that ends the run and names the part of the input that it is about. */
export class LocatedError extends CommandError {
  override readonly name = 'UsageError';
}

/** An error with the part of the input that it is about. */
export function errorAt(error: unknown, { where, text }: Source): unknown {
  if (!(error instanceof CommandError) || error instanceof LocatedError) return error;
  const hint = error.hint === undefined ? '' : `${where}: ${error.hint}\n`;
  return new LocatedError(`${where}: ${error.message}`, error.exitCode, `${hint}${where}: ${text}`);
}
