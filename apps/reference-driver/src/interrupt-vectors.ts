/*
 * Interrupts by MSI-X: one vector for link and other causes, and one for each receive and each transmit queue. A function
 * that has too few shares them: a vector serves a receive and a transmit queue, or several of each. A queue's own vector
 * masks itself when it fires (EIAM) and stays masked until the framework arms it again, so a queue that is being polled
 * costs no interrupt; a shared one stays on as long as one of its queues is armed. Follows nic-82576 reference §6.
 */

import { MsixTable } from '@netcx/bus';
import { IVAR_VALID, REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import type { InterruptOptions, Interrupts, QueueConnection } from './interrupt.ts';
import { Moderation, type InterruptInterval } from './moderation.ts';
import { VectorAllocation } from './vector-allocation.ts';

const { EIAC, EIAM, EICR, EIMC, EIMS, GPIE, ICR, IMS, IVAR_MISC } = REGISTERS;
/** The vector of everything that is no queue's. */
const OTHER = 0;

/** A vector of queues. */
interface QueueVector {
  /** By queue. */
  readonly handlers: Map<string, () => void>;
  readonly moderation: Moderation;
  /** Queues that want to hear of it now. */
  armed: number;
}

/** All interrupt vectors of the device. */
export class VectorInterrupts implements Interrupts {
  readonly kind = 'msix';
  readonly #device: Device;
  readonly #table: MsixTable;
  readonly #receiveQueues: number;
  /** Vectors for queues: numbers 1 up to this. */
  readonly #queueVectors: number;
  readonly #shared: boolean;
  readonly #vectors = new Map<number, QueueVector>();
  readonly #allocation: VectorAllocation;
  #other = false;

  /**
   * @param device - the device, after reset; its function has two vectors or more
   * @param options - how many queues there will be, and how often they may interrupt
   * @throws BusError; nothing is connected then
   */
  constructor(device: Device, options: InterruptOptions) {
    const { receiveQueues, transmitQueues, interval, linkChanged } = options;
    this.#device = device;
    this.#table = new MsixTable(device.slot);
    const available = this.#table.size - 1;
    this.#receiveQueues = receiveQueues;
    this.#shared = receiveQueues + transmitQueues > available;
    this.#queueVectors = this.#shared
      ? Math.min(available, Math.max(receiveQueues, transmitQueues))
      : receiveQueues + transmitQueues;
    this.#allocation = new VectorAllocation(device);
    try {
      this.#connect(interval, linkChanged);
    } catch (error) {
      this.release();
      throw error;
    }
    this.program();
    this.#table.enable();
  }

  program(): void {
    const device = this.#device;
    const all = 2 ** (1 + this.#queueVectors) - 1;
    // GPIE first: QEMU's chip ignores EIAC before it.
    device.write(GPIE, (GPIE.Multiple_MSIX.mask | GPIE.NSICR.mask | GPIE.EIAME.mask | GPIE.PBA.mask) >>> 0);
    device.write(IVAR_MISC, (OTHER | IVAR_VALID) << IVAR_MISC.OTHER.shift);
    device.write(EIAC, all);
    // Vector 0 re-arms by itself; a shared one must not fall silent for the queues that found nothing when it fired.
    device.write(EIAM, this.#shared ? 0 : all & ~(1 << OTHER));
    this.#allocation.program();
    for (const [number, vector] of this.#vectors) {
      vector.moderation.program();
      if (vector.armed > 0) device.write(EIMS, 1 << number);
    }
    if (this.#other) this.enableOther();
  }

  #connect(interval: InterruptInterval, linkChanged: () => void): void {
    const device = this.#device;
    this.#table.connect(OTHER, () => {
      device.read(ICR); // acknowledges every cause
      linkChanged();
      device.write(EIMS, 1 << OTHER);
    });
    for (let number = 1; number <= this.#queueVectors; number++) {
      const moderation = new Moderation(device, number, interval);
      const vector: QueueVector = { handlers: new Map(), moderation, armed: 0 };
      this.#vectors.set(number, vector);
      this.#table.connect(number, () => {
        moderation.interrupted();
        for (const handler of vector.handlers.values()) handler();
      });
    }
  }

  enableOther(): void {
    this.#other = true;
    this.#device.write(IMS, (IMS.LSC.mask | IMS.DRSTA.mask) >>> 0);
    this.#device.write(EIMS, 1 << OTHER);
  }

  connectQueue({ direction, queue, packets, handler }: QueueConnection): (enabled: boolean) => void {
    const own = queue + (direction === 'tx' ? this.#receiveQueues : 0);
    const number = 1 + (this.#shared ? queue % this.#queueVectors : own);
    const vector = this.#vectors.get(number);
    if (vector === undefined)
      throw new RangeError(`${this.#device.name}: ${direction} queue ${String(queue)} was not announced`);
    const name = `${direction} ${String(queue)}`;
    let wanted = false;
    vector.handlers.set(name, () => {
      if (!wanted) return; // another queue's: this one is polled already
      wanted = false; // what was asked for is one notification
      handler();
    });
    vector.moderation.follow(name, packets);
    this.#allocation.assign(direction, queue, number);
    const bit = 1 << number;
    let armed = false;
    return (enabled) => {
      wanted = enabled;
      if (enabled !== armed) vector.armed += enabled ? 1 : -1;
      armed = enabled;
      if (!enabled) {
        if (vector.armed === 0) this.#device.write(EIMC, bit);
        return;
      }
      if (vector.armed > 1) return; // on already, and what is pending may be another queue's
      // What was raised while the queue was polled is stale: the framework looks at the ring once more after arming.
      this.#device.write(EICR, bit);
      this.#device.write(EIMS, bit);
    };
  }

  release(): void {
    this.#device.maskInterrupts();
    this.#table.release();
  }
}
