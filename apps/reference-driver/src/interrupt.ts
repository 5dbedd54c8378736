/*
 * How the chip interrupts, whatever it does it with: MSI-X where the function has it (interrupt-vectors.ts), a single message
 * or the pin otherwise (interrupt-line.ts). Each queue is connected once and then armed for one notification at a time, as
 * reference netadaptercx §5.10 has it: re-arming comes first, the framework looks at the ring once more after it.
 */

import { CapabilityId, findCapability, Msix } from '@netcx/bus';
import type { Ring } from '@netcx/rings';
import type { Device } from './device.ts';
import { DriverError } from './driver-error.ts';
import { SharedInterrupt } from './interrupt-line.ts';
import { VectorInterrupts } from './interrupt-vectors.ts';
import type { InterruptInterval } from './moderation.ts';

/** What an interrupt is: a message of the queue's own, one message for everything, or a level on a pin. */
export type InterruptKind = 'msix' | 'msi' | 'intx';

/** What connects a queue. */
export interface QueueConnection {
  readonly direction: 'rx' | 'tx';
  /** Its number. */
  readonly queue: number;
  /** Its packets: what moves in it. */
  readonly packets: Ring;
  /** Called when its interrupt fires. */
  readonly handler: () => void;
}

/** The interrupts of the device. */
export interface Interrupts {
  readonly kind: InterruptKind;
  /** Writes every register of interrupts: at first, and again after the chip was reset. What was armed is armed then. */
  program(): void;
  /** Lets link changes through. */
  enableOther(): void;
  /**
   * @param connection - the queue; one of the same number that was connected before is not called any more
   * @returns the function that arms the interrupt for this queue (true) or no longer does (false)
   */
  connectQueue(connection: QueueConnection): (enabled: boolean) => void;
  /** Everything is masked, and the host has its messages or its pin back. */
  release(): void;
}

/** What interrupts are told. */
export interface InterruptOptions {
  /** Which kind; the best that the function has when left out. */
  readonly kind?: InterruptKind | undefined;
  readonly receiveQueues: number;
  readonly transmitQueues: number;
  /** Between two interrupts of a vector. */
  readonly interval: InterruptInterval;
  /** Called when the link may have changed, or the chip says that something else is wrong. */
  readonly linkChanged: () => void;
}

/** One vector is for what no queue causes. */
const LEAST_VECTORS = 2;

/**
 * Takes over the function's interrupts; all queues' are masked until they are armed.
 *
 * @param device - the device, after reset
 * @param options - how many queues there will be, and how often they may interrupt
 * @returns the interrupts
 * @throws DriverError `TOO_FEW_VECTORS` where MSI-X is asked for, `NO_MESSAGE` where MSI is, and the function has none; or
 * BusError; nothing is connected then
 */
export function connectInterrupts(device: Device, options: InterruptOptions): Interrupts {
  const vectors = vectorsOf(device);
  const { kind = vectors >= LEAST_VECTORS ? 'msix' : hasMessage(device) ? 'msi' : 'intx' } = options;
  if (kind === 'msix') {
    if (vectors < LEAST_VECTORS)
      throw new DriverError(
        'TOO_FEW_VECTORS',
        `${device.name}: ${String(vectors)} MSI-X vectors; expected ${String(LEAST_VECTORS)} or more`,
      );
    return new VectorInterrupts(device, options);
  }
  if (kind === 'msi' && !hasMessage(device))
    throw new DriverError('NO_MESSAGE', `${device.name}: the function has no MSI`);
  return new SharedInterrupt(device, kind, options);
}

function vectorsOf(device: Device): number {
  const { function: fn } = device.slot;
  const capability = findCapability(fn, CapabilityId.msix);
  return capability === undefined ? 0 : Msix.MSIX_CONTROL.LAST.get(fn.readConfig(capability, 4)) + 1;
}

const hasMessage = (device: Device): boolean => findCapability(device.slot.function, CapabilityId.msi) !== undefined;
