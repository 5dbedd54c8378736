/*
 * Owns: the half of `netcx up` that runs in a network namespace of its own: interface, driver and NIC, whose wire leads to
 * passt on the outside, and the user's command above them.
 * Invariant: when the command has ended, or could not begin, everything is taken down again.
 */
import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import type { Events } from '../events.ts';
import { tellReady, withTaps, type TapSettings } from '../tap/tap-job.ts';
import { exitOf, missing, NETWORK, runQuietly } from './network.ts';

/** How long the link may take to come up. */
const PATIENCE = 10_000;

/**
 * @param settings - the interface and its wire
 * @param command - a program and its arguments
 * @param events - told of what happens
 * @param signal - the user wants an end
 * @returns the command's exit code
 * @throws CommandError, TapError, WireError when something cannot be set up
 */
export async function runInside(
  settings: TapSettings,
  command: readonly string[],
  events: Events,
  signal: AbortSignal,
): Promise<number> {
  const summary = await withTaps(settings, events, async ([tap], counters) => {
    const name = tap?.name ?? '';
    const { address, prefix, gateway } = NETWORK;
    await runQuietly('ip', 'link', 'set', 'lo', 'up');
    await runQuietly('ip', 'addr', 'add', `${address}/${prefix}`, 'dev', name);
    await runQuietly('ip', 'route', 'add', 'default', 'via', gateway, 'dev', name);
    const limit = performance.now() + PATIENCE;
    while (tap?.linkUp() !== true && performance.now() < limit) await wait(20);
    if (tap !== undefined) tellReady(events, tap, settings.mtu, true);
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: 'inherit' });
    const end = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', end, { once: true });
    try {
      const exitCode = await exitOf(child).catch((error: unknown) => missing(program, error));
      return { exitCode, counters: counters() };
    } finally {
      signal.removeEventListener('abort', end);
    }
  });
  events.tell({ event: 'summary', ...summary }, '');
  return summary.exitCode;
}
