/*
 * Owns: `netcx up`: its options, and which of its two halves this process is.
 * Invariant: what can be found wrong before anything is started is found then.
 */
import { HardwareError, parseImpairments } from '@netcx/hardware';
import { TapError } from '@netcx/tap';
import { WireError } from '@netcx/wires';
import { Command, Option } from 'commander';
import { eventsFor, tellingErrors, type Events } from '../events.ts';
import { CommandError } from '../exit-code.ts';
import { parseTapPlace } from '../tap/tap-place.ts';
import type { Terminal } from '../terminal.ts';
import { runInside } from '../up/inside.ts';
import { NETWORK } from '../up/network.ts';
import { runUp } from '../up/up-job.ts';
import { parseSpeedup, parseWhole } from './numbers.ts';

interface UpArguments {
  readonly mtu: number;
  readonly speedup: number;
  readonly impair?: string;
  readonly record?: string;
  readonly passt: string;
  readonly inside?: string;
  readonly json?: true;
}

const help = `
Needs no privilege: a network namespace that is the user's own, an interface in it with our driver and NIC below, and passt
at the other end of the wire, which makes ordinary connections of what comes out of it. The host itself is ${NETWORK.gateway}.

  netcx up                                     a shell with a network that is all ours
  netcx up -- curl -sS http://${NETWORK.gateway}:8080/    one command; its exit code is the exit code
  netcx up --record wire.pcapng -- ssh host    with a capture of the wire

With --json standard error has an object a line, with "event" and "time": "ready" (interface, macAddress, mtu), "wire" (kind,
message), and last "summary" (exitCode, counters), or "error" (exitCode, message). Standard output is the command's.

Linux must allow user namespaces and let the user open /dev/net/tun ("netcx doctor" tells). passt, unshare and ip come from
the packages passt, util-linux and iproute2.`;

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function upCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('up')
    .description('Run a command, or a shell, in a network below which are our driver and NIC, and passt.')
    .argument('[command...]', 'what to run; the shell when left out')
    .option('--mtu <bytes>', 'payload of the longest frame', parseWhole(68, 9706), 1500)
    .option('--speedup <times>', 'how many times faster than a gigabit the wire carries', parseSpeedup, 10)
    .option('--impair <list>', 'what goes wrong on the wire')
    .option('--record <file>', 'write what passes on the wire to a capture')
    .option('--passt <program>', 'where passt is', 'passt')
    .option('--json', 'print events as JSON, one a line, to standard error')
    .addOption(new Option('--inside <socket>').hideHelp())
    .passThroughOptions()
    .addHelpText('after', help)
    .action(async (command: string[], options: UpArguments) => {
      const events = eventsFor(terminal, options.json && terminal.stderr);
      done(await tellingErrors(events, () => runChecked(command, options, events, terminal)));
    });
}

async function runChecked(
  command: readonly string[],
  options: UpArguments,
  events: Events,
  terminal: Terminal,
): Promise<number> {
  const { mtu, speedup, impair, record, inside, json } = options;
  const wanted = command.length > 0 ? command : [process.env['SHELL'] ?? '/bin/sh'];
  try {
    if (impair !== undefined) parseImpairments(impair);
    if (inside === undefined) {
      const repeated = Object.entries({ mtu, speedup, impair, record }).flatMap(([name, value]) =>
        value === undefined ? [] : [`--${name}`, String(value)],
      );
      const format = json === true ? ['--json'] : [];
      const args = (socket: string): string[] => ['up', ...repeated, ...format, '--inside', socket, '--', ...wanted];
      return await runUp({ passt: options.passt, inside: args }, terminal);
    }
    const stream = `stream:${inside},connect,trim`;
    const settings = {
      places: [parseTapPlace('up0')],
      wire: record === undefined ? stream : `pcap:${record}+${stream}`,
      impair,
      mtu,
      queues: 1,
      offloads: { checksum: true, segmentation: true, coalescing: true, software: false },
      iommu: false,
      speedup,
    };
    return await runInside(settings, wanted, events, terminal.signal);
  } catch (error) {
    if (error instanceof TapError || error instanceof WireError || error instanceof HardwareError)
      throw new CommandError(error.message);
    throw error;
  }
}
