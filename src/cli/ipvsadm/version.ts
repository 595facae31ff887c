// SPDX-License-Identifier: Apache-2.0
import { version } from '../../../package.json';

const RELEASED = '2026/11/23';

/** Scripts take the second word. */
export const VERSION_LINE = `ipvsadm v${version} ${RELEASED} (dpvs-suite, control protocol of DPVS v1.10)\n`;
