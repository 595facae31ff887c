// SPDX-License-Identifier: Apache-2.0
// Builds what the commands run: dist/*.cjs with esbuild (and *.cache, their compiled form), build/Release/dpvs_ipc.node with node-gyp, and the package's
// API: dist/index.cjs and, with --types only, its declarations in dist/types. Each part is skipped while a hash over everything it is made of stays the
// same. Options: --ts, --addon or --types builds that part only, --force.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const LOCK_WAIT_MS = 120_000;
const TYPICAL_RUNS = [
  ['ipvsadm', '-ln'],
  ['dpip', 'link', 'show'],
];
const TOOLS = ['ipvsadm', 'dpip'];
// Modules that cost milliseconds to load and that most runs of a command never touch.
const HEAVY_BUILTINS = ['child_process', 'dgram', 'dns', 'http', 'https', 'net', 'readline', 'tty', 'zlib'];
const HEAVY_PACKAGES = ['chalk', 'cli-table3', 'commander'];

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
 * Delays heavy modules until one of their exports is used, by putting an object of getters in their place. Loading
 * commander, or net for isatty, takes as long as everything else that `ipvsadm -ln` does.
 */
const lazyModules = {
  name: 'lazy-modules',
  setup(build) {
    const builtin = new RegExp(`^(node:)?(${HEAVY_BUILTINS.join('|')})$`);
    build.onResolve({ filter: builtin }, ({ path: name, namespace }) =>
      namespace === 'lazy' ? { path: name, external: true } : { path: `node:${name.replace(/^node:/, '')}`, namespace: 'lazy' },
    );
    build.onResolve({ filter: new RegExp(`^(${HEAVY_PACKAGES.join('|')})$`) }, ({ path: name, namespace }) =>
      namespace === 'lazy' ? undefined : { path: name, namespace: 'lazy' },
    );
    build.onLoad({ filter: /.*/, namespace: 'lazy' }, async ({ path: name }) => {
      const names = Object.keys(await import(name)).filter((key) => /^[A-Za-z_$]\w*$/.test(key) && key !== 'default');
      const getters = names.map((key) => `get ${key}() { return load().${key}; },`);
      const contents = `
        const load = () => require('${name}');
        module.exports = {
          __esModule: true,
          get default() { const m = load(); return m.__esModule ? m.default : m; },
          ${getters.join('\n')}
        };`;
      return { contents, loader: 'js', resolveDir: root };
    });
  },
};

/** One file of everything that `contents` imports. */
async function bundle(name, contents, options) {
  const { build } = require('esbuild');
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root, sourcefile: `${name}.entry.ts`, loader: 'ts' },
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    legalComments: 'none',
    define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__filename' },
    logLevel: 'error',
    ...options,
  }).catch((error) => {
    throw new BuildError(`esbuild failed for ${name}: ${error.errors?.[0]?.text ?? error.message}`);
  });
  return outputFiles[0].contents;
}

function replaceFile(file, bytes) {
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

/** Declarations of the package's API. */
function buildTypes(force) {
  const output = path.join(root, 'dist/types/index.d.ts');
  const stamp = path.join(root, 'dist/types/.stamp');
  const others = ['tsconfig.json', 'tsconfig.types.json', 'scripts/build.mjs'].map((file) => path.join(root, file));
  const hash = hashOf([...filesBelow('src', ['.ts']), ...others], versionOf('typescript'));
  if (!force && stampMatches(stamp, hash, [output])) return 'declarations: unchanged';

  const start = Date.now();
  rmSync(path.join(root, 'dist/types'), { recursive: true, force: true });
  const tsc = require.resolve('typescript/bin/tsc');
  const result = spawnSync(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.types.json')], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0 || !existsSync(output)) {
    process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    throw new BuildError('tsc cannot write the declarations of src/index.ts (see above)');
  }
  writeFileSync(stamp, hash);
  return `declarations: built in ${seconds(start)}`;
}

async function buildTypeScript(force) {
  const outputs = [...TOOLS, 'index'].map((name) => path.join(root, 'dist', `${name}.cjs`));
  const stamp = path.join(root, 'dist/.stamp');
  const others = ['package-lock.json', 'scripts/build.mjs', 'scripts/code-cache.cjs', 'bin/launch.cjs'];
  const inputs = [...filesBelow('src', ['.ts']), ...others.map((file) => path.join(root, file))];
  const hash = hashOf(inputs, versionOf('esbuild'), process.version);
  if (!force && stampMatches(stamp, hash, outputs)) return 'commands: unchanged';

  const start = Date.now();
  mkdirSync(path.join(root, 'dist'), { recursive: true });
  for (const tool of TOOLS) {
    const contents = `import { run } from './src/cli/runtime';\nimport { main } from './src/cli/${tool}/main';\nrun(main);\n`;
    // Bundles of commands run as scripts of node:vm, which have no import().
    const bytes = await bundle(tool, contents, { minify: true, plugins: [lazyModules], supported: { 'dynamic-import': false } });
    // A command that starts meanwhile finds the old bundle or the new one, never a compiled form of the other.
    rmSync(path.join(root, 'dist', `${tool}.cache`), { force: true });
    replaceFile(path.join(root, 'dist', `${tool}.cjs`), bytes);
  }
  replaceFile(path.join(root, 'dist/index.cjs'), await bundle('index', "export * from './src/index';\n", {}));
  // Without a daemon these runs end early, after most of what every run needs.
  for (const [tool, ...args] of TYPICAL_RUNS) {
    spawnSync(process.execPath, [path.join(root, 'scripts/code-cache.cjs'), tool, ...args], {
      env: { ...process.env, DPVS_IPC_FILE: '/nonexistent/dpvs.ipc' },
      stdio: 'ignore',
      timeout: 20_000,
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
  const result = spawnSync(process.execPath, [gyp, 'configure', 'build', '--silent', ...nodeHeaders()], {
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

/** True when the process that wrote the lock is gone. */
function isStale(lock) {
  const pid = Number(readFileSync(lock, 'utf8'));
  if (pid === 0) return false; // just being written
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Runs one build at a time: tests and people may start them together. */
async function locked(work) {
  const lock = path.join(root, 'build/.lock');
  mkdirSync(path.dirname(lock), { recursive: true });
  const end = Date.now() + LOCK_WAIT_MS;
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (Date.now() > end) throw new BuildError('another build has held build/.lock for two minutes; remove it if none is running');
    try {
      if (isStale(lock)) rmSync(lock, { force: true });
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

try {
  const args = process.argv.slice(2);
  const unknown = args.find((arg) => !['--ts', '--addon', '--types', '--force'].includes(arg));
  if (unknown !== undefined) throw new BuildError(`unknown option ${unknown}; known: --ts --addon --types --force`);
  const only = args.some((arg) => ['--ts', '--addon', '--types'].includes(arg));
  const force = args.includes('--force');
  await locked(async () => {
    if (!only || args.includes('--addon')) console.log(buildAddon(force));
    if (!only || args.includes('--ts')) console.log(await buildTypeScript(force));
    if (args.includes('--types')) console.log(buildTypes(force));
  });
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 1;
}
