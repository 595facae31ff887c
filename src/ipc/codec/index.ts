// SPDX-License-Identifier: Apache-2.0
// Structures of the control ABI to and from bytes.
export { decode, decodeArray } from './decode';
export { encode, encodeInto, type DeepPartial } from './encode';
export { EncodeError, ShortReplyError } from './errors';
export * from './layout.generated';
export { offsetOf, type StructName } from './table';
