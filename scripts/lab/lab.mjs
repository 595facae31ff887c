// SPDX-License-Identifier: Apache-2.0
// A lab of network namespaces: one client, the director with two ports, real servers behind a bridge.
//
//   client ── wan ── director(dpdk0) dpvs (dpdk1) ── lan bridge ── rs1, rs2, …
//
// Everything is named after the process, so that labs run side by side, and everything is removed by close(), also after a failure;
// what a killed process left is removed by the next lab.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { root, StepError } from '../lib/steps.mjs';
import { confText, daemonArgs } from './conf.mjs';
import { labDir, labName, removeLeftovers, removeNamespace } from './leftovers.mjs';
import { NET } from './net.mjs';
import { addressCommands, serverAddresses, serviceCommands } from './services.mjs';
import { sleep, until } from './until.mjs';
import { webServer } from './web.mjs';

export { NET } from './net.mjs';
export { until } from './until.mjs';

function sh(command, args, input) {
  const done = spawnSync(command, args, { encoding: 'utf8', input });
  if (done.error) throw new StepError(`${command}: ${done.error.message}`);
  if (done.status !== 0)
    throw new StepError(`${[command, ...args].join(' ')}: exit status ${done.status}`, `${done.stdout}${done.stderr}`.trim());
  return done.stdout;
}

export class Lab {
  /**
   * @param {{servers?: number, workers?: number, queues?: number, daemon?: string, conf?: string, env?: Record<string, string>,
   *   memory?: string[], lanDevice?: string}} [options]
   * queues: queue pairs of each port (1: hand-over in software is the only way to use two workers).
   * memory: what the EAL is told about it. lanDevice: the virtual device dpdk1 in place of one on the bridge of the servers.
   */
  constructor(options = {}) {
    this.servers = options.servers ?? 2;
    this.workers = options.workers ?? 1;
    this.queues = Math.max(1, options.queues ?? 1);
    this.kernelLcore = options.kernelLcore ?? false;
    this.daemon = options.daemon ?? process.env.DPVS_BIN ?? path.join(root, 'dataplane/build/src/main/dpvs');
    this.id = labName();
    this.memory = options.memory ?? ['--no-huge', '--no-shconf', '-m', '256'];
    this.lanDevice = options.lanDevice;
    this.extraConf = options.conf ?? '';
    this.env = options.env ?? {};
    this.dir = labDir(this.id);
    mkdirSync(this.dir, { mode: 0o700 });
    this.children = new Set();
    this.namespaces = [];
    this.dpvs = undefined;
    this.started = 0;
  }

  ns(name) {
    return `${this.id}-${name}`;
  }

  get socket() {
    return path.join(this.dir, 'dpvs.ipc');
  }

  get log() {
    return path.join(this.dir, 'dpvs.log');
  }

  /** Runs a program in a namespace and returns what it printed; throws when it fails unless `ok` is false. */
  exec(name, command, args = [], { input, ok = true, timeout = 60_000, env = {} } = {}) {
    const done = spawnSync('ip', ['netns', 'exec', this.ns(name), command, ...args], {
      encoding: 'utf8', input, timeout, killSignal: 'SIGKILL', env: { ...process.env, ...env }, maxBuffer: 1 << 28,
    });
    if (ok && (done.error || done.status !== 0))
      throw new StepError(`${name}: ${command} ${args.join(' ')}: ${done.error?.message ?? `exit status ${done.status}`}`, `${done.stdout}${done.stderr}`.trim());
    return { stdout: done.stdout ?? '', stderr: done.stderr ?? '', status: done.status };
  }

  /**
   * Starts a program in a namespace; it is killed by close(). What it prints goes to a file, not to a pipe, so that a lab which is
   * kept outlives the script; `child.text()` reads it.
   */
  start(name, command, args = [], { env = {} } = {}) {
    const file = path.join(this.dir, `${name}-${path.basename(command)}-${++this.started}.out`);
    const fd = openSync(file, 'a');
    const child = spawn('ip', ['netns', 'exec', this.ns(name), command, ...args], { stdio: ['ignore', fd, fd], env: { ...process.env, ...env } });
    closeSync(fd);
    child.text = () => readFileSync(file, 'utf8');
    child.done = new Promise((resolve) => child.on('close', (status, signal) => resolve(status ?? signal)));
    this.children.add(child);
    child.done.then(() => this.children.delete(child));
    return child;
  }

  addNamespace(name) {
    sh('ip', ['netns', 'add', this.ns(name)]);
    this.namespaces.push(this.ns(name));
    this.exec(name, 'sysctl', ['-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0']);
    this.exec(name, 'ip', ['link', 'set', 'lo', 'up']);
  }

  /** A veth between two namespaces; both ends up. */
  cable(a, ifa, b, ifb) {
    sh('ip', ['link', 'add', ifa, 'netns', this.ns(a), 'type', 'veth', 'peer', 'name', ifb, 'netns', this.ns(b)]);
    this.exec(a, 'ip', ['link', 'set', ifa, 'up']);
    this.exec(b, 'ip', ['link', 'set', ifb, 'up']);
  }

  /** An end host's interface: unfinished checksums and large segments must not leave it, a DPDK port would see them as they are. */
  host(name, ifname, addr4, addr6) {
    this.exec(name, 'ethtool', ['-K', ifname, 'tx', 'off']);
    this.exec(name, 'ip', ['addr', 'add', `${addr4}/24`, 'dev', ifname]);
    this.exec(name, 'ip', ['-6', 'addr', 'add', `${addr6}/64`, 'dev', ifname, 'nodad']);
  }

  /** Makes namespaces, cables and addresses. */
  makeNetwork() {
    removeLeftovers();
    for (const name of ['client', 'director', 'lan']) this.addNamespace(name);
    this.exec('director', 'sysctl', ['-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
    this.exec('lan', 'sysctl', ['-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1']);
    this.cable('client', 'eth0', 'director', 'wan');
    this.host('client', 'eth0', NET.client4, NET.client6);
    this.exec('lan', 'ip', ['link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0']);
    this.exec('lan', 'ip', ['link', 'set', 'br0', 'up']);
    this.cable('director', 'lan', 'lan', 'dir');
    this.exec('lan', 'ip', ['link', 'set', 'dir', 'master', 'br0']);
    for (let n = 1; n <= this.servers; n++) {
      this.addNamespace(`rs${n}`);
      this.cable(`rs${n}`, 'eth0', 'lan', `rs${n}`);
      this.exec('lan', 'ip', ['link', 'set', `rs${n}`, 'master', 'br0']);
      this.host(`rs${n}`, 'eth0', NET.rs4(n), NET.rs6(n));
    }
  }

  /** nginx on port 80 of each real server. */
  async startWeb() {
    for (let n = 1; n <= this.servers; n++) {
      this.start(`rs${n}`, 'nginx', webServer(this.dir, `rs${n}`));
      await until(`nginx on rs${n}`, () => this.exec(`rs${n}`, 'curl', ['-s', '-o', '/dev/null', 'http://127.0.0.1/'], { ok: false }).status === 0);
    }
  }

  async startDaemon() {
    writeFileSync(path.join(this.dir, 'dpvs.conf'), confText({ log: this.log, workers: this.workers, queues: this.queues, kernelLcore: this.kernelLcore, extra: this.extraConf }));
    this.dpvs = this.start('director', this.daemon, daemonArgs(this), { env: this.env });
    let ended;
    this.dpvs.done.then((status) => (ended = status));
    await until('dpvs to answer', () => {
      if (ended !== undefined)
        throw new StepError(`dpvs ended with status ${ended} while starting`, `${this.dpvs?.text()}\n${this.logText()}`.trim(), 'read the last lines above');
      return existsSync(this.socket) && this.tool('dpip', ['link', 'show'], { ok: false }).status === 0;
    }, 30_000);
  }

  async stopDaemon(signal = 'SIGTERM') {
    if (!this.dpvs) return undefined;
    this.dpvs.kill(signal);
    const status = await Promise.race([this.dpvs.done, sleep(10_000).then(() => 'still running after 10 s')]);
    this.dpvs = undefined;
    return status;
  }

  logText() {
    return existsSync(this.log) ? readFileSync(this.log, 'utf8') : '';
  }

  /** What the daemon has to say after a failure: how it ended, if it did, its last lines, where packets ended. Read before close(). */
  async trouble() {
    if (!this.dpvs) return '';
    const status = await Promise.race([this.dpvs.done, sleep(100).then(() => undefined)]);
    const last = (text, n) => text.split('\n').filter((line) => line && !line.startsWith('EAL: ')).slice(-n).map((line) => `  ${line}`);
    const parts = [status === undefined ? 'dpvs is running' : `dpvs had ended (${status})`, 'the last lines of its log:', ...last(this.logText(), 12)];
    const printed = last(this.dpvs.text(), 12);
    if (printed.length) parts.push('it printed:', ...printed);
    const drops = status === undefined ? this.tool('dpip', ['drop', 'show'], { ok: false }).stdout.trimEnd() : '';
    if (drops) parts.push('packets that ended in it:', ...drops.split('\n').map((l) => `  ${l}`));
    return parts.join('\n');
  }

  /** One of our commands against the lab's daemon, or the one that listens at `options.socket`. */
  tool(name, args, options = {}) {
    const done = spawnSync(path.join(root, 'bin', name), args, {
      encoding: 'utf8', env: { ...process.env, DPVS_IPC_FILE: options.socket ?? this.socket }, input: options.input, timeout: 30_000, maxBuffer: 1 << 28,
    });
    if ((options.ok ?? true) && done.status !== 0)
      throw new StepError(`${name} ${args.join(' ')}: exit status ${done.status}`, `${done.stdout}${done.stderr}`.trim());
    return { stdout: done.stdout ?? '', stderr: done.stderr ?? '', status: done.status };
  }

  ipvsadm(...args) {
    return this.tool('ipvsadm', args).stdout;
  }

  dpip(...args) {
    return this.tool('dpip', args).stdout;
  }

  /** The commands that turn the empty daemon into a FullNAT balancer for a TCP port, IPv4 and IPv6. */
  fullnatCommands({ port = 80, scheduler = 'rr' } = {}) {
    const service = (af) => serviceCommands({ af, port, scheduler, servers: serverAddresses(af, this.servers) });
    return [...addressCommands(), ...service(4), ...service(6)];
  }

  configure(commands = this.fullnatCommands()) {
    for (const [name, ...args] of commands) this.tool(name, args);
  }

  /** The same, ipvsadm's commands in one batch: quicker when there are many. */
  configureAtOnce(commands) {
    this.configure(commands.filter(([name]) => name !== 'ipvsadm'));
    const lines = commands.filter(([name]) => name === 'ipvsadm').map(([, ...args]) => args.join(' '));
    this.tool('ipvsadm', ['-R'], { input: `${lines.join('\n')}\n` });
  }

  /** Whole lab up: network, web servers, daemon. */
  async open({ web = true, configure = true } = {}) {
    try {
      this.makeNetwork();
      if (web) await this.startWeb();
      await this.startDaemon();
      if (configure) this.configure();
    } catch (error) {
      await this.close();
      throw error;
    }
    return this;
  }

  /** Stops everything and removes every trace. */
  async close() {
    await this.stopDaemon();
    for (const child of this.children) child.kill('SIGTERM');
    await Promise.race([Promise.all([...this.children].map((c) => c.done)), sleep(1000)]);
    for (const name of this.namespaces) removeNamespace(name);
    this.namespaces = [];
    rmSync(this.dir, { recursive: true, force: true });
  }
}
