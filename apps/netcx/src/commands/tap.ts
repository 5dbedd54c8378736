/*
 * Owns: `netcx tap`: its options, and what they come to.
 * Invariant: everything that can be found wrong before an interface is made is found then.
 */
import { HardwareError, parseImpairments } from '@netcx/hardware';
import { TapError } from '@netcx/tap';
import { parseWire, wireEnds, WireError } from '@netcx/wires';
import { Command, InvalidArgumentError } from 'commander';
import { CommandError } from '../exit-code.ts';
import { runTaps, type TapSettings } from '../tap/tap-job.ts';
import { parseTapPlace } from '../tap/tap-place.ts';
import type { Terminal } from '../terminal.ts';

interface TapArguments {
  readonly wire?: string;
  readonly impair?: string;
  readonly mtu: number;
  readonly checksum: boolean;
  readonly iommu?: true;
}

const help = `
A packet of Linux's goes into the interface, through driver and NIC, onto the wire, and what comes by the wire goes the same
way back. NAME@NAMESPACE makes the interface in another network namespace (a name of "ip netns", or a path).

  netcx tap left@one right@two                  two namespaces, two NICs, a cable between them
  netcx tap left@one right@two --impair loss=1%,delay=2ms
  netcx tap up0 --wire stream:/tmp/passt.socket,connect

The interface is up and has no address: ip addr add 192.0.2.1/24 dev NAME. It goes when netcx ends. Making interfaces
takes root, or "unshare -rn", or an interface that was made for the user.

Wires are those of "netcx serve"; with two interfaces the wire is "pair", or "pcap:FILE+pair" to record what passes.

Ctrl-C or SIGTERM ends it; the counters are printed, and the exit code is 0.`;

function parseMtu(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 68 && value <= 9706) return value;
  throw new InvalidArgumentError('Expected a whole number from 68 to 9706.');
}

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
    .option('--mtu <bytes>', 'payload of the longest frame', parseMtu, 1500)
    .option('--no-checksum', 'leave checksums to Linux')
    .option('--iommu', 'put an IOMMU between the NIC and memory')
    .addHelpText('after', help)
    .action(async (names: string[], options: TapArguments) => {
      done(await runChecked(settingsOf(names, options), terminal));
    });
}

function settingsOf(names: readonly string[], options: TapArguments): TapSettings {
  const { wire = names.length === 2 ? 'pair' : undefined, impair, mtu, checksum, iommu = false } = options;
  if (names.length > 2) throw new CommandError(`expected one or two interfaces, got ${names.length}`);
  if (wire === undefined) throw new CommandError('one interface needs a --wire; two are plugged into each other');
  checkWire(wire, impair, names.length);
  return { places: names.map(parseTapPlace), wire, impair, mtu, checksumOffload: checksum, iommu };
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

async function runChecked(settings: TapSettings, terminal: Terminal): Promise<number> {
  try {
    return await runTaps(settings, terminal);
  } catch (error) {
    if (error instanceof TapError || error instanceof WireError) throw new CommandError(error.message);
    throw error;
  }
}
