/*
 * Owns: what may happen to one side of a cable, station, driver and device: faults of the device, other settings, resets and
 * restarts. Each happens at random, says what it is, and leaves what has to be mended at the end.
 * Invariant: which of them happens, and when, follows from the random numbers alone; the other side need not be in this thread.
 */

import { MICROSECOND, MILLISECOND, type Random } from '@netcx/clock';
import type { Fault, InjectedFault } from '@netcx/nic-82576';
import { ReceiveScalingHashType, ReceiveScalingProtocolType } from '@netcx/adapter';
import type { Station as Machine } from '../src/machine.ts';
import type { Flow } from './flow.ts';
import type { Station } from './station.ts';

/** One side of a cable. */
export interface Side {
  /** What it is called in the story. */
  readonly name: number | string;
  readonly machine: Machine;
  readonly station: Station;
  /** What was injected into the device. */
  readonly faults: InjectedFault[];
  /** Flows that arrive here and may begin anew. */
  readonly arriving: () => readonly Flow[];
  /** Waits for something that takes time. */
  readonly drive: <T>(work: Promise<T>) => Promise<T>;
  /** Lets time pass, and frames on their way. */
  readonly pass: (nanoseconds: number) => Promise<void> | void;
  /** Payload of the longest frame that both ends know now. */
  readonly mtu: () => number;
  /** Whether somebody else may hold up what this side has begun. */
  readonly hindered: () => boolean;
  /** Whether the device was pulled out. */
  removed: boolean;
}

/** A thing that happens to a side: says what, in a word or two. */
export type SideMishap = (side: Side, random: Random) => Promise<string> | string;

const { tcp, udp, ipv4, ipv6 } = ReceiveScalingProtocolType;
const SCALED = tcp | udp | ipv4 | ipv6;

/** How many frames a device may have damaged that was told to. */
export const damagedBy = (faults: readonly InjectedFault[]): number =>
  faults.reduce((sum, { fault: { kind }, hits }) => sum + (kind === 'corruptWriteBack' ? hits : 0), 0);

/** Does something to a driver for which no received buffer may be held: its queues go. */
export async function withoutBuffers({ station, drive }: Side, work: () => Promise<void>): Promise<void> {
  const { keeping } = station;
  station.keeping = 0;
  station.release(true);
  await drive(work());
  station.keeping = keeping;
}

/** Stops a driver as a user does. */
export async function stop(side: Side): Promise<void> {
  await withoutBuffers(side, () => side.machine.driver.stop());
  side.station.running = false;
}

/** Starts it again, with the MTU that the other end of the cable has. */
export async function start({ station, machine: { driver }, drive, mtu }: Side): Promise<void> {
  station.running = true;
  await drive(driver.start());
  await drive(driver.adapter.changeLinkLayerMtuSize(mtu()));
}

/**
 * Lets something be done, and holds it against nobody that it fails where it may: a device that was broken on purpose or is gone,
 * or a cable that takes no frames, so that what was given to the device stays there. A partner that was broken does the same: one
 * that takes no frames asks for silence until it does.
 */
async function unlessBroken(side: Side, work: Promise<void>): Promise<string> {
  const { adapter } = side.machine.driver;
  const broken = (): boolean =>
    side.faults.length > 0 || side.removed || side.hindered() || !adapter.linkState.connected;
  const before = broken();
  try {
    await side.drive(work);
    return '';
  } catch (error) {
    if (!before && !broken()) throw error;
    return ' (failed)';
  }
}

function faultOf(random: Random, queues: number): Fault {
  const queue = random.below(queues);
  const direction = random.pick(['rx', 'tx'] as const);
  return random.pick<() => Fault>([
    () => ({ kind: 'hungQueue', direction, queue }),
    () => ({ kind: 'stuckDma' }),
    () => ({ kind: 'lostInterrupt', times: 1 + random.below(3) }),
    () => ({ kind: 'spuriousInterrupt', vector: random.below(4) }),
    () => ({
      ...{ kind: 'corruptWriteBack', direction, queue, word: random.below(4), flip: 1 + random.below(0xffff_fffe) },
      ...{ after: random.below(40), times: 1 + random.below(3) },
    }),
    () => ({ kind: 'linkFlap', down: random.below(3 * MILLISECOND), times: 1 }),
  ])();
}

const reset: SideMishap = async (side) => {
  return `reset:${side.name}${await unlessBroken(side, side.machine.driver.reset())}`;
};

const restart: SideMishap = async (side, random) => {
  await stop(side);
  await side.pass(random.below(3 * MILLISECOND)); // the other one goes on
  return `restart:${side.name}${await unlessBroken(side, start(side))}`;
};

const offloads: SideMishap = async (side, random) => {
  const kinds = () => {
    const on = (): boolean => random.chance(0.5);
    return { tcpIPv4: on(), tcpIPv6: on(), udpIPv4: on(), udpIPv6: on() };
  };
  const { adapter } = side.machine.driver;
  const checksums = { ipv4: random.chance(0.7), ...kinds() };
  const cuts = kinds();
  const gso = {
    tcpIPv4: cuts.tcpIPv4 && checksums.ipv4 && checksums.tcpIPv4,
    udpIPv4: cuts.udpIPv4 && checksums.ipv4 && checksums.udpIPv4,
    tcpIPv6: cuts.tcpIPv6 && checksums.tcpIPv6,
    udpIPv6: cuts.udpIPv6 && checksums.udpIPv6,
  };
  const rxChecksum = { ipv4: random.chance(0.7), ...kinds() };
  const change = adapter.offloads.enable({ txChecksum: checksums, rxChecksum, gso, rsc: kinds() });
  return `offloads:${side.name}${await unlessBroken(side, change)}`;
};

const scaling: SideMishap = ({ name, machine, arriving }, random) => {
  const { adapter } = machine.driver;
  const queues = adapter.receiveQueues.length;
  if (queues < 2) return 'no-scaling';
  // Frames of a flow may overtake each other while its queue changes, as in every system: the flow begins anew.
  for (const flow of arriving()) flow.renew();
  adapter.receiveScaling.enable({
    hashTypes: ReceiveScalingHashType.toeplitz,
    protocolTypes: SCALED,
    key: Uint8Array.from({ length: 40 }, () => random.below(256)),
    table: Array.from({ length: 128 }, () => random.below(queues)),
  });
  return `scaling:${name}`;
};

const fault: SideMishap = ({ name, machine, faults }, random) => {
  const what = faultOf(random, 2);
  faults.push(machine.nic.faults.inject(what));
  return `${what.kind}:${name}`;
};

const mend: SideMishap = ({ name, faults }) => {
  for (const one of faults) one.lift();
  return `mended:${name}`;
};

const keep: SideMishap = ({ name, station }, random) => {
  station.keeping = random.pick([0, 0.1, 0.9]);
  return `keeps:${name}`;
};

const sleep: SideMishap = async (side, random) => {
  let asleep = '';
  await withoutBuffers(side, async () => {
    asleep = await unlessBroken(side, side.machine.driver.sleep({ magicPacket: true }));
  });
  side.station.running = false;
  await side.pass(random.below(3 * MILLISECOND)); // the other one goes on, and is not heard
  return `sleep:${side.name}${asleep}${await unlessBroken(side, start(side))}`;
};

const pause: SideMishap = async (side, random) => {
  const { offloads, transmitQueues } = side.machine.driver.adapter;
  if (transmitQueues.length === 0) return 'no-pause'; // a device that is gone did not start again
  const paused = await unlessBroken(side, offloads.pause());
  await side.pass(random.below(2 * MILLISECOND)); // software does it all
  return `paused:${side.name}${paused}${await unlessBroken(side, offloads.resume())}`;
};

const deaf: SideMishap = async ({ name, machine, pass }, random) => {
  const { receiveFilter } = machine.driver.adapter;
  receiveFilter.set(0);
  await pass(random.below(MILLISECOND));
  receiveFilter.set(receiveFilter.supported);
  return `deaf:${name}`;
};

const swap: SideMishap = ({ name, machine, station }) => {
  const { adapter } = machine.driver;
  adapter.detachProtocol();
  adapter.attachProtocol(station.protocol());
  return `swap:${name}`;
};

const crowd: SideMishap = ({ name, station }) => {
  if (station.running) station.pump(200);
  return `crowd:${name}`;
};

/** What may happen. */
export const SIDE_MISHAPS = { reset, restart, offloads, scaling, fault, mend, keep, sleep, pause, deaf, swap, crowd };

/** Pulls the device out. */
export async function remove(side: Side, random: Random): Promise<string> {
  side.removed = true;
  side.machine.slot.remove();
  await side.pass(random.below(100) * MICROSECOND);
  return `removed:${side.name}`;
}
