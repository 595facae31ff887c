// SPDX-License-Identifier: Apache-2.0
// What every command needs from the process it runs in.
export { CommandError } from './errors';
export type { Io, Main, Output } from './io';
export { run } from './run';
