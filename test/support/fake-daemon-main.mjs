// SPDX-License-Identifier: Apache-2.0
// The socket side of the fake daemon. Runs in a thread or process of its own, because clients block theirs. Plain
// JavaScript, so that node can start it without a build.
import { createServer } from 'node:net';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

const HEADER = 24;
const HELLO = 0x44530000;

/** True when the answer of a step is that of a daemon of old, which does not know what HELLO is. */
function ignoresHello(step) {
  return step.reply !== undefined && step.reply.length >= 8 && Buffer.from(step.reply).readUInt32LE(4) !== HELLO;
}

/** Handles one connection as `step` says, see Step in fake-daemon.ts. `giveBack`: the step was not used. */
function handle(socket, step, record, giveBack) {
  // Long requests come in thousands of pieces: they are put together once.
  const pieces = [];
  let have = 0;
  let answered = false;
  socket.on('error', () => socket.destroy());
  if (step.closeAtOnce) return void socket.destroy();
  socket.on('data', (chunk) => {
    pieces.push(chunk);
    have += chunk.length;
    if (answered || have < HEADER) return;
    if (pieces[0].length < HEADER) pieces.splice(0, pieces.length, Buffer.concat(pieces));
    const len = Number(pieces[0].readBigUInt64LE(16));
    if (!step.ignoreBody && have < HEADER + len) return;
    answered = true;
    const received = Buffer.concat(pieces);
    if (step.ignoreBody) socket.pause();
    const id = received.readUInt32LE(4);
    if (id === HELLO && ignoresHello(step)) {
      giveBack();
      return void socket.destroy();
    }
    record({
      version: received.readUInt32LE(0),
      id,
      type: received.readInt32LE(8),
      len,
      body: received.subarray(HEADER, HEADER + len),
    });
    const chosen = step.byId === undefined ? step : { reply: step.byId[id] };
    if (!chosen.delayMs) answer(socket, chosen);
    else setTimeout(() => answer(socket, chosen), chosen.delayMs);
  });
}

function answer(socket, step) {
  const reply = Buffer.from(step.reply ?? []);
  const bytes = step.cut === undefined ? reply : reply.subarray(0, step.cut);
  if (step.chunk === undefined) {
    if (step.ignoreBody) socket.write(bytes, () => socket.destroy());
    else if (step.stall) socket.write(bytes);
    else socket.end(bytes);
    return;
  }
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length) return void socket.write(bytes.subarray(at, (at += step.chunk)));
    clearInterval(timer);
    if (!step.stall) socket.end();
  }, 1);
}

/** Serves on `path`; connection n gets steps[n], and they start over when `repeat` is set. */
export function serve({ path, steps, repeat = false, backlog = 128 }, record = () => {}) {
  let n = 0;
  const server = createServer((socket) => {
    const step = steps[repeat ? n % steps.length : n] ?? { closeAtOnce: true };
    n += 1;
    handle(socket, step, record, () => (n -= 1));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, backlog }, () => resolve(server));
  });
}

if (!isMainThread && workerData?.fakeDaemon !== undefined) {
  const requests = [];
  const server = await serve(workerData.fakeDaemon, (request) => requests.push(request));
  parentPort.on('message', (question) => {
    if (question === 'requests') parentPort.postMessage({ requests });
    else server.close();
  });
  parentPort.postMessage({ ready: true });
}
