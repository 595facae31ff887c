// SPDX-License-Identifier: Apache-2.0
// The option table of ipvsadm for scripts: bundled from its source, so that no build has to be there.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

const ENTRY = `
export { COMMANDS, COMMAND_ALIASES, OPTIONS, valueKind } from './src/cli/ipvsadm/options';
export { USAGE } from './src/cli/ipvsadm/usage';
export { VERSION_DOCUMENT } from './src/cli/ipvsadm/version';
export { bashCompletion } from './src/cli/ipvsadm/completion/bash';
export { fishCompletion } from './src/cli/ipvsadm/completion/fish';
export { zshCompletion } from './src/cli/ipvsadm/completion/zsh';
`;

/** Commands, options, usage and completions as they are in the source. */
export async function loadTable() {
  const { build } = await import('esbuild');
  const folder = mkdtempSync(path.join(tmpdir(), 'ipvsadm-table-'));
  try {
    const outfile = path.join(folder, 'table.mjs');
    const stdin = { contents: ENTRY, resolveDir: root, sourcefile: 'table.ts', loader: 'ts' };
    await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error', define: { 'import.meta.dirname': '""' } });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
