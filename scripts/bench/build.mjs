// SPDX-License-Identifier: Apache-2.0
// What benchmarks need: the daemon as it is shipped, and a packet source that is preloaded into it.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { bootstrap } from '../lib/bootstrap.mjs';
import { root, runLong, step, StepError } from '../lib/steps.mjs';

/**
 * Daemon and plugin; the plugin is built into the same directory, so the daemon is the one that the demo runs.
 * @param {string} [dir] a Meson build directory to be taken as it is
 * @returns {Promise<{daemon: string, plugin: string}>}
 */
export async function buildBench(dir) {
  let from = dir;
  if (!from) {
    await bootstrap('bench');
    from = path.join(root, 'dataplane/build');
    await step('building the packet source', async () => {
      await runLong('meson', ['configure', from, '-Dbench=true']);
      await runLong('ninja', ['-C', from, 'src/main/dpvs', 'bench/libbench_source.so']);
    });
  }
  const files = { daemon: path.resolve(from, 'src/main/dpvs'), plugin: path.resolve(from, 'bench/libbench_source.so') };
  for (const file of Object.values(files))
    if (!existsSync(file)) throw new StepError(`${file} does not exist`, '', `meson configure ${from} -Dbench=true; ninja -C ${from}`);
  return files;
}
