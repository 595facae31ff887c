// SPDX-License-Identifier: Apache-2.0
// How the scripts talk: numbered steps with their duration, quiet when all is well, the whole output of what failed.
import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** A failure that people can do something about: what, why, and the remedy. Printed without a stack. */
export class StepError extends Error {
  /** @param {string} what @param {string} [why] @param {string} [remedy] */
  constructor(what, why = '', remedy = '') {
    super([what, why.replaceAll('\n', '\n  '), remedy && `What to do: ${remedy}`].filter(Boolean).join('\n  '));
    this.name = 'StepError';
  }
}

export function seconds(since) {
  return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

/** Runs fn as a named step. @template T @param {string} title @param {() => T | Promise<T>} fn @returns {Promise<T>} */
export async function step(title, fn) {
  const began = Date.now();
  process.stdout.write(`• ${title} …\n`);
  const result = await fn();
  process.stdout.write(`  done in ${seconds(began)}${typeof result === 'string' && result ? `: ${result}` : ''}\n`);
  return result;
}

/** Runs a program to its end; returns stdout. Throws StepError with the tail of its output when it fails. */
export function run(command, args = [], options = {}) {
  const { remedy = '', what = [command, ...args].join(' '), ...spawnOptions } = options;
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...spawnOptions });
  if (done.error) throw new StepError(`${what}: ${done.error.message}`, '', remedy);
  if (done.status !== 0) {
    const tail = `${done.stdout ?? ''}${done.stderr ?? ''}`.trimEnd().split('\n').slice(-40).join('\n');
    throw new StepError(`${what}: exit status ${done.status ?? done.signal}`, tail, remedy);
  }
  return done.stdout ?? '';
}

/** Runs a long program; shows a line of progress every few seconds, its output only when it fails or `show` is set. */
export function runLong(command, args = [], options = {}) {
  const { remedy = '', what = [command, ...args].join(' '), show = false, tailLines = 60, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...spawnOptions });
    const began = Date.now();
    let output = '';
    let last = '';
    const take = (data) => {
      output += data;
      last = String(data).trimEnd().split('\n').at(-1) ?? last;
      if (show) process.stdout.write(data);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const progress = setInterval(() => {
      if (!show) process.stdout.write(`  … ${seconds(began)} ${stripVTControlCharacters(last).trim().slice(0, 100)}\n`);
    }, 15_000);
    child.on('error', (error) => {
      clearInterval(progress);
      reject(new StepError(`${what}: ${error.message}`, '', remedy));
    });
    child.on('close', (status, signal) => {
      clearInterval(progress);
      if (status === 0) return resolve(output);
      const tail = show ? '' : output.trimEnd().split('\n').slice(-tailLines).join('\n');
      return reject(new StepError(`${what}: ${signal ?? `exit status ${status}`}`, tail, remedy));
    });
  });
}

/** Ends a script: prints the failure as a person wants to read it and sets the exit status. */
export function fail(error) {
  if (error instanceof StepError) process.stderr.write(`\nFAILED: ${error.message}\n`);
  else process.stderr.write(`\nFAILED: ${error?.stack ?? error}\n`);
  process.exitCode = 1;
}
