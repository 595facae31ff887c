// SPDX-License-Identifier: Apache-2.0
// Which object and verb a word means: the exact words always win, then a beginning that only one has.
import { VERB_ALIASES, VERBS, type ObjectSpec, type Verb } from './grammar';
import { OBJECTS } from './objects';

/** Everything that a verb of an object may be called. */
function verbWords(object: ObjectSpec): readonly string[] {
  const own = VERBS.filter((verb) => object.verbs[verb] !== undefined);
  const aliases = Object.keys(VERB_ALIASES).filter((alias) => own.includes(VERB_ALIASES[alias] as Verb));
  return [...own, ...aliases, 'help'];
}

function canonical(word: string): Verb | 'help' {
  return word === 'help' ? word : (VERB_ALIASES[word] ?? (word as Verb));
}

/** By its name, or by a beginning that no other has. */
export function objectOf(word: string): ObjectSpec | undefined {
  const exact = OBJECTS.find((object) => object.name === word);
  if (exact !== undefined || word === '') return exact;
  const fits = OBJECTS.filter((object) => object.name.startsWith(word));
  return fits.length === 1 ? fits[0] : undefined;
}

/** The exact word, of any object; else a beginning among the words of this one. What shows comes before what changes. */
export function verbOf(word: string, object: ObjectSpec | undefined): Verb | 'help' | undefined {
  if (word === 'help' || Object.hasOwn(VERB_ALIASES, word) || (VERBS as readonly string[]).includes(word)) return canonical(word);
  if (object === undefined || word === '') return undefined;
  const fits = new Set(verbWords(object).filter((verb) => verb.startsWith(word)).map(canonical));
  if (fits.has('show')) return 'show';
  return fits.size === 1 ? [...fits][0] : undefined;
}

/** Changes of letters that make one word of another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** "did you mean …", or what the beginning stands for; null when nothing is near. */
export function hint(word: string, object: ObjectSpec | undefined): string | null {
  const words = object === undefined ? OBJECTS.map(({ name }) => name) : verbWords(object);
  const begin = words.filter((one) => word !== '' && one.startsWith(word));
  if (begin.length > 1) return `'${word}' may be ${begin.join(', ')}`;
  const near = words.filter((one) => distance(word.toLowerCase(), one) <= (one.length > 3 ? 2 : 1));
  return near.length === 0 ? null : `did you mean '${near.join("' or '")}'?`;
}
