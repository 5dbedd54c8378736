/*
 * Owns: the half of `netcx up` that runs outside: passt, which stands for the rest of the world, a socket to it, and the other
 * half in namespaces of its own.
 * Invariant: whatever ends it, passt ends and the socket's folder goes. No privilege is needed, and none is used.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CommandError } from '../exit-code.ts';
import { FOLDER_VARIABLE, statusFolder } from '../status/status-socket.ts';
import type { Terminal } from '../terminal.ts';
import { exitOf, missing, NETWORK } from './network.ts';

/** How long passt may take until its socket is there, and until it has ended. */
const PATIENCE = 5000;
/** Whom passt runs as when root starts it. */
const NOBODY = 65_534;

/** How the two halves are run. */
export interface UpSettings {
  readonly passt: string;
  /** Arguments of this program for the half that runs inside, given the path of passt's socket. */
  readonly inside: (socket: string) => readonly string[];
}

/**
 * @param settings - what to run
 * @param terminal - the world around
 * @returns the exit code of the user's command
 * @throws CommandError when passt or the namespaces cannot be had
 */
export async function runUp(settings: UpSettings, terminal: Terminal): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'netcx-up-'));
  const socket = join(folder, 'passt.sock');
  let passt: ChildProcess | undefined;
  try {
    if (process.getuid?.() === 0) await chown(folder, NOBODY, NOBODY);
    passt = await startPasst(settings.passt, socket);
    return await runNamespaced(settings.inside(socket), terminal.signal);
  } finally {
    await stop(passt);
    await rm(folder, { recursive: true, force: true });
  }
}

async function startPasst(program: string, socket: string): Promise<ChildProcess> {
  const { address, prefix, gateway } = NETWORK;
  const args = ['--foreground', '--one-off', '--quiet', '--stderr', '--socket', socket];
  const addresses = ['--address', address, '--netmask', String(prefix), '--gateway', gateway];
  // Its own process group: the user's Ctrl-C is for the command inside, and passt ends after it.
  const child = spawn(program, [...args, ...addresses], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  let ended: number | undefined;
  let failure: Error | undefined;
  child.once('error', (error) => (failure = error));
  child.once('exit', (code) => (ended = code ?? 1));
  const limit = performance.now() + PATIENCE;
  while (!existsSync(socket)) {
    if (failure !== undefined) missing(program, failure);
    if (ended !== undefined || performance.now() > limit)
      throw new CommandError(
        `${program} makes no socket at ${socket}: ${said.trim() || `it ended with ${String(ended)}`}`,
      );
    await wait(20);
  }
  return child;
}

async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const ended = exitOf(child);
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  await ended;
  clearTimeout(insist);
}

/** Runs this program again, as root of namespaces of its own. */
async function runNamespaced(args: readonly string[], signal: AbortSignal): Promise<number> {
  const [, script = ''] = process.argv;
  const again = [process.execPath, ...process.execArgv, script, ...args];
  const child = spawn('unshare', ['--user', '--map-root-user', '--net', '--', ...again], {
    stdio: 'inherit',
    // Inside, this user is another one: root.
    env: { ...process.env, [FOLDER_VARIABLE]: statusFolder() },
  });
  const end = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  try {
    return await exitOf(child).catch((error: unknown) => missing('unshare', error));
  } finally {
    signal.removeEventListener('abort', end);
  }
}
