// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,golden,contract,abi}/**/*.test.ts'],
    // Processes, not threads: tests open and close file descriptors that the addon received.
    pool: 'forks',
    maxWorkers: 2,
  },
});
