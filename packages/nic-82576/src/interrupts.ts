/*
 * Interrupt causes, masks and vectors (nic-82576 reference §6). In legacy mode every cause is a bit of ICR and there is
 * one interrupt; with GPIE.Multiple_MSIX a queue's cause is the bit of its vector in EICR, and ICR holds only the other
 * causes. A bit interrupts when it becomes both pending and enabled, once, until it was cleared or masked in between.
 * Without Multiple_MSIX, EICR shows the same causes in its own way and can interrupt as well.
 */

import type { Clock } from '@netcx/clock';
import type { RegisterFile } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import type { InterruptOutlet } from './interrupt-tap.ts';
import { EXTENDED_CAUSES, INTERRUPT_CAUSES, IVAR_VALID, REGISTERS } from './registers/index.ts';
import { Throttle } from './throttle.ts';

const { EIAC, EIAM, EICR, EICS, EIMC, EIMS, EITR, GPIE, IAM, ICR, ICS, IMC, IMS, IVAR, IVAR_MISC, PBACL } = REGISTERS;

/** Bits of the registers that have one bit a vector. */
const VECTOR_BITS = 2 ** EITR.count - 1;
/** The cause of ICR that IVAR_MISC gives an entry of its own. */
const TIMER_CAUSE = ICR.DRSTA.mask;
/** Without Multiple_MSIX an entry of IVAR selects one of these bits of EICR. */
const SHARED_BITS = 0xffff;
const QUEUES_PER_BANK = IVAR.count;

/** The interrupts of the MAC. What the engines call costs a few operations and allocates nothing. */
export class Interrupts {
  // What each burst asks stands first, on few lines of the cache.
  /** The bit of EICR that each queue's cause sets; 0 when IVAR has no valid entry for it. */
  readonly #rxBits: number[] = new Array<number>(2 * QUEUES_PER_BANK).fill(0);
  readonly #txBits: number[] = new Array<number>(2 * QUEUES_PER_BANK).fill(0);
  #perVector = false;
  #eicr = 0;
  #eims = 0;
  /** Enabled vectors in EICR, and enabled causes in ICR, that have interrupted already. */
  #vectorsSignalled = 0;
  #signalled = 0;
  #icr = 0;
  #ims = 0;
  #autoClear = 0;
  #autoMask = 0;
  #timerBit = 0;
  #otherBit = 0;
  #automaskOnSend = false;
  #clearsPending = false;
  readonly #registers: RegisterFile;
  readonly #port: InterruptOutlet;
  readonly #sent: () => void;
  readonly #throttles: readonly Throttle[];

  /**
   * @param registers - the MAC's registers
   * @param port - how interrupts leave the function
   * @param clock - measures moderation
   * @param sent - called for each interrupt, which IAC counts
   */
  constructor(registers: RegisterFile, port: InterruptOutlet, clock: Clock, sent: () => void = () => undefined) {
    this.#registers = registers;
    this.#port = port;
    this.#sent = sent;
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
    this.#raiseQueue(this.#rxBits[queue]!, ICR.RXDW.mask);
  }

  /**
   * Descriptors of a transmit queue were written back.
   *
   * @param queue - 0 to 15
   */
  txCause(queue: number): void {
    this.#raiseQueue(this.#txBits[queue]!, ICR.TXDW.mask);
  }

  /**
   * The free descriptors of a receive queue fell to its threshold.
   *
   * @param queue - 0 to 15
   */
  rxLow(queue: number): void {
    this.#raiseQueue(this.#rxBits[queue]!, ICR.RXDMT0.mask);
  }

  /**
   * Anything that no queue causes.
   *
   * @param bits - bits of ICR
   */
  otherCause(bits: number): void {
    this.#setCauses(bits);
    this.#deliver();
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
    registers.onRead(ICS, () => this.#causes());
    this.#onWrite(ICS, (written) => this.#setCauses(written));
    registers.onRead(IMS, () => this.#ims);
    this.#onWrite(IMS, (written) => (this.#ims |= written & INTERRUPT_CAUSES));
    this.#onWrite(IMC, (written) => (this.#ims &= ~written));
  }

  #installVectors(): void {
    const registers = this.#registers;
    this.#onWrite(GPIE, (value) => this.#setMode(value));
    registers.onRead(EICR, () => this.#readVectors());
    this.#onWrite(EICR, (written) => {
      this.#eicr &= ~written;
      this.#acknowledgeVectors(written);
    });
    registers.onRead(EICS, () => this.#eicr);
    this.#onWrite(EICS, (written) => (this.#eicr |= written & (this.#perVector ? VECTOR_BITS : EXTENDED_CAUSES)));
    registers.onRead(EIMS, () => this.#eims);
    this.#onWrite(EIMS, (written) => this.#enableVectors(written & EXTENDED_CAUSES));
    this.#onWrite(EIMC, (written) => (this.#eims &= ~written));
    this.#onWrite(EIAC, (written) => (this.#autoClear = written));
    this.#onWrite(EIAM, (written) => (this.#autoMask = written));
    registers.onWrite(EITR, (_value, vector, written) => this.#throttles[vector]?.configure(written));
    registers.onWrite(IVAR, (value, index) => this.#allocate(index, value));
    registers.onWrite(IVAR_MISC, (value) => {
      this.#timerBit = entryBit(value);
      this.#otherBit = entryBit(value >>> 8);
    });
    registers.onRead(PBACL, () => this.#port.pending);
    registers.onWrite(PBACL, (_value, _index, written) => this.#port.clearPending(written));
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
    this.#clearsPending = GPIE.PBA.get(value) === 1;
  }

  /** With GPIE.PBA a vector that is enabled anew starts without a pending bit; its cause in EICR is what counts. */
  #enableVectors(bits: number): void {
    this.#eims |= bits;
    if (!this.#clearsPending) return;
    this.#vectorsSignalled &= ~(this.#port.pending & bits);
    this.#port.clearPending(bits);
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
    this.#acknowledgeVectors(EXTENDED_CAUSES);
    this.#deliver();
    return vectors;
  }

  /** Unless vectors mask themselves when they are sent, whoever acknowledges them masks what EIAM says. */
  #acknowledgeVectors(bits: number): void {
    if (!this.#automaskOnSend) this.#eims &= ~(this.#autoMask & bits);
  }

  /** Whoever looks at ICR because of an interrupt, or whenever GPIE.NSICR is set, masks what IAM says. */
  #acknowledge(): void {
    const asserted = (this.#causes() & ICR.INT_ASSERTED.mask) !== 0;
    if (asserted || GPIE.NSICR.get(this.#registers.get(GPIE)) === 1) this.#ims &= ~this.#registers.get(IAM);
  }

  /** A queue's cause: the bit of its vector, or a cause that all queues share and a bit of EICR beside it. */
  #raiseQueue(bits: number, cause: number): void {
    if (this.#perVector === true) {
      this.#eicr |= bits;
      this.#deliverVectors();
      return;
    }
    this.#icr |= cause;
    this.#eicr |= bits & SHARED_BITS;
    this.#deliver();
  }

  #setCauses(bits: number): void {
    const causes = bits & INTERRUPT_CAUSES;
    this.#icr |= causes;
    if (this.#perVector || causes === 0) return;
    if ((causes & TIMER_CAUSE) !== 0) this.#eicr |= EICR.TCP_TIMER.mask;
    if ((causes & ~TIMER_CAUSE) !== 0) this.#eicr |= EICR.OTHER.mask;
  }

  /** Interrupts for everything that is pending and enabled and has not interrupted yet. */
  #deliver(): void {
    if (this.#perVector) {
      const asserted = this.#icr & this.#ims;
      this.#signalled &= asserted;
      this.#deliverOther(asserted);
      this.#deliverVectors();
    } else {
      this.#deliverCauses();
    }
  }

  /** One interrupt for all causes: a level on the pin, a message for each cause that comes anew otherwise. */
  #deliverCauses(): void {
    const causes = this.#icr & this.#ims;
    const extended = this.#eicr & this.#eims;
    this.#signalled &= causes;
    this.#vectorsSignalled &= extended;
    if ((causes | extended) === 0) {
      this.#port.setLevel(false);
      return;
    }
    if (causes === this.#signalled && extended === this.#vectorsSignalled) return;
    if (this.#throttles[0]?.admit() !== true) return;
    const raised = (this.#signalled | this.#vectorsSignalled) !== 0;
    this.#signalled = causes;
    this.#vectorsSignalled = extended;
    this.#sent();
    if (raised) this.#port.trigger(0);
    else this.#port.setLevel(true);
  }

  #deliverOther(asserted: number): void {
    const fresh = asserted & ~this.#signalled;
    this.#signalled = asserted;
    if ((fresh & TIMER_CAUSE) !== 0) this.#eicr |= this.#timerBit;
    if ((fresh & ~TIMER_CAUSE) !== 0) this.#eicr |= this.#otherBit;
  }

  #deliverVectors(): void {
    const asserted = this.#eicr & this.#eims & VECTOR_BITS;
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
    this.#sent();
    this.#port.trigger(vector);
    if ((this.#autoClear & bit) !== 0) {
      this.#eicr &= ~bit;
      this.#vectorsSignalled &= ~bit;
    }
    if (this.#automaskOnSend) this.#eims &= ~(this.#autoMask & bit);
  }
}

/** The bit of EICR that an entry of IVAR selects; 0 when the entry is not valid. */
function entryBit(entry: number): number {
  return (entry & IVAR_VALID) === 0 ? 0 : (1 << (entry & 0x1f)) & VECTOR_BITS;
}
