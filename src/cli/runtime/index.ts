// SPDX-License-Identifier: Apache-2.0
// What every command needs from the process it runs in.
export { CommandError } from './errors';
export { deriveIo, type Io, type Main, type Output, type TransportChoice } from './io';
export { run } from './run';
