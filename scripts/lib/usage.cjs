// SPDX-License-Identifier: Apache-2.0
'use strict';
// Loaded into a command with NODE_OPTIONS=--require: writes to the file that USAGE_FILE names what the process cost when it ends. The
// high-water mark of /proc is of this program alone; that of wait4 would have the memory of whoever started it in it.
const fs = require('node:fs');

const file = process.env.USAGE_FILE;
if (file !== undefined) {
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync('/proc/self/status', 'latin1'))[1]);
    fs.writeFileSync(file, JSON.stringify({ userMs: user / 1000, systemMs: system / 1000, peakBytes: peak * 1024 }));
  });
}
