// SPDX-License-Identifier: Apache-2.0
// Text listings in colour. Loaded when colour is wanted.
import { Chalk, type ChalkInstance } from 'chalk';
import type { Output } from '../../runtime/io';
import type { Kind, Listing, Records } from '../listing';

type Paint = (text: string, c: ChalkInstance) => string;

/** Names of devices, in front of a colon or a blank, at the start of the text. */
const name: Paint = (text, c) => text.replace(/^(\S+?)(?=[: ])/, (word) => c.bold(word));

const PAINTS: Readonly<Partial<Record<Kind, Paint>>> = {
  link: (text, c) => text.replace(/^(\d+: )(\S+)(?=: )/gm, (_all, id: string, word: string) => `${id}${c.bold(word)}`),
  neigh: (text, c) => text.replace(/(state: )(\S+)/, (_all, label: string, state: string) => `${label}${state === 'REACHABLE' ? c.green(state) : c.yellow(state)}`),
  vlan: name,
  tunnel: name,
  addr: (text, c) => text.replace(/(\S+)$/m, (word) => c.bold(word)),
  route4: (text, c) => text.replace(/( dev )(\S+)/, (_all, label: string, word: string) => `${label}${c.bold(word)}`),
  route6: (text, c) => text.replace(/( dev )(\S+)/, (_all, label: string, word: string) => `${label}${c.bold(word)}`),
  drop: (text, c) => text.replace(/^(?:\[\d+\] )?\S+/, (word) => c.bold(word)),
};

/** Links that are up and down, wherever a device is shown. */
function links(text: string, c: ChalkInstance): string {
  return text.replace(/^( {4})(UP|DOWN)(?= )/gm, (_all, indent: string, state: string) => `${indent}${state === 'UP' ? c.green(state) : c.red(state)}`);
}

export class PaintedListing implements Listing {
  readonly isText = true;
  readonly #chalk = new Chalk({ level: 1 });

  constructor(private readonly out: Output) {}

  record<K extends Kind>(kind: K, record: Records[K], text: (shown: Records[K]) => string): void {
    const paint = PAINTS[kind];
    const plain = text(record);
    const painted = paint === undefined ? plain : paint(plain, this.#chalk);
    this.out.write(kind === 'link' ? links(painted, this.#chalk) : painted);
  }

  end(): void {
    // Nothing is open.
  }

  abort(): void {
    // Nothing is open.
  }
}
