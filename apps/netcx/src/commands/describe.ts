/*
 * Owns: `netcx describe`: what a driver and its NIC agree on: what was asked, what was granted and why, how the elements of the
 * rings are laid out, what the NIC's registers hold.
 * Invariant: it runs in virtual time from a seed: the same options tell the same, wherever memory happens to lie.
 */
import { HostBridge } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { buildStation, DriverError } from '@netcx/reference-driver';
import { Command, Option } from 'commander';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { parseWhole } from './numbers.ts';

interface DescribeArguments {
  readonly mtu: number;
  readonly queues: number;
  readonly ringSize: number;
  readonly iommu?: true;
  readonly elements: number;
  readonly nic?: true;
  readonly json?: true;
}

/** Milliseconds that the link may take. */
const LINK_PATIENCE = 10_000;

const help = `
Starts the reference driver on an 82576, in virtual time, with nothing on the wire, and tells what became of it.

  netcx describe                      the adapter: offloads, filter, sizes and why, rings and their elements
  netcx describe --queues 4 --mtu 9000
  netcx describe --nic                the NIC's registers as the driver has set them
  netcx describe --json | jq .settlement`;

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function describeCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('describe')
    .description('Tell what the driver and its NIC agree on: sizes and why, layouts, registers.')
    .option('--mtu <bytes>', 'payload of the longest frame', parseWhole(68, 9706), 1500)
    .option('--queues <count>', 'queues of each direction', parseWhole(1, 16), 1)
    .option('--ring-size <elements>', "elements of the NIC's rings, a power of two", parseWhole(8, 4096), 256)
    .option('--iommu', 'put an IOMMU between the NIC and memory')
    .option('--elements <count>', 'elements of each ring to show', parseWhole(0, 4096), 1)
    .option('--nic', "the NIC's registers and descriptors instead of the adapter")
    .addOption(new Option('--json', 'print the adapter as JSON').conflicts('nic'))
    .addHelpText('after', help)
    .action(async (options: DescribeArguments) => {
      terminal.stdout.write(await describeChecked(options));
      done(ExitCode.Ok);
    });
}

async function describeChecked(options: DescribeArguments): Promise<string> {
  try {
    return await describeMachine(options);
  } catch (error) {
    if (error instanceof DriverError && error.code === 'BAD_OPTION') throw new CommandError(error.message);
    throw error;
  }
}

async function describeMachine(options: DescribeArguments): Promise<string> {
  const { mtu, queues, ringSize, iommu = false, elements, nic: ofNic = false, json = false } = options;
  const clock = new VirtualClock({ seed: 1 });
  const link = new Link(clock);
  // Somebody must stand at the other end for the link to come up.
  link.b.attach({ receive: () => undefined, room: () => undefined, changed: () => undefined });
  link.b.enable(true);
  const macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const bridge = new HostBridge(clock);
  const { nic, driver } = buildStation(clock, bridge, 'nic', macAddress, link.a, { mtu, queues, ringSize, iommu });
  try {
    await clock.drive(driver.start());
    for (let wait = 0; wait < LINK_PATIENCE && !driver.adapter.linkState.connected; wait++) clock.advance(MILLISECOND);
    if (ofNic) return `${nic.describe()}\n`;
    const inspection = driver.adapter.inspect(elements);
    if (!json) return `${inspection.text}\n`;
    return `${JSON.stringify({ ...inspection, text: undefined }, undefined, 2)}\n`;
  } finally {
    await clock.drive(driver.stop());
    nic.close();
    link.close();
  }
}
