/*
 * Owns: `netcx top`: the queues, rings, pools and rates of a running netcx, live in the terminal.
 * Invariant: the terminal is as it was when it ends; the process that is looked at does not notice.
 */
import { Command, InvalidArgumentError } from 'commander';
import { setTimeout as wait } from 'node:timers/promises';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Snapshot } from '../status/snapshot.ts';
import { runningProcesses, StatusClient } from '../status/status-socket.ts';
import type { Terminal } from '../terminal.ts';
import { picture } from '../top/picture.ts';
import { parseWhole } from './numbers.ts';

const CLEAR = '\u001B[H\u001B[2J';
const HIDE_CURSOR = '\u001B[?25l';
const SHOW_CURSOR = '\u001B[?25h';
const COLUMNS = 120;

interface TopArguments {
  readonly interval: number;
  readonly once?: true;
  readonly json?: boolean;
}

const help = `
Looks at a "netcx tap" or "netcx up" of yours that runs; without a number at the newest one.

In a ring's bar # is what the device has, = what the driver has and has not posted, . the framework's.`;

function parsePid(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a process's number.");
}

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function topCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('top')
    .description('Show queues, rings, pools and rates of a running netcx.')
    .argument('[process]', 'which one', parsePid)
    .option('--interval <milliseconds>', 'time between two pictures', parseWhole(100, 60_000), 1000)
    .option('--once', 'one picture, after one interval')
    .option('--json', 'print snapshots as JSON, one a line')
    .addHelpText('after', help)
    .action(async (process: number | undefined, options: TopArguments) => {
      done(await watch(process, options, terminal));
    });
}

async function watch(wanted: number | undefined, options: TopArguments, terminal: Terminal): Promise<number> {
  const { interval, once = false, json = false } = options;
  const { stdout, colour } = terminal;
  // Results are all that there is, so it ends when nobody reads them.
  const signal =
    terminal.unheard === undefined ? terminal.signal : AbortSignal.any([terminal.signal, terminal.unheard]);
  const pid = wanted ?? runningProcesses().at(-1);
  if (pid === undefined)
    throw new CommandError('no netcx of yours runs that could be looked at: start "netcx tap" or "netcx up"');
  const client = await StatusClient.open(pid);
  const live = stdout.isTTY === true && !once && !json;
  try {
    if (live) stdout.write(HIDE_CURSOR);
    let before = await client.ask();
    while (before !== undefined) {
      await wait(interval, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const now: Snapshot | undefined = await client.ask();
      if (now === undefined) break;
      if (json) stdout.write(`${JSON.stringify(now)}\n`);
      else {
        const size = { width: stdout.columns ?? COLUMNS, height: live ? stdout.rows : undefined };
        stdout.write(`${live ? CLEAR : ''}${picture(now, before, { colour, ...size }).join('\n')}\n`);
      }
      if (once) break;
      before = now;
    }
  } finally {
    if (live) stdout.write(SHOW_CURSOR);
    client.close();
  }
  return ExitCode.Ok;
}
