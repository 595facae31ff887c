// SPDX-License-Identifier: Apache-2.0
// Builds what the commands run: dist/*.cjs with esbuild, build/Release/dpvs_ipc.node with node-gyp. Each part is skipped
// while a hash over everything it is made of stays the same. Options: --ts or --addon builds that part only, --force.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const TOOLS = ['ipvsadm', 'dpip'];
// Node modules that cost milliseconds to load and that most runs of a command never touch.
const HEAVY = ['child_process', 'dgram', 'dns', 'http', 'https', 'net', 'readline', 'tty', 'zlib'];

/** A failed step: printed as one line, without a stack. */
class BuildError extends Error {}

function filesBelow(dir, extensions) {
  return readdirSync(path.join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && extensions.includes(path.extname(entry.name)))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function hashOf(files, ...facts) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${path.relative(root, file)}\0`).update(readFileSync(file)).update('\0');
  return hash.update(facts.join('\0')).digest('hex');
}

function stampMatches(stamp, value, outputs) {
  return outputs.every((file) => existsSync(file)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === value;
}

function seconds(start) {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}

/** Version of an installed package, so that an update rebuilds. */
function versionOf(name) {
  try {
    return require(`${name}/package.json`).version;
  } catch {
    throw new BuildError(`package ${name} is not installed; run: npm ci`);
  }
}

/**
 * Delays the heavy modules of node until one of their exports is used. Loading commander loads child_process, asking for
 * isatty loads net: together as long as everything else that `ipvsadm -ln` does.
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(node:)?(${HEAVY.join('|')})$`) }, ({ path: name, namespace }) =>
      namespace === 'lazy' ? { path: name, external: true } : { path: name.replace(/^node:/, ''), namespace: 'lazy' },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path: name }) => {
      const getters = Object.keys(require(name)).map((key) => `get ${key}() { return require('node:${name}').${key}; },`);
      return { contents: `module.exports = {\n${getters.join('\n')}\n};`, loader: 'js' };
    });
  },
};

async function buildTypeScript(force) {
  const outputs = TOOLS.map((tool) => path.join(root, 'dist', `${tool}.cjs`));
  const stamp = path.join(root, 'dist/.stamp');
  const inputs = [...filesBelow('src', ['.ts']), ...['package-lock.json', 'scripts/build.mjs'].map((f) => path.join(root, f))];
  const hash = hashOf(inputs, versionOf('esbuild'));
  if (!force && stampMatches(stamp, hash, outputs)) return 'commands: unchanged';

  const start = Date.now();
  const { build } = require('esbuild');
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  for (const tool of TOOLS) {
    await build({
      stdin: {
        contents: `import { run } from './src/cli/runtime';\nimport { main } from './src/cli/${tool}/main';\nrun(main);\n`,
        resolveDir: root,
        sourcefile: `${tool}.entry.ts`,
        loader: 'ts',
      },
      outfile: path.join(root, 'dist', `${tool}.cjs`),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      minify: true,
      keepNames: false,
      legalComments: 'none',
      plugins: [lazyBuiltins],
      define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__filename' },
      logLevel: 'error',
    }).catch((error) => {
      throw new BuildError(`esbuild failed for ${tool}: ${error.errors?.[0]?.text ?? error.message}`);
    });
  }
  writeFileSync(stamp, hash);
  return `commands: built in ${seconds(start)}`;
}

/** Headers that came with this node; without them node-gyp fetches them. */
function nodeHeaders() {
  const prefix = path.dirname(path.dirname(process.execPath));
  return existsSync(path.join(prefix, 'include/node/node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

function buildAddon(force) {
  const output = path.join(root, 'build/Release/dpvs_ipc.node');
  const stamp = path.join(root, 'build/Release/.dpvs_ipc.stamp');
  const inputs = [
    ...filesBelow('src/ipc/native', ['.cc', '.h']),
    ...filesBelow('dataplane/include/abi', ['.h']),
    path.join(root, 'binding.gyp'),
  ];
  const facts = [versionOf('node-addon-api'), versionOf('node-gyp'), process.version, process.arch, root];
  const hash = hashOf(inputs, ...facts);
  if (!force && stampMatches(stamp, hash, [output])) return 'addon: unchanged';

  const start = Date.now();
  const gyp = require.resolve('node-gyp/bin/node-gyp.js');
  const result = spawnSync(process.execPath, [gyp, 'rebuild', '--silent', ...nodeHeaders()], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, MAKEFLAGS: '-j2' },
  });
  if (result.error !== undefined || result.status !== 0 || !existsSync(output)) {
    process.stderr.write(result.stdout ?? '');
    process.stderr.write(result.stderr ?? '');
    throw new BuildError('the addon does not build (see above); it needs python3, make and g++: apt-get install python3 make g++');
  }
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, hash);
  return `addon: built in ${seconds(start)}`;
}

try {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => !['--ts', '--addon', '--force'].includes(arg));
  if (unknown !== undefined) throw new BuildError(`unknown option ${unknown}; known: --ts --addon --force`);
  const only = args.includes('--ts') || args.includes('--addon');
  const force = args.includes('--force');
  if (!only || args.includes('--addon')) console.log(buildAddon(force));
  if (!only || args.includes('--ts')) console.log(await buildTypeScript(force));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
}
