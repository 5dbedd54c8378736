/*
 * The driver under plug and play: a `NetDevice` that takes the driver's steps in Windows' order, when the device comes, goes,
 * sleeps, wakes or is pulled out. What wakes the host is what the adapter's protocol asked for. Follows reference
 * netadaptercx §5.2 and §5.9.
 */

import { NetDevice, WakePatternId, type NetAdapter } from '@netcx/adapter';
import type { Clock } from '@netcx/clock';
import type { WakeOn, WakeReason } from './power.ts';

/** What a driver does, step by step. */
export interface LifeSteps {
  /** Finds out what the chip can do, and declares it. */
  readonly prepare: () => Promise<void>;
  /**
   * Brings the chip up as far as it goes without queues.
   *
   * @returns why the host woke up, where it did
   */
  readonly powerUp: () => Promise<WakeReason | undefined>;
  /** With its queues, the chip receives and sends. */
  readonly work: () => Promise<void>;
  /** Nothing comes in any more. */
  readonly suspend: () => Promise<void>;
  /**
   * The queues are gone: the chip sleeps, or is given up.
   *
   * @param wake - what wakes the host; `undefined` when the chip is given up
   */
  readonly powerDown: (wake: WakeOn | undefined) => void;
  /** The chip is off the bus, however far its start had come. */
  readonly release: () => void;
  /** The chip was pulled out. */
  readonly removed: () => void;
}

/**
 * @param name - for messages
 * @param clock - counts the seconds of a reset
 * @param adapter - the device's one adapter
 * @param steps - what the driver does
 * @returns the device, not started
 */
export function plugAndPlayDevice(name: string, clock: Clock, adapter: () => NetAdapter, steps: LifeSteps): NetDevice {
  let wake: WakeOn = {};
  let reason: WakeReason | undefined;
  const device: NetDevice = new NetDevice({
    name,
    clock,
    callbacks: {
      prepareHardware: async () => {
        await steps.prepare();
        adapter().start(); // its queues come with power
      },
      d0Entry: async () => {
        reason = await steps.powerUp();
      },
      disarmWake: () => {
        wake = {};
        if (reason !== undefined) report(adapter(), reason);
      },
      selfManagedIoInit: steps.work,
      selfManagedIoRestart: steps.work,
      selfManagedIoSuspend: steps.suspend,
      armWake: () => {
        wake = wishesOf(device);
      },
      d0Exit: (target) => {
        steps.powerDown(target === 'D3Final' ? undefined : wake);
      },
      releaseHardware: steps.release,
      surpriseRemoval: steps.removed,
    },
  });
  return device;
}

/** What of the wake sources this chip knows. */
function wishesOf(device: NetDevice): WakeOn {
  const types = new Set(Array.from(device.wakeSources, ({ type }) => type));
  const any = types.has('packetFilterMatch');
  return {
    magicPacket: types.has('magicPacket'),
    linkChange: types.has('mediaChange'),
    ...{ directed: any, multicast: any, broadcast: any },
  };
}

function report(adapter: NetAdapter, { on, packet }: WakeReason): void {
  const { magicPacket, linkChange, directed, multicast, broadcast } = on;
  if (magicPacket || directed || multicast || broadcast)
    adapter.power.reportWakeReasonPacket({
      patternId: magicPacket ? WakePatternId.magicPacket : WakePatternId.packetFilter,
      originalSize: packet.length,
      frame: packet,
    });
  else if (linkChange)
    adapter.power.reportWakeReasonMediaChange(adapter.linkState.connected ? 'connected' : 'disconnected');
}
