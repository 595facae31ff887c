// SPDX-License-Identifier: Apache-2.0
// The tables of the commands for scripts: bundled from their source, so that no build has to be there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

const IPVSADM = `
export { COMMANDS, COMMAND_ALIASES, OPTIONS, valueKind } from './src/cli/ipvsadm/options';
export { USAGE } from './src/cli/ipvsadm/usage';
export { VERSION_DOCUMENT } from './src/cli/ipvsadm/version';
export { bashCompletion } from './src/cli/ipvsadm/completion/bash';
export { fishCompletion } from './src/cli/ipvsadm/completion/fish';
export { zshCompletion } from './src/cli/ipvsadm/completion/zsh';
`;

const DPIP = `
export { usageOfVerb, VERB_ALIASES } from './src/cli/dpip/grammar';
export { OBJECTS } from './src/cli/dpip/objects';
export { OPTION_ROWS } from './src/cli/dpip/options';
export { completionOf } from './src/cli/dpip/completion/scripts';
export { VERSION_DOCUMENT } from './src/cli/ipvsadm/version';
`;

/** Commands, options, usage and completions of ipvsadm as they are in the source. */
export const loadTable = () => load(IPVSADM);

/** Objects, options and completions of dpip. */
export const loadObjects = () => load(DPIP);

async function load(contents) {
  const { build } = await import('esbuild');
  const folder = mkdtempSync(path.join(tmpdir(), 'command-tables-'));
  try {
    const outfile = path.join(folder, 'table.mjs');
    const stdin = { contents, resolveDir: root, sourcefile: 'table.ts', loader: 'ts' };
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error', define: { 'import.meta.dirname': '""' } });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
