/*
 * Owns: one or two TAPs, each above a driver and its NIC, and the wire that the NICs are plugged into; from the start to the
 * counters at the end.
 * Invariant: whatever fails or ends it, TAPs, drivers, NICs and the wire are taken down again, in this order.
 */
import { ReceiveScalingHashType, ReceiveScalingProtocolType } from '@netcx/adapter';
import { HostBridge } from '@netcx/bus';
import { RealClock } from '@netcx/clock';
import { parseImpairments } from '@netcx/hardware';
import { buildStation, type Station } from '@netcx/reference-driver';
import { Tap } from '@netcx/tap';
import { openWire, parseWire, type Wire } from '@netcx/wires';
import type { Events } from '../events.ts';
import { ExitCode } from '../exit-code.ts';
import { snapshotOf } from '../status/snapshot.ts';
import { StatusSocket } from '../status/status-socket.ts';
import { LargeFrames } from './large-frames.ts';
import type { TapPlace } from './tap-place.ts';
import { TapProtocol } from './tap-protocol.ts';

/** What `netcx tap` was asked for. */
export interface TapSettings {
  readonly places: readonly TapPlace[];
  readonly wire: string;
  readonly impair: string | undefined;
  readonly mtu: number;
  /** Queues of each interface, and of its NIC. */
  readonly queues: number;
  /** What Linux leaves to the NIC, and believes of what it finds. */
  readonly offloads: TapJobOffloads;
  readonly iommu: boolean;
  /** How many times faster than a gigabit the wire carries. */
  readonly speedup: number;
}

/** What need not be done by Linux. */
export interface TapJobOffloads {
  /** Checksums, in both directions. */
  readonly checksum: boolean;
  /** Cutting long frames into segments; needs `checksum`. */
  readonly segmentation: boolean;
  /** Joining segments that come in; needs `checksum`. */
  readonly coalescing: boolean;
  /** Whether the NIC does nothing of it, and the framework's software everything. */
  readonly software: boolean;
}

/**
 * Frames of up to 64 KB that a queue may have on the way to the NIC. A few keep it busy; with more of them frames wait here, where
 * TCP does not see them but in its round trip, and memory is colder when its turn comes.
 */
const LARGE_FRAMES = 8;

/** A TAP with all that is below it. */
interface Column {
  readonly tap: Tap;
  readonly macAddress: Uint8Array;
  readonly station: Station;
  readonly protocol: TapProtocol;
}

const text = (address: Uint8Array): string => [...address].map((byte) => byte.toString(16).padStart(2, '0')).join(':');

/**
 * Runs until the user ends it.
 *
 * @param settings - what was asked for
 * @param events - told of what happens
 * @param signal - the user wants an end
 * @returns the exit code
 * @throws TapError, WireError, DriverError when something cannot be set up
 */
export async function runTaps(settings: TapSettings, events: Events, signal: AbortSignal): Promise<number> {
  const summary = await withTaps(settings, events, async (taps, counters) => {
    for (const tap of taps) tellReady(events, tap, settings.mtu);
    await ended(signal);
    return counters();
  });
  // Said when everything is gone: whoever reads it may begin anew.
  const lines = Object.entries(summary).map(([name, count]) => `${name} ${count}\n`);
  events.tell({ event: 'summary', exitCode: ExitCode.Ok, counters: summary }, lines.join(''));
  return ExitCode.Ok;
}

/**
 * @param events - told that an interface is up
 * @param tap - the interface
 * @param mtu - of the interface
 * @param aside - whether a person has no need to know
 */
export function tellReady(events: Events, tap: OpenTap, mtu: number, aside = false): void {
  const { name, macAddress } = tap;
  const address = text(macAddress);
  events.tell(
    { event: 'ready', interface: name, macAddress: address, mtu },
    aside ? '' : `${name}: ${address}, MTU ${mtu}, ready\n`,
  );
}

/** An interface that is up. */
export interface OpenTap {
  readonly name: string;
  readonly macAddress: Uint8Array;
  /** Whether its link passes frames now. */
  readonly linkUp: () => boolean;
}

/**
 * @param settings - what was asked for
 * @param events - told of what happens
 * @param use - called when the interfaces are up, with them and a way to read the counters; they go when it has ended
 * @returns what `use` returned
 * @throws TapError, WireError, DriverError when something cannot be set up
 */
export async function withTaps<T>(
  settings: TapSettings,
  events: Events,
  use: (taps: readonly OpenTap[], counters: () => Record<string, number>) => Promise<T>,
): Promise<T> {
  const takeDown: (() => void | Promise<void>)[] = [];
  const clock = new RealClock({ precise: true });
  takeDown.push(() => clock.close());
  try {
    const wire = await openWire(parseWire(settings.wire), {
      clock,
      speedup: settings.speedup,
      impair: settings.impair === undefined ? [] : parseImpairments(settings.impair),
      onEvent: ({ kind, message }) => events.tell({ event: 'wire', kind, message }, `${message}\n`, 'aside'),
    });
    takeDown.unshift(() => wire.close());
    const bridge = new HostBridge(clock);
    const columns: Column[] = [];
    for (const [index, place] of settings.places.entries())
      columns.push(await openColumn(clock, bridge, wire, index, place, settings, takeDown));
    for (const { protocol } of columns) protocol.open();
    const counters = (): Record<string, number> => {
      const all: Record<string, number> = {};
      for (const { tap, protocol, station } of columns)
        for (const [name, count] of Object.entries<number>({ ...protocol.counters, ...nicCounters(station) }))
          all[`${tap.name}.${name}`] = count;
      return { ...all, ...wire.counters() };
    };
    const began = performance.now();
    const status = await StatusSocket.open(() => ({
      pid: process.pid,
      command: settings.places.map(({ name }) => name).join(' and '),
      time: performance.now() - began,
      heap: process.memoryUsage().heapUsed,
      processor: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
      adapters: columns.map(({ station: { driver } }) =>
        snapshotOf(driver.adapter, driver.hardwareCounters().interrupts),
      ),
    }));
    takeDown.unshift(() => status.close());
    const taps = columns.map(({ tap, macAddress, station }): OpenTap => ({
      name: tap.name,
      macAddress,
      linkUp: () => station.driver.adapter.linkState.connected,
    }));
    return await use(taps, counters);
  } finally {
    for (const step of takeDown) await step();
  }
}

/** What the NIC could not take, and who asked whom to be silent. */
function nicCounters({ driver }: Station): Record<string, number> {
  const { receive, pause } = driver.hardwareCounters();
  return {
    missed: receive.missed,
    pausesSent: pause.sentOff,
    pausesReceived: pause.receivedOff,
  };
}

async function openColumn(
  clock: RealClock,
  bridge: HostBridge,
  wire: Wire,
  index: number,
  { name, namespace, macAddress }: TapPlace,
  { mtu, queues, offloads, iommu }: TapSettings,
  takeDown: (() => void | Promise<void>)[],
): Promise<Column> {
  const end = wire.ends[index];
  if (end === undefined) throw new RangeError(`the wire has no end number ${index}`);
  // Linux filters by itself, and knows best which groups it listens to.
  const { checksum, segmentation, coalescing, software } = offloads;
  const inHardware = checksum && !software;
  const options = {
    mtu,
    queues,
    checksumOffload: inHardware,
    segmentationOffload: inHardware,
    iommu,
    promiscuous: true,
    interruptInterval: 0, // whoever polls hears no interrupt, and whoever sleeps is to be woken: waiting would gain nothing
  };
  const station = buildStation(clock, bridge, name, macAddress, end, options);
  takeDown.unshift(() => station.nic.close());
  // What lies there belongs to the NIC until its driver has stopped.
  const large = Array.from({ length: segmentation ? queues : 0 }, () => {
    const frames = new LargeFrames(`${name} frames of up to 64 KB`, LARGE_FRAMES);
    takeDown.unshift(() => frames.close());
    return frames;
  });
  await station.driver.start();
  takeDown.unshift(() => station.driver.stop());
  // Linux may send on what it receives, and looks at each acknowledgement: what is joined must be what can be cut again.
  station.driver.adapter.offloads.receive.coalescingFor = 'forwarding';
  await station.driver.adapter.offloads.enable({
    txChecksum: { ipv4: checksum, ...everyKind(checksum) },
    rxChecksum: { ipv4: checksum, ...everyKind(checksum) },
    gso: everyKind(segmentation),
    rsc: { ...everyKind(coalescing), tcpTimestampOption: coalescing },
  });
  if (queues > 1) station.driver.adapter.receiveScaling.enable(SCALING);
  const tap = new Tap({
    name,
    macAddress,
    mtu,
    queues,
    offloads: { checksum, tcpSegmentation: segmentation, udpSegmentation: segmentation },
    ...(namespace === undefined ? {} : { namespace }),
  });
  takeDown.unshift(() => tap.close());
  const protocol = new TapProtocol(tap, station.driver.adapter, clock, large);
  takeDown.unshift(() => protocol.close());
  return { tap, macAddress, station, protocol };
}

/** Received frames are spread over the queues by connection, with a key that is no secret: this is one machine. */
const SCALING = {
  hashTypes: ReceiveScalingHashType.toeplitz,
  protocolTypes: ReceiveScalingProtocolType.ipv4 | ReceiveScalingProtocolType.ipv6 | ReceiveScalingProtocolType.tcp,
  key: Uint8Array.from({ length: 40 }, (_, index) => (index * 167 + 89) & 0xff),
};

const everyKind = (on: boolean): { tcpIPv4: boolean; tcpIPv6: boolean; udpIPv4: boolean; udpIPv6: boolean } => ({
  tcpIPv4: on,
  tcpIPv6: on,
  udpIPv4: on,
  udpIPv6: on,
});

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
