/*
 * One interrupt for everything, where the function has no MSI-X or is told not to use it: an MSI, or the pin, which other
 * functions may share. Causes are bits of ICR; what is enabled of them is computed anew whenever a queue is armed: link
 * changes always, each direction while one of its queues waits. Follows nic-82576 reference §6 and netadaptercx §5.10.
 */

import { CapabilityId, findCapability, Msi, type InterruptMessage } from '@netcx/bus';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import type { InterruptOptions, Interrupts, QueueConnection } from './interrupt.ts';
import { Moderation } from './moderation.ts';
import { VectorAllocation } from './vector-allocation.ts';

const { GPIE, ICR, IMC, IMS } = REGISTERS;
const { MSI_CONTROL, MSI_DATA, MSI_HIGH, MSI_LOW } = Msi;
/** The one vector, and EITR. */
const VECTOR = 0;
const OTHER_CAUSES = (ICR.LSC.mask | ICR.DRSTA.mask) >>> 0;
const ALL = 0xffff_ffff;

/** The queues of one direction. */
interface Direction {
  readonly cause: number;
  /** By queue. */
  readonly handlers: Map<number, () => void>;
  /** Queues that want to hear of it now. */
  armed: number;
  /** Whether the cause is enabled. It is not while its queues are polled. */
  enabled: boolean;
}

/** The device's one interrupt. */
export class SharedInterrupt implements Interrupts {
  readonly kind: 'msi' | 'intx';
  readonly #device: Device;
  readonly #linkChanged: () => void;
  readonly #moderation: Moderation;
  readonly #allocation: VectorAllocation;
  readonly #directions: Readonly<Record<'rx' | 'tx', Direction>> = {
    rx: { cause: ICR.RXDW.mask, handlers: new Map(), armed: 0, enabled: false },
    tx: { cause: ICR.TXDW.mask, handlers: new Map(), armed: 0, enabled: false },
  };
  #message: InterruptMessage | undefined;
  #other = 0;

  /**
   * @param device - the device, after reset
   * @param kind - a message or the pin
   * @param options - how often it may interrupt
   * @throws BusError when the host has no message left; nothing is connected then
   */
  constructor(device: Device, kind: 'msi' | 'intx', options: InterruptOptions) {
    this.#device = device;
    this.kind = kind;
    this.#linkChanged = options.linkChanged;
    this.#moderation = new Moderation(device, VECTOR, options.interval);
    this.#allocation = new VectorAllocation(device);
    const handler = (): void => {
      this.#interrupted();
    };
    if (kind === 'msi') this.#connectMessage(handler);
    else device.slot.connectIntx(handler);
    this.program();
  }

  program(): void {
    this.#device.write(GPIE, GPIE.NSICR.mask); // whoever reads ICR clears it
    this.#moderation.program();
    this.#allocation.program();
    this.#enable();
  }

  enableOther(): void {
    this.#other = OTHER_CAUSES;
    this.#enable();
  }

  connectQueue({ direction, queue, packets, handler }: QueueConnection): (enabled: boolean) => void {
    const side = this.#directions[direction];
    let wanted = false;
    side.handlers.set(queue, () => {
      if (!wanted) return; // another queue's: this one is polled already
      wanted = false; // what was asked for is one notification
      handler();
    });
    this.#moderation.follow(`${direction} ${String(queue)}`, packets);
    this.#allocation.assign(direction, queue, VECTOR);
    let armed = false;
    return (enabled) => {
      wanted = enabled;
      if (enabled !== armed) side.armed += enabled ? 1 : -1;
      armed = enabled;
      if (!enabled) {
        if (side.armed === 0) this.#mask(side);
        return;
      }
      if (side.enabled) return; // and what is pending may be another queue's
      // What was raised until now is stale: every queue of the direction is looked at once more, this one after arming.
      this.#device.write(ICR, side.cause);
      this.#device.write(IMS, side.cause);
      side.enabled = true;
    };
  }

  release(): void {
    this.#device.maskInterrupts();
    if (this.kind === 'intx') this.#device.slot.connectIntx(undefined);
    else this.#releaseMessage();
  }

  /** Reading ICR acknowledges: the pin falls. A line that is shared may have been another function's. */
  #interrupted(): void {
    const causes = this.#device.read(ICR);
    if (causes === 0 || causes === ALL) return; // another function's, or nobody is there to be served
    this.#moderation.interrupted();
    for (const side of Object.values(this.#directions)) {
      if ((causes & side.cause) === 0 || side.armed === 0) continue;
      this.#mask(side); // until the first of its queues arms it again
      for (const handler of side.handlers.values()) handler();
    }
    if ((causes & OTHER_CAUSES) !== 0) this.#linkChanged();
  }

  #mask(side: Direction): void {
    side.enabled = false;
    this.#device.write(IMC, side.cause);
  }

  #enable(): void {
    let causes = this.#other;
    for (const { enabled, cause } of Object.values(this.#directions)) if (enabled) causes |= cause;
    if (causes !== 0) this.#device.write(IMS, causes >>> 0);
  }

  #connectMessage(handler: () => void): void {
    const { slot } = this.#device;
    const fn = slot.function;
    const at = this.#capability;
    const message = slot.allocateMessage(handler);
    this.#message = message;
    const control = fn.readConfig(at, 4);
    const wide = MSI_CONTROL.WIDE.get(control) === 1;
    fn.writeConfig(at + MSI_LOW.offset, 4, message.addressLow);
    if (wide) fn.writeConfig(at + MSI_HIGH.offset, 4, message.addressHigh);
    // A function that knows 32 bits of address only has its data where the others have the high half.
    fn.writeConfig(at + (wide ? MSI_DATA : MSI_HIGH).offset, 2, message.data);
    fn.writeConfig(at, 4, MSI_CONTROL.ENABLE.set(MSI_CONTROL.ENABLED.set(control, 0), 1));
  }

  #releaseMessage(): void {
    const fn = this.#device.slot.function;
    const at = this.#capability;
    fn.writeConfig(at, 4, MSI_CONTROL.ENABLE.set(fn.readConfig(at, 4), 0));
    this.#message?.release();
    this.#message = undefined;
  }

  get #capability(): number {
    return findCapability(this.#device.slot.function, CapabilityId.msi) ?? 0;
  }
}
