// SPDX-License-Identifier: Apache-2.0
// Feeds command lines and rules that chance made to ipvsadm, inside this process, until the time is up:
//   node test/fuzz/run.mjs [--seconds 15] [--seed N] [--only argv|rules]
// Ends with status 1 and the input, its seed and its turn when something does not hold that must (test/fuzz/target.ts).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '15' }, seed: { type: 'string' }, only: { type: 'string' } } });
const seconds = Number(values.seconds);
const firstSeed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
if (!(seconds > 0) || !Number.isInteger(firstSeed)) throw new Error('--seconds and --seed are numbers');

/** The sources as one module that node can load. */
async function load() {
  const folder = mkdtempSync(path.join(tmpdir(), 'fuzz-'));
  const outfile = path.join(folder, 'target.mjs');
  const here = import.meta.dirname;
  await build({
    stdin: { contents: "export * from './target'; export * from './words';", resolveDir: here, loader: 'ts' },
    bundle: true, platform: 'node', format: 'esm', target: 'node20', outfile, logLevel: 'error',
    // Packages in CommonJS ask for what node has with require.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Numbers that look random, the same for the same seed (mulberry32). */
function dice(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const below = (limit) => next() % limit;
  return { below, of: (list) => list[below(list.length)] };
}

const target = await load();
const { DICTIONARY, FIRST_WORDS, RULES } = target;

/** A text with a few of its characters changed, doubled, taken out or replaced by another piece. */
function mutate(text, roll) {
  let result = text;
  for (let n = roll.below(3); n >= 0; n -= 1) {
    const at = roll.below(result.length + 1);
    const length = roll.below(4);
    const cut = (middle) => result.slice(0, at) + middle + result.slice(at + length);
    switch (roll.below(6)) {
      case 0:
        result = cut('');
        break;
      case 1:
        result = cut(String.fromCharCode(roll.below(roll.below(4) === 0 ? 0x3000 : 0x80)));
        break;
      case 2:
        result = cut(roll.of(DICTIONARY));
        break;
      case 3:
        result = cut(result.slice(at, at + length).repeat(roll.below(4)));
        break;
      case 4:
        result = cut(String(2 ** roll.below(65) - roll.below(2)));
        break;
      default:
        result = cut(roll.of(RULES).slice(roll.below(20)));
    }
  }
  return result;
}

const word = (roll) => (roll.below(4) === 0 ? mutate(roll.of(DICTIONARY), roll) : roll.of(DICTIONARY));
const line = (roll) => [roll.of(FIRST_WORDS), ...Array.from({ length: roll.below(9) }, () => word(roll))];
const argvOf = (roll) => {
  const argv = roll.below(2) === 0 ? line(roll) : mutate(roll.of(RULES), roll).split(' ');
  return roll.below(8) === 0 ? argv.slice(1) : argv;
};
const rulesOf = (roll) =>
  Array.from({ length: roll.below(12) }, () => (roll.below(3) === 0 ? mutate(roll.of(RULES), roll) : roll.below(8) === 0 ? line(roll).join(' ') : roll.of(RULES))).join('\n');

/** --apply opens files, of which there are some that never end. */
const opensFiles = (argv) => argv.some((text) => text.includes('apply'));

const KINDS = {
  argv: async (roll, turn) => {
    const input = argvOf(roll);
    if (opensFiles(input)) return input;
    const stdin = rulesOf(roll);
    await attempt({ input, stdin }, () => target.checkCommandLine(input, stdin, turn));
    return input;
  },
  rules: async (roll, turn) => {
    const input = rulesOf(roll);
    await attempt({ input }, () => target.checkRules(input, turn));
    return input;
  },
};

async function attempt(what, check) {
  try {
    await check();
  } catch (error) {
    throw new Error(`${error.message}\ninput: ${JSON.stringify(what)}`, { cause: error });
  }
}

const kinds = values.only === undefined ? Object.keys(KINDS) : [values.only];
for (const kind of kinds) if (!Object.hasOwn(KINDS, kind)) throw new Error(`--only ${kind}: there are ${Object.keys(KINDS).join(' and ')}`);

await target.preparePopulation();
const began = Date.now();
const end = began + seconds * 1000;
const counts = Object.fromEntries(kinds.map((kind) => [kind, 0]));
let seed = firstSeed;
// A seed makes one execution of each kind, so that a failure is found again with one number.
while (Date.now() < end && process.exitCode === undefined) {
  for (const kind of kinds) {
    try {
      await KINDS[kind](dice(seed), seed % 12);
      counts[kind] += 1;
    } catch (error) {
      process.stderr.write(`ipvsadm ${kind}: ${error.message}\nagain with: node test/fuzz/run.mjs --only ${kind} --seed ${seed} --seconds 1\n`);
      process.exitCode = 1;
    }
  }
  seed = (seed + 1) >>> 0;
}
process.stdout.write(`${kinds.map((kind) => `${counts[kind]} times ${kind}`).join(', ')} in ${((Date.now() - began) / 1000).toFixed(0)} s, seeds ${firstSeed} to ${seed - 1}\n`);
