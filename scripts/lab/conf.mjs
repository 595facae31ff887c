// SPDX-License-Identifier: Apache-2.0
// The director's configuration file and command line. Two ports over af_packet, no huge pages, workers that sleep when idle.
import os from 'node:os';
import path from 'node:path';

function device(name, queues) {
  return `    <init> device ${name} {
        rx {
            queue_number ${queues}
            descriptor_number 256
        }
        tx {
            queue_number ${queues}
            descriptor_number 512
        }
    }
`;
}

function worker(i, queues) {
  const mine = i < queues ? [i] : [];
  const port = (name) => `        port ${name} {\n            rx_queue_ids ${mine.join(' ')}\n            tx_queue_ids ${mine.join(' ')}\n        }\n`;
  return `    <init> worker cpu${i + 1} {\n        type slave\n        cpu_id ${i + 1}\n${port('dpdk0')}${port('dpdk1')}    }\n`;
}

/** @param {{log: string, workers: number, queues: number, kernelLcore: boolean, extra: string}} options extra: more blocks. */
export function confText({ log, workers, queues, kernelLcore, extra }) {
  const kni = kernelLcore ? `    <init> worker cpu${workers + 1} {\n        type kni\n        cpu_id ${workers + 1}\n    }\n` : '';
  return `! configuration of a lab director
global_defs {
    log_level INFO
    log_file ${log}
    idle_mode sleep
}
netif_defs {
    <init> pktpool_size 16383
    <init> pktpool_cache 256
${device('dpdk0', queues)}${device('dpdk1', queues)}}
worker_defs {
    <init> worker cpu0 {
        type master
        cpu_id 0
    }
${Array.from({ length: workers }, (_, i) => worker(i, queues)).join('')}${kni}}
ipvs_defs {
    conn {
        <init> conn_pool_size 65535
    }
}
${extra}`;
}

/** @param {{dir: string, socket: string, workers: number, queues: number, kernelLcore: boolean}} options */
export function daemonArgs({ dir, socket, workers, queues, kernelLcore, memory, lanDevice }) {
  const lcores = ['0@0', ...Array.from({ length: workers + (kernelLcore ? 1 : 0) }, (_, i) => `${i + 1}@${(i + 1) % os.cpus().length}`)].join(',');
  const port = (n, iface) => ['--vdev', `net_af_packet${n},iface=${iface},qpairs=${queues}`];
  return ['-c', path.join(dir, 'dpvs.conf'), '-p', path.join(dir, 'dpvs.pid'), '-x', socket, '--',
    ...memory, '--no-pci', '--no-telemetry', '--lcores', lcores, ...port(0, 'wan'), ...(lanDevice ? ['--vdev', lanDevice] : port(1, 'lan'))];
}
