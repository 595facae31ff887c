// SPDX-License-Identifier: Apache-2.0
// npm run vm [-- COMMAND...]: runs a command, by default the lab of the kernel path, as root in a virtual machine with Debian's kernel. Its files are
// those of this machine; what it writes is gone when it ends. For what a machine's own kernel lacks: /dev/vhost-net, filters that
// carry flow rules of net_tap. QEMU interprets (no KVM), so it is for behaviour, not for speed. Needs root and 8 GiB of memory.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bootstrap } from './lib/bootstrap.mjs';
import { fail, root, StepError } from './lib/steps.mjs';

const MEMORY = '6g';
const CPUS = 2;
const LIMIT_MS = 15 * 60_000;
/** What the first files of the machine need, in the order of loading. */
const FIRST = ['virtio_ring', 'virtio', 'virtio_pci_legacy_dev', 'virtio_pci_modern_dev', 'virtio_pci', 'netfs', 'fscache', '9pnet', '9pnet_virtio', '9p', 'overlay'];
/** For tests in it; there is no udev that would load them. */
const LATER = ['tun', 'vhost_net', 'veth', 'nf_tables', 'sch_multiq', 'cls_flower', 'act_skbedit'];
const DONE = 'exit status of the command: ';

const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;

function sh(dir, command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: dir, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (done.error || done.status !== 0) throw new StepError(`${command} ${args.join(' ')}`, done.error?.message ?? done.stderr.slice(-500), 'run it by hand to see why');
  return done.stdout;
}

/** Debian's kernel, unpacked and not installed. @returns the folder of its modules */
function unpackKernel(dir) {
  const name = /Depends: (linux-image-\S+)/.exec(sh(dir, 'apt-cache', ['depends', 'linux-image-amd64']))?.[1];
  if (name === undefined) throw new StepError('no package linux-image-amd64', '', 'run apt-get update');
  sh(dir, 'apt-get', ['download', '-q', name]);
  const file = readdirSync(dir).find((entry) => entry.startsWith(name));
  sh(dir, 'dpkg', ['-x', file, 'kernel']);
  rmSync(path.join(dir, file));
  const release = readdirSync(path.join(dir, 'kernel/lib/modules'))[0];
  sh(dir, '/sbin/depmod', ['-b', 'kernel', release]);
  return path.join(dir, 'kernel/lib/modules', release);
}

function moduleFile(modules, name) {
  const line = readFileSync(path.join(modules, 'modules.dep'), 'utf8').split('\n').find((text) => text.split(':')[0].endsWith(`/${name}.ko`));
  if (line === undefined) throw new StepError(`the kernel has no module ${name}`, modules, 'choose another kernel');
  return path.join(modules, line.split(':')[0]);
}

/** Mounts this machine's files below a layer in memory, and goes there. */
const initText = (dir) => `#!/bin/busybox sh
export PATH=/bin; /bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
for m in ${FIRST.join(' ')}; do insmod /modules/$m.ko; done
mount -t tmpfs -o size=3g ram /ram; mkdir /ram/upper /ram/work
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=524288,cache=loose host /lower
mount -t overlay -o lowerdir=/lower,upperdir=/ram/upper,workdir=/ram/work overlay /merged
for at in proc sys dev; do mount --move /$at /merged/$at; done
mkdir -p /merged/dev/shm /merged/dev/pts /merged/usr/lib/modules
for at in dev/shm run tmp; do mount -t tmpfs tmpfs /merged/$at; done
mount -t devpts devpts /merged/dev/pts
mount --bind /lower${dir}/kernel/lib/modules /merged/usr/lib/modules
cp /run.sh /merged/run/run.sh
exec switch_root /merged /bin/sh /run/run.sh
`;

const runText = (words) => `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1 CI=1
ip link set lo up
for m in ${LATER.join(' ')}; do modprobe $m; done
cd ${quote(root)}
${words.map(quote).join(' ')}
echo "${DONE}$?"
poweroff -f
`;

function makeInitrd(dir, modules, words) {
  const files = path.join(dir, 'initrd');
  for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'lower', 'ram', 'merged']) mkdirSync(path.join(files, name), { recursive: true });
  copyFileSync('/bin/busybox', path.join(files, 'bin/busybox'));
  for (const name of FIRST) copyFileSync(moduleFile(modules, name), path.join(files, 'modules', `${name}.ko`));
  writeFileSync(path.join(files, 'init'), initText(dir));
  writeFileSync(path.join(files, 'run.sh'), runText(words));
  chmodSync(path.join(files, 'init'), 0o755);
  sh(files, 'sh', ['-c', 'find . | cpio -o -H newc --quiet | gzip -1 > ../initrd.gz']);
}

function boot(dir) {
  const image = readdirSync(path.join(dir, 'kernel/boot')).find((name) => name.startsWith('vmlinuz-'));
  const done = spawnSync('qemu-system-x86_64', [
    '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(CPUS), '-m', MEMORY, '-display', 'none', '-no-reboot', '-nic', 'none', '-monitor', 'none',
    '-serial', 'stdio', '-kernel', path.join(dir, 'kernel/boot', image), '-initrd', path.join(dir, 'initrd.gz'), '-append', 'console=ttyS0 panic=-1 quiet',
    '-virtfs', 'local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap',
  ], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1 << 28, timeout: LIMIT_MS }); // prettier-ignore
  process.stdout.write(done.stdout);
  const status = new RegExp(`${DONE}(\\d+)`).exec(done.stdout)?.[1];
  if (status === undefined) throw new StepError('the virtual machine ended before the command did', done.error?.message ?? `status ${done.status}`, 'its last lines say why');
  return Number(status);
}

async function main(words) {
  await bootstrap('vm');
  // Not below /tmp, which is the machine's own in there.
  const dir = mkdtempSync(path.join(existsSync('/var/tmp') ? '/var/tmp' : tmpdir(), 'dpvs-vm-'));
  try {
    makeInitrd(dir, unpackKernel(dir), words.length > 0 ? words : ['npx', 'vitest', 'run', '--testTimeout', '200000', '--hookTimeout', '300000', 'test/lab/kernel']);
    return boot(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  fail(error);
}
