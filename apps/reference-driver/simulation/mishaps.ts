/*
 * Owns: what may happen to a machine in a simulation: faults of its devices and its cable, other settings, resets and restarts.
 * Each happens at random, says what it is, and leaves what has to be mended at the end.
 * Invariant: which of them happens, and when, follows from the seed alone.
 */

import { MICROSECOND, MILLISECOND, type Random, type VirtualClock } from '@netcx/clock';
import { type Link, parseImpairments } from '@netcx/hardware';
import type { Fault, InjectedFault } from '@netcx/nic-82576';
import { ReceiveScalingHashType, ReceiveScalingProtocolType } from '@netcx/adapter';
import type { Station as Machine } from '../src/machine.ts';
import type { Flow } from './flow.ts';
import type { Station } from './station.ts';

/** A machine in the middle of a run. */
export interface Scene {
  readonly clock: VirtualClock;
  readonly link: Link;
  readonly machines: readonly Machine[];
  readonly stations: readonly Station[];
  readonly flows: readonly Flow[];
  /** Lets time pass, and frames on their way. */
  readonly pass: (nanoseconds: number) => void;
  /** What was injected, by station. */
  readonly faults: readonly InjectedFault[][];
  /** Payload of the longest frame now. */
  mtu: number;
  /** The station whose device was pulled out. */
  removed: number | undefined;
}

/** A thing that happens: says what, in a word or two. */
type Mishap = (scene: Scene, random: Random, which: 0 | 1) => Promise<string> | string;

const MTUS = [576, 1500, 3000, 9000];
const { tcp, udp, ipv4, ipv6 } = ReceiveScalingProtocolType;
const SCALED = tcp | udp | ipv4 | ipv6;

/** Does something to a driver for which no received buffer may be held: its queues go. */
async function withoutBuffers(scene: Scene, which: number, work: (station: Station) => Promise<void>): Promise<void> {
  const station = scene.stations[which]!;
  const { keeping } = station;
  station.keeping = 0;
  station.release(true);
  await scene.clock.drive(work(station));
  station.keeping = keeping;
}

/** Stops a driver as a user does. */
export async function stop(scene: Scene, which: 0 | 1): Promise<void> {
  await withoutBuffers(scene, which, ({ driver }) => driver.stop());
  scene.stations[which]!.running = false;
}

/** Starts it again, with the MTU that the other end of the cable has. */
export async function start(scene: Scene, which: 0 | 1): Promise<void> {
  const station = scene.stations[which]!;
  station.running = true;
  await scene.clock.drive(station.driver.start());
  await scene.clock.drive(station.driver.adapter.changeLinkLayerMtuSize(scene.mtu));
}

/**
 * Lets something be done, and holds it against nobody that it fails where it may: a device that was broken on purpose or is gone,
 * or a cable that takes no frames, so that what was given to the device stays there. A partner that was broken does the same: one
 * that takes no frames asks for silence until it does.
 */
async function unlessBroken(scene: Scene, which: 0 | 1, work: Promise<void>): Promise<string> {
  const { adapter } = scene.stations[which]!.driver;
  const broken = (): boolean =>
    scene.faults.some((faults) => faults.length > 0) || scene.removed === which || !adapter.linkState.connected;
  const before = broken();
  try {
    await scene.clock.drive(work);
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

/** Each as often as the others. */
const MISHAPS: readonly Mishap[] = [
  function flap({ link, pass }, random) {
    link.plug(false);
    pass(random.below(5 * MILLISECOND));
    link.plug(true);
    return 'flap';
  },

  function bad({ link }, random) {
    const text = random.pick([
      '',
      'loss=1%',
      'loss=5%,corrupt=1e-5',
      'delay=20us,jitter=5us',
      'rate=100mbit,limit=64k',
    ]);
    link.impair(parseImpairments(text));
    return `cable(${text})`;
  },

  async function reset(scene, _random, which) {
    const failed = await unlessBroken(scene, which, scene.stations[which]!.driver.reset());
    return `reset:${which}${failed}`;
  },

  async function restart(scene, random, which) {
    await stop(scene, which);
    scene.pass(random.below(3 * MILLISECOND)); // the other one goes on
    const failed = await unlessBroken(scene, which, start(scene, which));
    return `restart:${which}${failed}`;
  },

  async function mtu(scene, random) {
    scene.mtu = random.pick(MTUS);
    for (const which of [0, 1])
      await withoutBuffers(scene, which, ({ driver }) => driver.adapter.changeLinkLayerMtuSize(scene.mtu));
    return `mtu:${scene.mtu}`;
  },

  async function offloads(scene, random, which) {
    const kinds = () => {
      const on = (): boolean => random.chance(0.5);
      return { tcpIPv4: on(), tcpIPv6: on(), udpIPv4: on(), udpIPv6: on() };
    };
    const { adapter } = scene.stations[which]!.driver;
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
    return `offloads:${which}${await unlessBroken(scene, which, change)}`;
  },

  function scaling({ stations, flows }, random, which) {
    const { adapter } = stations[which]!.driver;
    const queues = adapter.receiveQueues.length;
    if (queues < 2) return 'no-scaling';
    // Frames of a flow may overtake each other while its queue changes, as in every system: the flow begins anew.
    for (const flow of flows) if (flow.from !== which) flow.renew();
    adapter.receiveScaling.enable({
      hashTypes: ReceiveScalingHashType.toeplitz,
      protocolTypes: SCALED,
      key: Uint8Array.from({ length: 40 }, () => random.below(256)),
      table: Array.from({ length: 128 }, () => random.below(queues)),
    });
    return `scaling:${which}`;
  },

  function fault({ machines, faults }, random, which) {
    const { nic } = machines[which]!;
    const what = faultOf(random, 2);
    faults[which]!.push(nic.faults.inject(what));
    return `${what.kind}:${which}`;
  },

  function mend({ faults }, _random, which) {
    for (const one of faults[which]!) one.lift();
    return `mended:${which}`;
  },

  function keep({ stations }, random, which) {
    stations[which]!.keeping = random.pick([0, 0.1, 0.9]);
    return `keeps:${which}`;
  },

  async function sleep(scene, random, which) {
    let asleep = '';
    await withoutBuffers(scene, which, async ({ driver }) => {
      asleep = await unlessBroken(scene, which, driver.sleep({ magicPacket: true }));
    });
    scene.stations[which]!.running = false;
    scene.pass(random.below(3 * MILLISECOND)); // the other one goes on, and is not heard
    const failed = await unlessBroken(scene, which, start(scene, which));
    return `sleep:${which}${asleep}${failed}`;
  },

  async function pause(scene, random, which) {
    const { offloads, transmitQueues } = scene.stations[which]!.driver.adapter;
    if (transmitQueues.length === 0) return 'no-pause'; // a device that is gone did not start again
    const paused = await unlessBroken(scene, which, offloads.pause());
    scene.pass(random.below(2 * MILLISECOND)); // software does it all
    return `paused:${which}${paused}${await unlessBroken(scene, which, offloads.resume())}`;
  },

  function speed({ link }, random) {
    const speed = random.pick([10, 100, 1000] as const);
    link.change({ speed });
    return `speed:${speed}`;
  },

  function deaf({ stations, pass }, random, which) {
    const { receiveFilter } = stations[which]!.driver.adapter;
    receiveFilter.set(0);
    pass(random.below(MILLISECOND));
    receiveFilter.set(receiveFilter.supported);
    return `deaf:${which}`;
  },

  function swap({ stations }, _random, which) {
    const station = stations[which]!;
    const { adapter } = station.driver;
    adapter.detachProtocol();
    adapter.attachProtocol(station.protocol());
    return `swap:${which}`;
  },

  function crowd({ stations }, _random, which) {
    if (stations[which]!.running) stations[which]!.pump(200);
    return `crowd:${which}`;
  },

  function stall({ pass }, random) {
    pass(random.below(30 * MILLISECOND));
    return 'stall';
  },
];

/** One mishap in so many is a device that is pulled out, which ends most of what else could happen to it. */
const MISHAPS_TO_A_REMOVAL = 72;

/**
 * Has something happen.
 *
 * @param scene - the machine
 * @param random - decides what
 * @returns what it was
 */
export async function mishap(scene: Scene, random: Random): Promise<string> {
  const which = random.pick([0, 1] as const);
  if (scene.removed === undefined && random.below(MISHAPS_TO_A_REMOVAL) === 0) {
    scene.removed = which;
    scene.machines[which]!.slot.remove();
    scene.pass(random.below(100) * MICROSECOND);
    return `removed:${which}`;
  }
  return random.pick(MISHAPS)(scene, random, which);
}
