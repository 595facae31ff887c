// SPDX-License-Identifier: Apache-2.0
// A daemon in memory as a process: PATH of its socket, and "extensions" if it shall have them. Says "ready" when it can be asked.
import { MemoryDaemon } from './extension-daemon';
import { serveMemory } from './memory-server';

const [path = '', mode] = process.argv.slice(2);
await serveMemory(new MemoryDaemon({ extensions: mode === 'extensions', infoVersion: 0x010a02 }), path);
process.stdout.write('ready\n');
