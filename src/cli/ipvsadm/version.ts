// SPDX-License-Identifier: Apache-2.0
import { version } from '../../../package.json';

const RELEASED = '2026/11/23';

/** Scripts take the second word. */
export const VERSION_LINE = `ipvsadm v${version} ${RELEASED} (dpvs-suite, control protocol of DPVS v1.10)\n`;

/** The same for programs (docs/json.md). */
export const VERSION_DOCUMENT = { tool: 'ipvsadm', package: 'dpvs-suite', version, released: RELEASED, protocol: 'DPVS v1.10' } as const;
