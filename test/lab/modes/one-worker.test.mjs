// SPDX-License-Identifier: Apache-2.0
import { everyMode } from './suite.mjs';

everyMode({ workers: 1 });
