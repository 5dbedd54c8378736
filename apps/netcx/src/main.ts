#!/usr/bin/env node
/*
 * Owns: the process: its streams, its signals, its exit code. Everything else is program.ts.
 */
import { ExitCode } from './exit-code.ts';
import { run } from './program.ts';

const ends = new AbortController();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    // The first asks for an end, the second insists.
    if (ends.signal.aborted) process.exit(code);
    ends.abort(code);
  });
}
const unheard = new AbortController();
// A reader that closes its pipe, such as `head`, has seen enough: that is no reason to stop writing the capture. Nor is a full
// disk below the results, but that is said, and is in the exit code.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (unheard.signal.aborted) return;
  unheard.abort();
  if (code === 'EPIPE') return;
  process.exitCode ??= ExitCode.BadInput;
  process.stderr.write(`error: cannot write to standard output: ${message}\n`);
});
process.stderr.on('error', () => undefined); // Nobody is left to be told.

const { env, stdout } = process;
const exitCode = await run(process.argv.slice(2), {
  stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  folder: process.cwd(),
  colour: env['FORCE_COLOR'] !== undefined || (stdout.isTTY && env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'),
  signal: ends.signal,
  unheard: unheard.signal,
});
// The worse of the two is the command's own.
if (exitCode !== ExitCode.Ok) process.exitCode = exitCode;
