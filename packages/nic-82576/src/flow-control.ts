/*
 * Flow control by PAUSE frames (IEEE 802.3 Annex 31B, nic-82576 reference §2: CTRL.RFCE and TFCE, FCAL, FCAH, FCT, FCTTV,
 * FCRTV, FCRTH, FCRTL). Received ones stop the transmitter for so many times of 512 bits; when the packet buffer fills up, the
 * link's partner is asked to stop, and to go on when it has emptied. A time of 0 means "go on" in both directions.
 */

import type { Alarm } from '@netcx/clock';
import { Frame, FRAME_HEADER_BYTES, u8 as bytes, i32 as words } from '@netcx/hardware/wire';
import type { EngineParts } from './engine.ts';
import { putWord16, word16 } from './internet-sum.ts';
import { REGISTERS } from './registers/index.ts';

const { CTRL, FCAH, FCAL, FCRTH, FCRTL, FCRTV, FCRUC, FCT, FCTTV, RAH, RAL, RCTL, XOFFRXC, XOFFTXC, XONRXC, XONTXC } =
  REGISTERS;

/** What a MAC control frame has behind its Ether type when it is a PAUSE frame. */
const PAUSE = 1;
/** Bits of one unit of a pause time. */
const QUANTUM_BITS = 512;
/** Nanoseconds that a bit takes at 1 Mbit/s. */
const BIT_NANOSECONDS = 1000;
/** Bytes of the shortest frame, without frame check sequence: a PAUSE frame is one. */
const FRAME_BYTES = 60;
const FRAME_SPACE = FRAME_HEADER_BYTES + 64;

/** Both directions of flow control. */
export class FlowControl {
  /** The Ether type of MAC control frames, bytes in the order of memory; -1 while nobody asks which frames are some. */
  etherType = -1;
  readonly #parts: EngineParts;
  /** Goes off when a pause time that was sent is to be sent again. */
  readonly #alarm: Alarm;
  /** Whether the partner was asked to stop. */
  #stopped = false;

  /**
   * @param parts - what the engine works with
   */
  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#alarm = parts.clock.alarm(() => {
      if (this.#stopped) this.#stop();
    });
  }

  /** Whether the partner is asked to stop when the packet buffer fills up. */
  get sends(): boolean {
    return CTRL.TFCE.get(this.#parts.registers.get(CTRL)) === 1;
  }

  /** Reads CTRL, RCTL and FCT anew: they were written, or reset. */
  rebuild(): void {
    const { registers } = this.#parts;
    const receives = CTRL.RFCE.get(registers.get(CTRL)) === 1;
    const watches = receives || RCTL.DPF.get(registers.get(RCTL)) === 1;
    const type = registers.get(FCT);
    this.etherType = watches ? ((type & 0xff) << 8) | (type >>> 8) : -1;
    if (!this.sends) this.reset();
  }

  /** The packet buffer is empty, and nobody was asked to stop. */
  reset(): void {
    this.#stopped = false;
    this.#alarm.cancel();
  }

  /**
   * Looks at a good frame of `etherType` that has arrived, and does what it says.
   *
   * @param data - byte offset of its first byte in device memory
   * @returns whether nobody else gets it
   */
  takes(data: number): boolean {
    const { registers } = this.#parts;
    const receives = CTRL.RFCE.get(registers.get(CTRL)) === 1;
    const control = registers.get(RCTL);
    if (word16(data + 14) !== PAUSE) {
      if (receives) registers.add(FCRUC, 1);
      return RCTL.PMCF.get(control) === 0;
    }
    if (receives && this.#isForUs(data)) this.#pause(word16(data + 16));
    return RCTL.DPF.get(control) === 1;
  }

  /**
   * Says how full the packet buffer is.
   *
   * @param used - its bytes that are in use
   */
  level(used: number): void {
    if (!this.sends) return;
    const { registers } = this.#parts;
    const high = registers.get(FCRTH);
    if (!this.#stopped && high > 0 && used >= high) {
      this.#stopped = true;
      this.#stop();
    } else if (this.#stopped && used <= (registers.get(FCRTL) & FCRTL.RTL.mask)) {
      this.reset();
      if (FCRTL.XONE.get(registers.get(FCRTL)) === 1) this.#send(0);
    }
  }

  /** PAUSE frames go to a group address that all know, or to the station itself. */
  #isForUs(data: number): boolean {
    const { filter, registers } = this.#parts;
    const low = words[data >> 2]!;
    const high = words[(data >> 2) + 1]! & 0xffff;
    return (
      (low === (registers.get(FCAL) | 0) && high === registers.get(FCAH)) ||
      (low === filter.ownLow && high === filter.ownHigh)
    );
  }

  #pause(quanta: number): void {
    const { clock, port, registers } = this.#parts;
    registers.add(quanta === 0 ? XONRXC : XOFFRXC, 1);
    port.pause(clock.now() + this.#nanoseconds(quanta));
  }

  #nanoseconds(quanta: number): number {
    return (quanta * QUANTUM_BITS * BIT_NANOSECONDS) / this.#parts.port.end.speed;
  }

  /** Asks the partner to stop, and again when that time is over, or but for FCRTV. */
  #stop(): void {
    const { registers } = this.#parts;
    const quanta = registers.get(FCTTV);
    const refresh = registers.get(FCRTV);
    this.#send(quanta);
    if (quanta > 0) this.#alarm.after(Math.ceil(this.#nanoseconds(refresh < quanta ? quanta - refresh : quanta)));
  }

  #send(quanta: number): void {
    const { port, registers } = this.#parts;
    const at = port.up ? port.end.reserve(FRAME_SPACE) : -1;
    if (at < 0) return; // the wire is full: what is on it already is not stopped by one frame more
    const data = at + FRAME_HEADER_BYTES;
    bytes.fill(0, data, at + FRAME_SPACE);
    words[data >> 2] = registers.get(FCAL);
    putAddressEnd(data + 4, registers.get(FCAH));
    for (let index = 0; index < 4; index++) bytes[data + 6 + index] = registers.get(RAL) >>> (8 * index);
    putAddressEnd(data + 10, registers.get(RAH));
    putWord16(data + 12, registers.get(FCT));
    putWord16(data + 14, PAUSE);
    putWord16(data + 16, quanta);
    Frame.length.set(words, at >> 2, FRAME_BYTES);
    Frame.status.set(words, at >> 2, 0);
    port.end.commit(1, FRAME_SPACE);
    registers.add(quanta === 0 ? XONTXC : XOFFTXC, 1);
  }
}

/** Puts the last two bytes of an address where they belong. */
function putAddressEnd(at: number, high: number): void {
  bytes[at] = high;
  bytes[at + 1] = high >>> 8;
}
