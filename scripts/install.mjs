// SPDX-License-Identifier: Apache-2.0
// Puts commands, man pages, completions and documents where a system looks for them, like make install: from a built
// checkout or an unpacked package.
//   node scripts/install.mjs [--prefix /usr/local] [--destdir DIR] [--uninstall]
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const NAME = 'dpvs-suite';
const LIB = `lib/${NAME}`;
const DOC = `share/doc/${NAME}`;
/** Everything that runs, in a folder of its own. */
const PROGRAM = ['bin', 'dist', 'build/Release/dpvs_ipc.node', 'package.json', 'LICENSE'];
const DOCUMENTS = ['README.md', 'LICENSE', 'docs'];
const MANUAL = 'man/man8';
const FILES = {
  ...Object.fromEntries(readdirSync(path.join(root, MANUAL)).map((name) => [`${MANUAL}/${name}`, `share/${MANUAL}/${name}`])),
  'completions/ipvsadm.bash': 'share/bash-completion/completions/ipvsadm',
  'completions/_ipvsadm': 'share/zsh/site-functions/_ipvsadm',
  'completions/ipvsadm.fish': 'share/fish/vendor_completions.d/ipvsadm.fish',
  'completions/dpip.bash': 'share/bash-completion/completions/dpip',
  'completions/_dpip': 'share/zsh/site-functions/_dpip',
  'completions/dpip.fish': 'share/fish/vendor_completions.d/dpip.fish',
};

/** A failure that is printed without a stack. */
class InstallError extends Error {}

function commands() {
  return Object.keys(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).bin);
}

/** Whoever installs may have another umask than those who use it need. */
function openUp(target) {
  const stat = statSync(target);
  chmodSync(target, stat.isDirectory() || (stat.mode & 0o100) !== 0 ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(target)) openUp(path.join(target, name));
}

function makeFolder(folder) {
  const first = mkdirSync(folder, { recursive: true });
  if (first !== undefined) openUp(first);
}

function copy(from, to) {
  makeFolder(path.dirname(to));
  rmSync(to, { recursive: true, force: true });
  cpSync(path.join(root, from), to, { recursive: true, filter: (source) => path.basename(source) !== '.stamp' });
  openUp(to);
}

/** Links of commands that are ours or not there yet; others belong to another package. */
function links(base) {
  return commands().map((name) => {
    const link = path.join(base, 'bin', name);
    const target = `../${LIB}/bin/${name}`;
    const stat = lstatSync(link, { throwIfNoEntry: false });
    const state = stat === undefined ? 'missing' : stat.isSymbolicLink() && readlinkSync(link) === target ? 'ours' : 'foreign';
    return { link, target, state };
  });
}

function install(base) {
  const foreign = links(base).find(({ state }) => state === 'foreign');
  if (foreign !== undefined) throw new InstallError(`${foreign.link} belongs to something else; remove it first, or choose another --prefix`);
  const missing = [...PROGRAM, ...Object.keys(FILES)].find((file) => !existsSync(path.join(root, file)));
  if (missing !== undefined) throw new InstallError(`${missing} is missing; build it with: npm ci && npm run build`);
  // What an older version had and this one has not must not stay.
  rmSync(path.join(base, LIB), { recursive: true, force: true });
  rmSync(path.join(base, DOC), { recursive: true, force: true });
  for (const file of PROGRAM) copy(file, path.join(base, LIB, file));
  for (const file of DOCUMENTS) copy(file, path.join(base, DOC, file));
  for (const [from, to] of Object.entries(FILES)) copy(from, path.join(base, to));
  makeFolder(path.join(base, 'bin'));
  for (const { link, target, state } of links(base)) if (state === 'missing') symlinkSync(target, link);
}

function uninstall(base) {
  for (const { link, state } of links(base)) if (state === 'ours') rmSync(link);
  for (const file of [LIB, DOC, ...Object.values(FILES)]) rmSync(path.join(base, file), { recursive: true, force: true });
}

function main() {
  let values;
  try {
    ({ values } = parseArgs({
      options: { prefix: { type: 'string', default: '/usr/local' }, destdir: { type: 'string', default: '' }, uninstall: { type: 'boolean', default: false } },
    }));
  } catch (error) {
    throw new InstallError(`${error.message}; known: --prefix DIR --destdir DIR --uninstall`);
  }
  if (!path.isAbsolute(values.prefix)) throw new InstallError(`--prefix must be an absolute path, not '${values.prefix}'`);
  const target = values.destdir === '' ? values.prefix : path.join(path.resolve(values.destdir), values.prefix);
  if (values.uninstall) uninstall(target);
  else install(target);
  process.stdout.write(`${values.uninstall ? 'removed from' : 'installed into'} ${target}\n`);
}

try {
  main();
} catch (error) {
  const isPlain = error instanceof InstallError || 'syscall' in error;
  process.stderr.write(`install: ${isPlain ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
