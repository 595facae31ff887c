// SPDX-License-Identifier: Apache-2.0
// The package as others get it: packed, installed elsewhere without a network and without compilers, and used. Needs the build.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MSG } from '../../src/ipc/codec';
import { infoReply, servicesReply, tcpService } from '../golden/ipvsadm/run';
import { FakeDaemon, makeReply } from '../support/fake-daemon';

const root = path.join(import.meta.dirname, '../..');
const TOOLS = ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore', 'dpip'];
const LISTING = `IP Virtual Server version 1.10.2 (size=0)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  10.0.0.1:80 rr
`;
let folder = '';
let tarball = '';
let daemon;
let env = {};

function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { env, cwd: folder, encoding: 'utf8', timeout: 120_000, ...options });
  if (error !== undefined) throw error;
  return { status, stdout, stderr };
}

/** Fails with what the program said. */
function must(command, args, options = {}) {
  const result = run(command, args, options);
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A folder of programs for PATH: what a machine without compilers has. */
function programs() {
  const bin = path.join(folder, 'path');
  mkdirSync(bin);
  for (const name of ['node', 'npm', 'sh', 'bash', 'env', 'cat', 'uname']) {
    const found = process.env.PATH.split(':').map((each) => path.join(each, name)).find((file) => existsSync(file));
    if (found !== undefined) symlinkSync(found, path.join(bin, name));
  }
  return bin;
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'package with space-'));
  must('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: root, env: process.env });
  tarball = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')));
  const reply = (id, body) => makeReply({ id, body });
  const byId = {
    [MSG.DPVS_SO_GET_INFO]: reply(MSG.DPVS_SO_GET_INFO, infoReply(1)),
    [MSG.DPVS_SO_GET_SERVICES]: reply(MSG.DPVS_SO_GET_SERVICES, servicesReply([tcpService(1)])),
    [MSG.DPVS_SO_GET_DESTS]: reply(MSG.DPVS_SO_GET_DESTS, Buffer.alloc(144)),
  };
  daemon = await FakeDaemon.start([{ byId }], { repeat: true });
  // A registry that does not answer and a cache that has nothing: whatever is needed is in the package.
  env = {
    PATH: programs(), HOME: folder, DPVS_IPC_FILE: daemon.path,
    npm_config_cache: path.join(folder, 'cache'), npm_config_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false',
  };
});

afterAll(async () => {
  await daemon?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('npm install -g of the package, offline and without compilers', () => {
  const prefix = () => path.join(folder, 'global');
  const tool = (name) => path.join(prefix(), 'bin', name);
  const home = () => path.join(prefix(), 'lib/node_modules/dpvs-suite');

  beforeAll(() => {
    for (const compiler of ['cc', 'gcc', 'g++', 'make', 'python3']) expect(run('sh', ['-c', `command -v ${compiler}`]).status).not.toBe(0);
    must('npm', ['install', '--global', '--prefix', prefix(), tarball]);
  });

  it('gives commands that work', () => {
    expect(must(tool('ipvsadm'), ['-v'])).toMatch(/^ipvsadm v\d/);
    expect(must(tool('ipvsadm'), ['-ln'])).toBe(LISTING);
    expect(must(tool('ipvsadm-save'), ['-n'])).toContain('-A -t 10.0.0.1:80 -s rr\n');
    expect(run(tool('ipvsadm-restore'), [], { input: '' }).status).not.toBe(70);
    expect(must(tool('dpip'), ['-V'])).toMatch(/^dpip-\d/);
    expect(must(tool('ipvsadm'), ['-ln', '--watch=0.1', '--count=2', '--color=always'])).toContain('\u001b[1mTCP  10.0.0.1:80\u001b[22m rr\n');
  });

  it('IB-16 gives man pages where man looks for them', () => {
    for (const page of ['ipvsadm.8', 'ipvsadm-save.8', 'ipvsadm-restore.8']) {
      expect(readFileSync(path.join(prefix(), 'share/man/man8', page), 'utf8')).toBe(readFileSync(path.join(root, 'man/man8', page), 'utf8'));
    }
    const man = spawnSync('man', ['-M', path.join(prefix(), 'share/man'), '-w', 'ipvsadm'], { encoding: 'utf8' });
    if (man.error === undefined) expect(man.stdout).toMatch(/\/man\/man8\/ipvsadm\.8\n$/);
  });

  it('has what belongs to a package, and nothing of the checkout', () => {
    for (const file of ['LICENSE', 'README.md', 'docs/ipvsadm.md', 'completions/_ipvsadm', 'completions/ipvsadm.bash', 'completions/ipvsadm.fish']) {
      expect([file, existsSync(path.join(home(), file))]).toEqual([file, true]);
    }
    for (const file of ['test', 'src/cli', 'dataplane/src', 'node_modules/vitest', 'build/Release/.dpvs_ipc.stamp', 'dist/.stamp']) {
      expect([file, existsSync(path.join(home(), file))]).toEqual([file, false]);
    }
  });

  it('says what is missing when the addon is of another machine and nothing can build one', () => {
    writeFileSync(path.join(home(), 'build/Release/dpvs_ipc.node'), 'not for this machine');
    const { status, stderr } = run(process.execPath, [path.join(home(), 'scripts/install-addon.mjs')]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^dpvs-suite: no addon for linux-\w+: .*; building it needs python3, make and g\+\+\n$/);
  });

  it('builds the addon from the sources in the package when the one that came does not fit', () => {
    const gyp = path.join(root, 'node_modules/node-gyp/bin/node-gyp.js');
    const stdout = must(process.execPath, [path.join(home(), 'scripts/install-addon.mjs')], {
      env: { ...process.env, npm_config_node_gyp: gyp },
    });
    expect(stdout).toMatch(/^dpvs-suite: the prebuilt addon does not fit \(.*\); building it\n/);
    expect(must(tool('ipvsadm'), ['-ln'])).toBe(LISTING);
  });
});

describe('the package as a dependency', () => {
  it('is imported by its name', () => {
    const project = path.join(folder, 'project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{"private":true}');
    must('npm', ['install', '--prefix', project, tarball], { cwd: project });
    const code = `import('dpvs-suite').then(({ DpvsClient }) => console.log(typeof DpvsClient))`;
    expect(must(process.execPath, ['-e', code], { cwd: project })).toBe('function\n');
    expect(existsSync(path.join(project, 'node_modules/dpvs-suite/dist/index.cjs'))).toBe(true);
  });
});

describe('scripts/install.mjs', () => {
  const target = () => path.join(folder, 'stage/usr');
  const install = (...args) => run(process.execPath, [path.join(root, 'scripts/install.mjs'), '--prefix', '/usr', '--destdir', path.join(folder, 'stage'), ...args]);

  it('puts everything where a system looks for it', () => {
    expect(install()).toMatchObject({ status: 0, stderr: '' });
    for (const name of TOOLS) expect(statSync(path.join(target(), 'bin', name)).mode & 0o777).toBe(0o755);
    expect(must(path.join(target(), 'bin/ipvsadm'), ['-ln'])).toBe(LISTING);
    for (const file of ['share/man/man8/ipvsadm.8', 'share/bash-completion/completions/ipvsadm', 'share/zsh/site-functions/_ipvsadm', 'share/fish/vendor_completions.d/ipvsadm.fish', 'share/doc/dpvs-suite/docs/ipvsadm.md']) {
      expect([file, statSync(path.join(target(), file)).mode & 0o777]).toEqual([file, 0o644]);
    }
  });

  it('installs over what it installed, and takes all of it away again', () => {
    writeFileSync(path.join(target(), 'lib/dpvs-suite/dist/old.cjs'), '');
    expect(install().status).toBe(0);
    expect(existsSync(path.join(target(), 'lib/dpvs-suite/dist/old.cjs'))).toBe(false);
    expect(install('--uninstall').status).toBe(0);
    const left = readdirSync(target(), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    expect(left.map(({ name }) => name)).toEqual([]);
  });

  it('touches no command of somebody else', () => {
    const other = path.join(target(), 'bin/ipvsadm');
    writeFileSync(other, 'of another package');
    expect(install()).toMatchObject({ status: 1, stderr: `install: ${other} belongs to something else; remove it first, or choose another --prefix\n` });
    expect(install('--uninstall').status).toBe(0);
    expect(readFileSync(other, 'utf8')).toBe('of another package');
  });

  it.each([[['--prefix', 'usr'], "install: --prefix must be an absolute path, not 'usr'\n"], [['--frob'], "install: Unknown option '--frob'"]])('refuses %j', (args, message) => {
    const { status, stderr } = run(process.execPath, [path.join(root, 'scripts/install.mjs'), ...args]);
    expect([status, stderr.startsWith(message)]).toEqual([1, true]);
  });
});
