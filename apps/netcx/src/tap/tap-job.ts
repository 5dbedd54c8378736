/*
 * Owns: one or two TAPs, each above a driver and its NIC, and the wire that the NICs are plugged into; from the start to the
 * counters at the end.
 * Invariant: whatever fails or ends it, TAPs, drivers, NICs and the wire are taken down again, in this order.
 */
import { HostBridge } from '@netcx/bus';
import { RealClock } from '@netcx/clock';
import { parseImpairments } from '@netcx/hardware';
import { buildStation, type Station } from '@netcx/reference-driver';
import { Tap } from '@netcx/tap';
import { openWire, parseWire, type Wire } from '@netcx/wires';
import { ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import type { TapPlace } from './tap-place.ts';
import { TapProtocol } from './tap-protocol.ts';

/** What `netcx tap` was asked for. */
export interface TapSettings {
  readonly places: readonly TapPlace[];
  readonly wire: string;
  readonly impair: string | undefined;
  readonly mtu: number;
  /** Whether Linux leaves checksums to the NIC, and believes what it finds. */
  readonly checksumOffload: boolean;
  readonly iommu: boolean;
}

/** A TAP with all that is below it. */
interface Column {
  readonly tap: Tap;
  readonly station: Station;
  readonly protocol: TapProtocol;
}

/** Station addresses are locally administered: of the TAP, which the NIC shares, since a bridge of two is transparent. */
const addressOf = (index: number): Uint8Array => Uint8Array.of(0x02, 0x82, 0x57, 0x60, 0x00, index + 1);

const text = (address: Uint8Array): string => [...address].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

/**
 * Runs until the user ends it.
 *
 * @param settings - what was asked for
 * @param terminal - the world around
 * @returns the exit code
 * @throws TapError, WireError, DriverError when something cannot be set up
 */
export async function runTaps(settings: TapSettings, terminal: Terminal): Promise<number> {
  const { stdout, stderr, signal } = terminal;
  const takeDown: (() => void | Promise<void>)[] = [];
  const clock = new RealClock({ precise: true });
  takeDown.push(() => clock.close());
  try {
    const wire = await openWire(parseWire(settings.wire), {
      clock,
      impair: settings.impair === undefined ? [] : parseImpairments(settings.impair),
      onEvent: ({ message }) => stderr.write(`${message}\n`),
    });
    takeDown.unshift(() => wire.close());
    const bridge = new HostBridge(clock);
    const columns: Column[] = [];
    for (const [index, place] of settings.places.entries())
      columns.push(await openColumn(clock, bridge, wire, index, place, settings, takeDown));
    for (const [index, { tap, protocol }] of columns.entries()) {
      protocol.open();
      stdout.write(`${tap.name}: ${text(addressOf(index))}, MTU ${settings.mtu}, ready\n`);
    }
    await ended(signal);
    for (const { tap, protocol } of columns)
      for (const [name, count] of Object.entries(protocol.counters)) stdout.write(`${tap.name}.${name} ${count}\n`);
    for (const [name, count] of Object.entries(wire.counters())) stdout.write(`${name} ${count}\n`);
    return ExitCode.Ok;
  } finally {
    for (const step of takeDown) await step();
  }
}

async function openColumn(
  clock: RealClock,
  bridge: HostBridge,
  wire: Wire,
  index: number,
  { name, namespace }: TapPlace,
  { mtu, checksumOffload, iommu }: TapSettings,
  takeDown: (() => void | Promise<void>)[],
): Promise<Column> {
  const end = wire.ends[index];
  if (end === undefined) throw new RangeError(`the wire has no end number ${index}`);
  const macAddress = addressOf(index);
  // Linux filters by itself, and knows best which groups it listens to.
  const options = { mtu, checksumOffload, iommu, promiscuous: true };
  const station = buildStation(clock, bridge, name, macAddress, end, options);
  takeDown.unshift(() => station.nic.close());
  await station.driver.start();
  takeDown.unshift(() => station.driver.stop());
  const tap = new Tap({
    name,
    macAddress,
    mtu,
    offloads: { checksum: checksumOffload },
    ...(namespace === undefined ? {} : { namespace }),
  });
  takeDown.unshift(() => tap.close());
  const protocol = new TapProtocol(tap, station.driver.adapter);
  takeDown.unshift(() => protocol.close());
  return { tap, station, protocol };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
