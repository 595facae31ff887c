// SPDX-License-Identifier: Apache-2.0
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,mjs}'],
    // Processes, not threads: tests open and close file descriptors that the addon received.
    pool: 'forks',
    // Tests that start daemons share two cores; anything more at once only measures the machine.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
