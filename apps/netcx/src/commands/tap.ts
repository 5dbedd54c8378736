/*
 * Owns: `netcx tap`: its options, and what they come to.
 * Invariant: everything that can be found wrong before an interface is made is found then.
 */
import { HardwareError, parseImpairments } from '@netcx/hardware';
import { TapError } from '@netcx/tap';
import { parseWire, wireEnds, WireError } from '@netcx/wires';
import { Command } from 'commander';
import { eventsFor, tellingErrors, type Events } from '../events.ts';
import { CommandError } from '../exit-code.ts';
import { runTaps, type TapSettings } from '../tap/tap-job.ts';
import { parseTapPlace } from '../tap/tap-place.ts';
import type { Terminal } from '../terminal.ts';
import { parseSpeedup, parseWhole } from './numbers.ts';

interface TapArguments {
  readonly wire?: string;
  readonly impair?: string;
  readonly mtu: number;
  readonly queues: number;
  readonly speedup: number;
  readonly checksum: boolean;
  readonly segmentation: boolean;
  readonly coalescing: boolean;
  readonly softwareOffloads?: true;
  readonly iommu?: true;
  readonly json?: true;
}

const help = `
A packet of Linux's goes into the interface, through driver and NIC, onto the wire, and what comes by the wire goes the same
way back. NAME@NAMESPACE makes the interface in another network namespace (a name of "ip netns", or a path).

  netcx tap left@one right@two                  two namespaces, two NICs, a cable between them
  netcx tap left@one right@two --impair loss=1%,delay=2ms
  netcx tap left@one right@two --speedup 40    a wire of 40 Gbit/s, for throughput
  netcx tap up0 --wire stream:/tmp/passt.socket,connect,trim

The interface is up and has no address: ip addr add 192.0.2.1/24 dev NAME. It goes when netcx ends. Making interfaces
takes root, or "unshare -rn", or an interface that was made for the user.

Wires are those of "netcx serve"; with two interfaces the wire is "pair", or "pcap:FILE+pair" to record what passes.

Ctrl-C or SIGTERM ends it; the counters are printed, and the exit code is 0.

With --json each line is an object with "event" and "time": "ready" (interface, macAddress, mtu), "wire" (kind, message), and
last "summary" (exitCode, counters), or "error" (exitCode, message).`;

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function tapCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('tap')
    .description('Put driver, NIC and wire below a network interface of Linux.')
    .argument('<name...>', 'one or two interfaces to make')
    .option('-w, --wire <wire>', 'what the NIC is plugged into; "pair" for two interfaces')
    .option('--impair <list>', 'what goes wrong on the wire')
    .option('--mtu <bytes>', 'payload of the longest frame', parseWhole(68, 9706), 1500)
    .option('--queues <count>', 'queues of each interface and its NIC', parseWhole(1, 16), 1)
    .option('--speedup <times>', 'how many times faster than a gigabit the wire carries', parseSpeedup, 1)
    .option('--no-checksum', 'leave checksums to Linux, and all else')
    .option('--no-segmentation', 'let Linux cut its data into frames')
    .option('--no-coalescing', 'show Linux each frame that comes in')
    .option('--software-offloads', 'do all of this in software, nothing in the NIC')
    .option('--iommu', 'put an IOMMU between the NIC and memory')
    .option('--json', 'print events as JSON, one a line, and the counters in the last')
    .addHelpText('after', help)
    .action(async (names: string[], options: TapArguments) => {
      const events = eventsFor(terminal, options.json && terminal.stdout);
      const run = async (): Promise<number> => runChecked(settingsOf(names, options), events, terminal.signal);
      done(await tellingErrors(events, run));
    });
}

function settingsOf(names: readonly string[], options: TapArguments): TapSettings {
  const { wire = names.length === 2 ? 'pair' : undefined, impair, mtu, queues, speedup, iommu = false } = options;
  const { checksum } = options;
  const segmentation = checksum && options.segmentation;
  const coalescing = checksum && options.coalescing;
  if (names.length > 2) throw new CommandError(`expected one or two interfaces, got ${names.length}`);
  if (wire === undefined) throw new CommandError('one interface needs a --wire; two are plugged into each other');
  checkWire(wire, impair, names.length);
  const offloads = { checksum, segmentation, coalescing, software: options.softwareOffloads ?? false };
  return { places: names.map(parseTapPlace), wire, impair, mtu, queues, offloads, iommu, speedup };
}

function checkWire(wire: string, impair: string | undefined, interfaces: number): void {
  try {
    const ends = wireEnds(parseWire(wire));
    if (ends !== interfaces)
      throw new CommandError(`the wire ${wire} takes ${ends} NICs, and ${interfaces} interfaces were named`);
    if (impair !== undefined) parseImpairments(impair);
  } catch (error) {
    if (error instanceof WireError || error instanceof HardwareError) throw new CommandError(error.message);
    throw error;
  }
}

async function runChecked(settings: TapSettings, events: Events, signal: AbortSignal): Promise<number> {
  try {
    return await runTaps(settings, events, signal);
  } catch (error) {
    if (error instanceof TapError || error instanceof WireError) throw new CommandError(error.message);
    throw error;
  }
}
