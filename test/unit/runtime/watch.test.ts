// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { CommandError } from '../../../src/cli/runtime';
import { frame, nextDue, timeText, watch, type WatchOptions } from '../../../src/cli/runtime/watch';
import { collectingIo, type CollectingIo } from '../../support/io';

const OPTIONS: WatchOptions = { intervalMs: 2000, count: 3, title: 'ipvsadm --list', separator: '\n', redraws: true, paint: null };

/** An outside whose clock only moves when somebody sleeps, or a test moves it. */
function stopped(changes: Parameters<typeof collectingIo>[0] = {}): CollectingIo & { clock: { now: number; readonly slept: number[] } } {
  const clock = { now: 1000, slept: [] as number[] };
  const io = collectingIo({
    now: () => clock.now,
    sleep: (ms) => {
      clock.slept.push(ms);
      clock.now += ms;
      return Promise.resolve();
    },
    ...changes,
  });
  return Object.assign(io, { clock });
}

describe('IB-04 lists that are repeated', () => {
  it('follow each other behind an empty line where there is no terminal', async () => {
    const io = stopped();
    let n = 0;
    const status = await watch(io, OPTIONS, ({ stdout }) => {
      n += 1;
      stdout.write(`list ${n}\n`);
      return 0;
    });
    expect([status, io.printed.stdout]).toEqual([0, 'list 1\n\nlist 2\n\nlist 3\n']);
    expect(io.clock.slept).toEqual([2000, 2000]);
  });

  it('keep to their times although lists take time, and leave out what they missed', async () => {
    const io = stopped();
    const took = [300, 300, 4500, 0, 0];
    const began: number[] = [];
    await watch(io, { ...OPTIONS, count: 5 }, () => {
      began.push(io.clock.now);
      io.clock.now += took[began.length - 1] ?? 0;
      return 0;
    });
    expect(began).toEqual([1000, 3000, 5000, 11000, 13000]);
  });

  it.each([
    [2000, 1999.5, 2000],
    [2000, 2000, 4000],
    [2000, 9000, 10_000],
  ])('are due at %d or later: at %d the next one is due at %d', (due, now, next) => {
    expect(nextDue(due, now, 2000)).toBe(next);
  });

  it('go on after a failure, which the exit status tells', async () => {
    const io = stopped();
    let n = 0;
    const status = await watch(io, OPTIONS, ({ stdout }) => {
      n += 1;
      if (n === 2) throw new CommandError('no daemon', 2);
      stdout.write(`list ${n}\n`);
      return 0;
    });
    expect([status, io.printed]).toEqual([2, { stdout: 'list 1\n\n\nlist 3\n', stderr: 'no daemon\n' }]);
  });

  it('do not begin if the first one fails, and do not hide defects', async () => {
    const io = stopped();
    await expect(watch(io, OPTIONS, () => Promise.reject(new CommandError('no daemon', 2)))).rejects.toThrow('no daemon');
    let n = 0;
    const defect = (): number => {
      n += 1;
      if (n === 2) throw new TypeError('defect');
      return 0;
    };
    await expect(watch(io, OPTIONS, defect)).rejects.toThrow(TypeError);
  });

  it('need no more memory after many than after a few', async () => {
    let length = 0;
    const io = stopped({ stdout: { write: (text) => void (length += text.length) }, terminalSize: () => ({ columns: 80, rows: 24 }) });
    const line = `${'x'.repeat(200)}\n`;
    const used: number[] = [];
    await watch(io, { ...OPTIONS, count: 400 }, ({ stdout }) => {
      for (let i = 0; i < 500; i += 1) stdout.write(line);
      used.push(process.memoryUsage().heapUsed);
      return 0;
    });
    io.clock.slept.length = 0;
    const lowest = (from: number, to: number): number => Math.min(...used.slice(from, to));
    expect(lowest(300, 400) - lowest(0, 100)).toBeLessThan(8 << 20);
    expect(length).toBeLessThan(400 * 24 * 100);
  });
});

describe('IB-04 on a terminal a list', () => {
  const size = { columns: 40, rows: 5 };
  /** Lines of a screen after what was written to it. */
  const visible = (text: string): string[] => text.slice(text.lastIndexOf('\u001b[H') + 3).replace('\u001b[J', '').split('\u001b[K\n').map((line) => line.replace('\u001b[K', ''));

  it('starts at the top, clears only behind its lines and below, and has a title with interval and time', async () => {
    const io = stopped({ terminalSize: () => size });
    await watch(io, { ...OPTIONS, count: 2 }, ({ stdout }) => {
      stdout.write('one\ntw');
      stdout.write('o\n');
      return 0;
    });
    const [before = '', first = '', second = ''] = io.printed.stdout.split('\u001b[H');
    expect(before).toBe('\n'.repeat(4));
    expect(first).toMatch(/^ipvsadm --list, every 2 s {2}\d{4}-\d\d-\d\d \d\S{0,4}\u001b\[K\none\u001b\[K\ntwo\u001b\[K\u001b\[J$/);
   
    expect(second.replace(/^.*\n/, '')).toBe('one\u001b[K\ntwo\u001b[K\u001b[J\n');
  });

  it('is cut to its size, and says how much is left out', async () => {
    const io = stopped({ terminalSize: () => size });
    await watch(io, { ...OPTIONS, count: 1 }, ({ stdout }) => {
      for (let i = 1; i <= 100; i += 1) stdout.write(`line ${i} ${'.'.repeat(100)}\n`);
      return 0;
    });
    const lines = visible(io.printed.stdout.trimEnd());
    expect(lines).toHaveLength(5);
    expect(Math.max(...lines.map((line) => line.length))).toBe(39);
    expect(lines.slice(1).map((line) => line.slice(0, 8))).toEqual(['line 1 .', 'line 2 .', 'line 3 .', '(97 more']);
    expect(lines[4]).toBe('(97 more lines)');
  });

  it('shows what went wrong above it, inside the frame', async () => {
    const io = stopped({ terminalSize: () => size });
    await watch(io, { ...OPTIONS, count: 1 }, ({ stdout, stderr }) => {
      stdout.write('a list\n');
      stderr.write('10.0.0.1:80: gone\n');
      return 1;
    });
    expect(visible(io.printed.stdout.trimEnd()).slice(1)).toEqual(['10.0.0.1:80: gone', 'a list']);
    expect(io.printed.stderr).toBe('');
  });

  it('fits into any size', () => {
    expect(visible(frame({ columns: 1, rows: 1 }, 'title', ['abc'], 1, null))).toEqual(['t', 'a']);
  });
});

it('prints times as people sort them', () => {
  expect(timeText(new Date(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03:04:05');
});
