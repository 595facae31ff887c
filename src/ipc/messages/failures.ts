// SPDX-License-Identifier: Apache-2.0
// What commands need to tell their users why a request failed.
export { EDPVS, errorTexts, ShortReplyError } from '../codec';
export { CorruptReplyError } from './lists';
