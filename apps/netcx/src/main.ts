#!/usr/bin/env node
/*
 * Owns: the process: its streams, its signals, its exit code. Everything else is program.ts.
 */
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
// A reader that closes its pipe, such as `head`, has seen enough: that is no reason to stop writing the capture.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const { env, stdout } = process;
process.exitCode = await run(process.argv.slice(2), {
  stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  folder: process.cwd(),
  colour: env['FORCE_COLOR'] !== undefined || (stdout.isTTY && env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb'),
  signal: ends.signal,
});
