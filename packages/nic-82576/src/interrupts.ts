/*
 * Interrupt causes, masks and vectors (nic-82576 reference §6). In legacy mode every cause is a bit of ICR and there is
 * one interrupt; with GPIE.Multiple_MSIX a queue's cause is the bit of its vector in EICR, and ICR holds only the other
 * causes. A bit interrupts when it becomes both pending and enabled, once, until it was cleared or masked in between.
 */

import type { Clock } from '@netcx/clock';
import type { InterruptPort, RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { REGISTERS, INTERRUPT_CAUSES, IVAR_VALID } from './registers/index.ts';
import { Throttle } from './throttle.ts';

const { EIAC, EIAM, EICR, EICS, EIMC, EIMS, EITR, GPIE, IAM, ICR, ICS, IMC, IMS, IVAR, IVAR_MISC } = REGISTERS;

/** Bits of the registers that have one bit a vector. */
const VECTOR_BITS = 2 ** EITR.count - 1;
/** The cause of ICR that IVAR_MISC gives an entry of its own. */
const TIMER_CAUSE = ICR.DRSTA.mask;
const QUEUES_PER_BANK = IVAR.count;

/** The interrupts of the MAC. What the engines call costs a few operations and allocates nothing. */
export class Interrupts {
  readonly #registers: RegisterFile;
  readonly #port: InterruptPort;
  readonly #throttles: readonly Throttle[];
  /** The bit of EICR that each queue's cause sets; 0 when IVAR has no valid entry for it. */
  readonly #rxBits: number[] = new Array<number>(2 * QUEUES_PER_BANK).fill(0);
  readonly #txBits: number[] = new Array<number>(2 * QUEUES_PER_BANK).fill(0);
  #timerBit = 0;
  #otherBit = 0;
  #perVector = false;
  #automaskOnSend = false;
  #icr = 0;
  #ims = 0;
  #eicr = 0;
  #eims = 0;
  #autoClear = 0;
  #autoMask = 0;
  /** Enabled causes in ICR, and enabled vectors in EICR, that have interrupted already. */
  #signalled = 0;
  #vectorsSignalled = 0;

  /**
   * @param registers - the MAC's registers
   * @param port - how interrupts leave the function
   * @param clock - measures moderation
   */
  constructor(registers: RegisterFile, port: InterruptPort, clock: Clock) {
    this.#registers = registers;
    this.#port = port;
    this.#throttles = Array.from({ length: EITR.count }, () => new Throttle(clock, () => this.#deliver()));
    this.#installCauses();
    this.#installVectors();
  }

  /**
   * Descriptors of a receive queue were written back.
   *
   * @param queue - 0 to 15
   */
  rxCause(queue: number): void {
    if (this.#perVector) this.#raiseVectors(this.#rxBits[queue] ?? 0);
    else this.#raise(ICR.RXDW.mask);
  }

  /**
   * Descriptors of a transmit queue were written back.
   *
   * @param queue - 0 to 15
   */
  txCause(queue: number): void {
    if (this.#perVector) this.#raiseVectors(this.#txBits[queue] ?? 0);
    else this.#raise(ICR.TXDW.mask);
  }

  /**
   * The free descriptors of a receive queue fell to its threshold.
   *
   * @param queue - 0 to 15
   */
  rxLow(queue: number): void {
    if (this.#perVector) this.#raiseVectors(this.#rxBits[queue] ?? 0);
    else this.#raise(ICR.RXDMT0.mask);
  }

  /**
   * Anything that no queue causes.
   *
   * @param bits - bits of ICR
   */
  otherCause(bits: number): void {
    this.#raise(bits);
  }

  /** Forgets causes, masks and vectors, as CTRL.RST does; the intervals of EITR stay what they are. */
  reset(): void {
    for (const throttle of this.#throttles) throttle.reset();
    this.#icr = this.#ims = this.#eicr = this.#eims = 0;
    this.#signalled = this.#vectorsSignalled = 0;
    this.#rxBits.fill(0);
    this.#txBits.fill(0);
    this.#timerBit = this.#otherBit = 0;
    this.#autoClear = this.#autoMask = 0;
    this.#setMode(0);
    this.#port.setLevel(false);
  }

  /** Reads the intervals of EITR anew, after a reset that touched them. */
  reloadIntervals(): void {
    for (const [vector, throttle] of this.#throttles.entries()) throttle.configure(this.#registers.get(EITR, vector));
  }

  /** Shows causes and masks in the register file, for a dump; the host's reads do not need it. */
  mirror(): void {
    this.#registers.set(ICR, this.#causes());
    this.#registers.set(IMS, this.#ims);
    this.#registers.set(EICR, this.#eicr);
    this.#registers.set(EIMS, this.#eims);
  }

  #installCauses(): void {
    const registers = this.#registers;
    registers.onRead(ICR, () => this.#readCauses());
    this.#onWrite(ICR, (written) => {
      this.#acknowledge();
      this.#icr &= ~written;
    });
    this.#onWrite(ICS, (written) => (this.#icr |= written & INTERRUPT_CAUSES));
    registers.onRead(IMS, () => this.#ims);
    this.#onWrite(IMS, (written) => (this.#ims |= written & INTERRUPT_CAUSES));
    this.#onWrite(IMC, (written) => (this.#ims &= ~written));
  }

  #installVectors(): void {
    const registers = this.#registers;
    this.#onWrite(GPIE, (value) => this.#setMode(value));
    registers.onRead(EICR, () => this.#readVectors());
    this.#onWrite(EICR, (written) => (this.#eicr &= ~written));
    this.#onWrite(EICS, (written) => (this.#eicr |= written & VECTOR_BITS));
    registers.onRead(EIMS, () => this.#eims);
    this.#onWrite(EIMS, (written) => (this.#eims |= written & VECTOR_BITS));
    this.#onWrite(EIMC, (written) => (this.#eims &= ~written));
    this.#onWrite(EIAC, (written) => (this.#autoClear = written));
    this.#onWrite(EIAM, (written) => (this.#autoMask = written));
    registers.onWrite(EITR, (_value, vector, written) => this.#throttles[vector]?.configure(written));
    registers.onWrite(IVAR, (value, index) => this.#allocate(index, value));
    registers.onWrite(IVAR_MISC, (value) => {
      this.#timerBit = entryBit(value);
      this.#otherBit = entryBit(value >>> 8);
    });
  }

  /** Installs what a write does; what became due by it goes out after it. */
  #onWrite(register: Register, act: (written: number) => void): void {
    this.#registers.onWrite(register, (_value, _index, written) => {
      act(written);
      this.#deliver();
    });
  }

  #setMode(value: number): void {
    this.#perVector = GPIE.Multiple_MSIX.get(value) === 1;
    this.#automaskOnSend = GPIE.EIAME.get(value) === 1;
  }

  /** Entry `index` of IVAR serves queue `index` with its low half and the queue eight further with its high half. */
  #allocate(index: number, value: number): void {
    this.#rxBits[index] = entryBit(value);
    this.#txBits[index] = entryBit(value >>> 8);
    this.#rxBits[index + QUEUES_PER_BANK] = entryBit(value >>> 16);
    this.#txBits[index + QUEUES_PER_BANK] = entryBit(value >>> 24);
  }

  #causes(): number {
    const asserted = !this.#perVector && (this.#icr & this.#ims) !== 0;
    return asserted ? this.#icr | ICR.INT_ASSERTED.mask : this.#icr;
  }

  #readCauses(): number {
    const causes = this.#causes();
    this.#acknowledge();
    this.#icr = 0;
    this.#deliver();
    return causes;
  }

  #readVectors(): number {
    const vectors = this.#eicr;
    this.#eicr = 0;
    this.#deliver();
    return vectors;
  }

  /** Whoever looks at ICR because of an interrupt, or whenever GPIE.NSICR is set, masks what IAM says. */
  #acknowledge(): void {
    const asserted = (this.#causes() & ICR.INT_ASSERTED.mask) !== 0;
    if (asserted || GPIE.NSICR.get(this.#registers.get(GPIE)) === 1) this.#ims &= ~this.#registers.get(IAM);
  }

  #raise(bits: number): void {
    this.#icr |= bits & INTERRUPT_CAUSES;
    this.#deliver();
  }

  #raiseVectors(bits: number): void {
    this.#eicr |= bits;
    this.#deliverVectors();
  }

  /** Interrupts for everything that is pending and enabled and has not interrupted yet. */
  #deliver(): void {
    const asserted = this.#icr & this.#ims;
    this.#signalled &= asserted;
    if (this.#perVector) this.#deliverOther(asserted);
    else this.#deliverCauses(asserted);
  }

  /** One interrupt for all causes: a level on the pin, a message for each cause that comes anew otherwise. */
  #deliverCauses(asserted: number): void {
    if (asserted === 0) {
      this.#port.setLevel(false);
      return;
    }
    if (asserted === this.#signalled || this.#throttles[0]?.admit() !== true) return;
    const raised = this.#signalled !== 0;
    this.#signalled = asserted;
    if (raised) this.#port.trigger(0);
    else this.#port.setLevel(true);
  }

  #deliverOther(asserted: number): void {
    const fresh = asserted & ~this.#signalled;
    this.#signalled = asserted;
    if ((fresh & TIMER_CAUSE) !== 0) this.#eicr |= this.#timerBit;
    if ((fresh & ~TIMER_CAUSE) !== 0) this.#eicr |= this.#otherBit;
    this.#deliverVectors();
  }

  #deliverVectors(): void {
    const asserted = this.#eicr & this.#eims;
    this.#vectorsSignalled &= asserted;
    let due = asserted & ~this.#vectorsSignalled;
    while (due !== 0) {
      const vector = 31 - Math.clz32(due & -due);
      due &= ~(1 << vector);
      if (this.#throttles[vector]?.admit() === true) this.#send(vector);
    }
  }

  #send(vector: number): void {
    const bit = 1 << vector;
    this.#vectorsSignalled |= bit;
    if ((this.#autoClear & bit) !== 0) {
      this.#eicr &= ~bit;
      this.#vectorsSignalled &= ~bit;
    }
    if (this.#automaskOnSend) this.#eims &= ~(this.#autoMask & bit);
    this.#port.trigger(vector);
  }
}

/** The bit of EICR that an entry of IVAR selects; 0 when the entry is not valid. */
function entryBit(entry: number): number {
  return (entry & IVAR_VALID) === 0 ? 0 : (1 << (entry & 0x1f)) & VECTOR_BITS;
}
