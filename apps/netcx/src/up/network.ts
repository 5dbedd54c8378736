/*
 * Owns: the network that `netcx up` gives: the addresses that passt hands out and the interface is given, and programs that are
 * run for it.
 * Invariant: the same numbers on both sides; nothing of the host's own addresses is needed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { CommandError } from '../exit-code.ts';

/** Addresses on the inside; the gateway stands for the host itself. */
export const NETWORK = { address: '10.0.2.15', prefix: 24, gateway: '10.0.2.2' } as const;

/**
 * @param child - a program that was started
 * @returns its exit code; 128 and the signal's number when a signal ended it, as a shell says it
 * @throws when it could not be started
 */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}

/**
 * Runs a program to its end, quietly.
 *
 * @param program - its name
 * @param args - its arguments
 * @throws CommandError when it is not there or fails, with what it said
 */
export async function runQuietly(program: string, ...args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const code = await exitOf(child).catch((error: unknown) => missing(program, error));
  if (code !== 0) throw new CommandError(`${program} ${args.join(' ')} ended with ${code}: ${said.trim()}`);
}

/**
 * @param program - its name
 * @param error - why it could not be started
 * @throws CommandError that says what to install
 */
export function missing(program: string, error: unknown): never {
  const packages: Record<string, string> = { ip: 'iproute2', passt: 'passt', unshare: 'util-linux' };
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  const name = packages[program];
  throw new CommandError(
    `${program} is not there${name === undefined ? '' : `; on Debian it comes with: apt install ${name}`}`,
  );
}
