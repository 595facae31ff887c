// SPDX-License-Identifier: Apache-2.0
import { connectTransport, IpcError, type Transport } from '../../ipc/client';
import { CommandError } from './errors';
import type { Io, Main, TerminalSize, TransportChoice } from './io';
import { BrokenPipeError, BufferedOutput, ErrorOutput, readPieces } from './stdio';

/** Exit status for a defect of this program (sysexits.h, EX_SOFTWARE). */
const EXIT_DEFECT = 70;

/** Exit status after Ctrl-C, as shells have it. */
const EXIT_INTERRUPTED = 130;

function programName(): string {
  const script = process.argv[1] ?? 'node';
  return script.slice(script.lastIndexOf('/') + 1);
}

class ProcessIo implements Io {
  readonly stdout = new BufferedOutput(1);
  readonly stderr = new ErrorOutput(this.stdout);
  readonly env = process.env;
  readonly argv0 = programName();
  readonly #transports = new Map<string, Transport>();

  get isTTY(): boolean {
    // Asked for seldom: node loads its network code for it.
    return process.stdout.isTTY === true;
  }

  stdin(): Iterable<Uint8Array> {
    return readPieces(0);
  }

  terminalSize(): TerminalSize | null {
    if (!this.isTTY) return null;
    const { columns, rows } = process.stdout;
    // A terminal that does not know its size says 0.
    return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
  }

  now(): number {
    return performance.now();
  }

  sleep(ms: number, interrupted?: () => void): Promise<void> {
    return new Promise((resolve) => {
      const interrupt = (): never => {
        // Behind the ^C that the terminal shows.
        if (this.isTTY) this.#endLine();
        interrupted?.();
        process.exit(EXIT_INTERRUPTED);
      };
      process.once('SIGINT', interrupt);
      this.stdout.flush();
      setTimeout(() => {
        // Whatever comes next may block: then the signal ends the process as it ends all others.
        process.off('SIGINT', interrupt);
        resolve();
      }, ms);
    });
  }

  #endLine(): void {
    try {
      this.stdout.write('\n');
      this.stdout.flush();
    } catch {
      // The terminal is gone; so will be the process.
    }
  }

  transport(choice: TransportChoice = {}): Transport {
    const { path, timeoutMs } = choice;
    const key = `${timeoutMs ?? ''} ${path ?? ''}`;
    let transport = this.#transports.get(key);
    if (transport === undefined) {
      transport = connectTransport({ ...(path === undefined ? {} : { path }), ...(timeoutMs === undefined ? {} : { timeoutMs }) });
      this.#transports.set(key, transport);
    }
    return transport;
  }
}

/** Prints what went wrong; @returns the exit status. */
function report(error: unknown, io: ProcessIo): number {
  if (error instanceof BrokenPipeError) return 0;
  if (error instanceof CommandError) {
    if (error.message !== '') io.stderr.write(`${error.message}\n`);
    if (error.hint !== undefined) io.stderr.write(`${error.hint}\n`);
    return error.exitCode;
  }
  if (error instanceof IpcError) {
    io.stderr.write(`${io.argv0}: ${error.message}\n`);
    return 1;
  }
  if (error instanceof Error && 'syscall' in error) {
    io.stderr.write(`${io.argv0}: ${error.message}\n`);
    return 1;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`${io.argv0}: defect, please report it: ${text}\n`);
  return EXIT_DEFECT;
}

function reportQuietly(error: unknown, io: ProcessIo): number {
  try {
    return report(error, io);
  } catch {
    return 1;
  }
}

function finish(code: number, io: ProcessIo): number {
  try {
    io.stdout.flush();
    return code;
  } catch (error) {
    return reportQuietly(error, io);
  }
}

async function finishLater(result: Promise<number>, io: ProcessIo): Promise<void> {
  let code: number;
  try {
    code = finish(await result, io);
  } catch (error) {
    code = reportQuietly(error, io);
  }
  // Look-ups that are still under way must not keep the process.
  process.exit(code);
}

/**
 * Runs a command as this process: arguments, environment and descriptors in, exit status out. Errors become one line
 * on stderr; a closed stdout ends the run quietly.
 */
export function run(main: Main): void {
  const io = new ProcessIo();
  try {
    const result = main(process.argv.slice(2), io);
    if (typeof result === 'number') process.exitCode = finish(result, io);
    else void finishLater(result, io);
  } catch (error) {
    process.exitCode = reportQuietly(error, io);
  }
}
