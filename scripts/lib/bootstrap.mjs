// SPDX-License-Identifier: Apache-2.0
// Makes a fresh Debian machine able to build and run everything: Debian packages, npm packages, commands, addon, data plane.
// Each part is skipped when nothing has changed since it was done.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, run, runLong, step, StepError } from './steps.mjs';

const BUILD = ['build-essential', 'python3', 'pkg-config', 'meson', 'ninja-build', 'libdpdk-dev', 'libpcap-dev', 'libcmocka-dev', 'libmd-dev'];
const LAB = ['iproute2', 'ethtool', 'nginx-light', 'curl', 'tcpdump', 'iputils-ping', 'procps'];
const TEST = ['iperf3', 'bind9-dnsutils', 'dnsmasq-base', 'clang', 'libclang-rt-14-dev', 'zsh', 'fish', 'mandoc', 'haproxy', 'bird2', 'nftables', 'libbpf-dev', 'dpdk-dev', 'valgrind'];

const VM = ['qemu-system-x86', 'busybox-static', 'cpio', 'kmod'];

/** Debian packages by what somebody wants to do. */
export const PACKAGES = { demo: [...BUILD, ...LAB], test: [...BUILD, ...LAB, ...TEST], bench: [...BUILD, ...LAB], vm: [...BUILD, ...LAB, ...TEST, ...VM] };

function missingPackages(wanted) {
  const listed = run('sh', ['-c', "dpkg-query -W -f='${Package} ${db:Status-Abbrev}\\n' 2>/dev/null || true"]);
  const installed = new Set(listed.split('\n').filter((l) => l.includes(' ii')).map((l) => l.split(' ')[0]));
  return wanted.filter((name) => !installed.has(name));
}

async function debianPackages(wanted) {
  const missing = missingPackages(wanted);
  if (missing.length === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step(`installing Debian packages: ${missing.join(' ')}`, async () => {
    const remedy = 'check the network and /etc/apt/sources.list, then try again';
    await runLong('apt-get', ['update', '-q'], { env, remedy });
    // Services that come with packages must not start: the lab starts its own in its namespaces.
    const policy = '/usr/sbin/policy-rc.d';
    const guard = !existsSync(policy);
    if (guard) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    try {
      await runLong('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...missing], { env, remedy });
    } finally {
      if (guard) run('rm', ['-f', policy]);
    }
  });
}

async function npmPackages() {
  const lock = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json'))).digest('hex');
  const stamp = path.join(root, 'node_modules', '.lock-stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  await step('installing npm packages (npm ci)', async () => {
    await runLong('npm', ['ci', '--no-audit', '--no-fund'], { remedy: 'check that the npm registry can be reached' });
    writeFileSync(stamp, lock);
  });
}

/** Configures and builds the data plane in dataplane/<dir>. Returns the path of the daemon. */
export async function buildDataplane({ dir = 'build', options = [], env = {}, targets = [], title = 'data plane' } = {}) {
  const build = path.join(root, 'dataplane', dir);
  await step(`building the ${title} (meson, ninja)`, async () => {
    const all = { ...process.env, ...env };
    if (!existsSync(path.join(build, 'build.ninja'))) {
      await runLong('meson', ['setup', build, path.join(root, 'dataplane'), ...options], {
        env: all,
        remedy: 'read the last lines; a missing dependency is a Debian package that could not be installed',
      });
    }
    await runLong('ninja', ['-C', build, ...targets], { env: all, remedy: `see the compiler's message above` });
  });
  return path.join(build, 'src/main/dpvs');
}

/** Everything that `purpose` (demo, test, bench, vm) needs. */
export async function bootstrap(purpose) {
  if (process.getuid?.() !== 0)
    throw new StepError('this needs root', 'it installs packages and makes network namespaces', 'run it as root, for example with sudo -E');
  if (os.platform() !== 'linux' || !existsSync('/usr/bin/apt-get'))
    throw new StepError('this needs Debian 12 or a relative with apt-get', `this is ${os.platform()} ${os.release()}`, 'use a Debian machine or container');
  await debianPackages(PACKAGES[purpose]);
  await npmPackages();
  await step('building commands and addon', () => runLong('node', ['scripts/build.mjs']).then(() => undefined));
  // Unit tests are half of the work of building and nothing that a demo needs.
  await buildDataplane({ targets: purpose === 'test' ? [] : ['src/main/dpvs'] });
}
