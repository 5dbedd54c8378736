/*
 * The plainest NIC that sends and receives by DMA: two rings of 16-byte descriptors, three MSI-X vectors, no filter. Real
 * in every part, so that the suites are tried on something that works; and on request wrong in exactly one way.
 */

import type { AccessSize, PciEndpoint, Upstream } from '@netcx/bus';
import type { Alarm, Clock } from '@netcx/clock';
import { DmaPort, PciDevice, RegisterFile, type LinkEnd, type LinkPartner } from '@netcx/hardware';
import {
  allocateWire,
  copyWithinWire,
  Frame,
  FRAME_BAD_FCS,
  FRAME_HEADER_BYTES,
  freeWire,
  i32,
  u8,
} from '@netcx/hardware/wire';
import { bits, defineRegisters, defineStruct, register, u32, u64 } from '@netcx/layout';
import { BETWEEN_HALVES, OutOfOrderBurst, type Sendable } from './out-of-order-burst.ts';

// prettier-ignore
export const PLAIN = defineRegisters({
  CONTROL:  register(0x00, 'rw', 0, 'Control', { TX_ON: 0, RX_ON: 1 }, { writable: 3 }),
  STATUS:   register(0x04, 'ro', 0, 'Status', { LINK: 0, FAULT: 1 }),
  RAISE:    register(0x08, 'wo', 0, 'Vector to raise'),
  TX_LOW:   register(0x10, 'rw', 0, 'Transmit ring'),
  TX_HIGH:  register(0x14, 'rw', 0, 'Transmit ring, high'),
  TX_COUNT: register(0x18, 'rw', 0, 'Transmit descriptors', {}, { writable: 0xfff }),
  TX_TAIL:  register(0x1c, 'rw', 0, 'Behind the last transmit descriptor', {}, { writable: 0xfff }),
  RX_LOW:   register(0x30, 'rw', 0, 'Receive ring'),
  RX_HIGH:  register(0x34, 'rw', 0, 'Receive ring, high'),
  RX_COUNT: register(0x38, 'rw', 0, 'Receive descriptors', {}, { writable: 0xfff }),
  RX_TAIL:  register(0x3c, 'rw', 0, 'Behind the last receive descriptor', {}, { writable: 0xfff }),
});

/** A part of a frame. */
// prettier-ignore
export const PlainDescriptor = defineStruct('PlainDescriptor', 16, {
  address: u64(0),
  length:  bits(u32(8), 25, 0),  // Rx, before: bytes of the buffer; after: of the frame
  last:    bits(u32(8), 31),     // Tx: the last part of its frame
  done:    u32(12),              // 1 when the NIC is done with the frame
});

export const DESCRIPTOR_BYTES = 16;
export const VECTOR = { RX: 0, TX: 1, LINK: 2 } as const;
const SHORTEST = 60;
const LONGEST = 16_384;

/** One way to be wrong. */
export type NicFault =
  | 'answers while memory space is off'
  | 'differs by access size'
  | 'forgets a BAR bit'
  | 'ids can be written'
  | 'keeps a register over resets'
  | 'lives on after removal'
  | 'pads with garbage'
  | 'passes damaged frames'
  | 'reaches memory without bus mastering'
  | 'rounds addresses down'
  | 'runs its capabilities in a circle'
  | 'sends masked vectors'
  | 'shares a register'
  | 'throws at a register'
  | 'throws on a fault'
  | 'unsteady';

/** How a NIC may work without being wrong. */
export type NicWay = 'fetches out of order';

let shared = 0;

/** One ring: what the registers say, and how far it is. */
interface RingState {
  low: number;
  high: number;
  count: number;
  tail: number;
  head: number;
}

export class PlainNic implements PciEndpoint, LinkPartner {
  readonly registers = new RegisterFile('plain', PLAIN, 4096);
  readonly device: PciDevice;
  readonly #dma: DmaPort;
  readonly #link: LinkEnd;
  readonly #alarm: Alarm;
  readonly #scratch = allocateWire(LONGEST + 64);
  readonly #faults: ReadonlySet<NicFault | NicWay>;
  readonly #burst = new OutOfOrderBurst({
    fetch: (index) => this.#fetch(this.#ring('TX'), index),
    read: (word, length) => this.#readPart(word, length),
    done: (index) => this.#sayDone(this.#ring('TX'), index),
  });
  /** Frames that were fetched and wait for room on the cable. */
  #outgoing: Sendable[] = [];
  #upstream: Upstream | undefined;
  #txHead = 0;
  #rxHead = 0;
  #stuck = false;
  #removed = false;

  constructor(clock: Clock, link: LinkEnd, faults: readonly (NicFault | NicWay)[] = []) {
    this.#faults = new Set(faults);
    this.#link = link;
    this.device = new PciDevice(
      {
        vendorId: 0xf00d,
        deviceId: 0x0001,
        classCode: 0x02_0000,
        bars: [{ kind: 'memory64', size: 4096 }, undefined, { kind: 'memory32', size: 4096 }],
        capabilities: [
          { kind: 'powerManagement' },
          { kind: 'msix', vectors: 3, table: { bar: 2, offset: 0 }, pending: { bar: 2, offset: 2048 } },
          { kind: 'pciExpress' },
        ],
      },
      {
        bars: [this.registers],
        onReset: () => this.#reset(),
        onChange: () => this.#alarm.soon(),
        onRemoved: () => this.#link.enable(false),
      },
    );
    this.#dma = new DmaPort(this.device);
    this.#alarm = clock.alarm(() => this.#transmit());
    link.attach(this);
    const { CONTROL, RAISE, STATUS, TX_TAIL } = PLAIN;
    this.registers.onRead(STATUS, () => Number(this.#up) | (this.#stuck ? STATUS.FAULT.mask : 0));
    this.registers.onWrite(CONTROL, (value) => this.#switch(value));
    this.registers.onWrite(TX_TAIL, () => this.#alarm.soon());
    this.registers.onWrite(RAISE, (_value, _index, written) => this.#raise(written));
  }

  #has(fault: NicFault | NicWay): boolean {
    return this.#faults.has(fault);
  }

  get #up(): boolean {
    return this.#link.up && this.registers.get(PLAIN.CONTROL) !== 0;
  }

  #reset(): void {
    const kept = this.registers.get(PLAIN.RX_HIGH);
    this.registers.reset();
    if (this.#has('keeps a register over resets')) this.registers.set(PLAIN.RX_HIGH, kept);
    this.#switch(0);
    this.#stuck = false;
  }

  #switch(control: number): void {
    if ((control & PLAIN.CONTROL.TX_ON.mask) === 0) {
      this.#txHead = 0;
      this.#burst.forget();
      this.#outgoing = [];
    }
    if ((control & PLAIN.CONTROL.RX_ON.mask) === 0) this.#rxHead = 0;
    if (control === 0) this.#stuck = false;
    this.#link.enable(control !== 0 && !this.#removed);
    this.#alarm.soon();
  }

  #raise(vector: number): void {
    if (this.#has('sends masked vectors') && vector < 3) {
      this.#upstream?.writeMessage(0xfee0_0000, 1, 0x4000 + vector);
      return;
    }
    this.device.interrupts.trigger(vector);
  }

  #ring(direction: 'TX' | 'RX'): RingState {
    const get = (name: 'LOW' | 'HIGH' | 'COUNT' | 'TAIL'): number => this.registers.get(PLAIN[`${direction}_${name}`]);
    const count = Math.max(1, get('COUNT'));
    const head = (direction === 'TX' ? this.#txHead : this.#rxHead) % count;
    return { low: get('LOW'), high: get('HIGH'), count, tail: get('TAIL') % count, head };
  }

  /** Where a descriptor lies, as two words. */
  #place({ low, high }: RingState, index: number): readonly [low: number, high: number] {
    const sum = low + index * DESCRIPTOR_BYTES;
    return [sum % 0x1_0000_0000, (high + Math.floor(sum / 0x1_0000_0000)) >>> 0];
  }

  /** Fetches a descriptor into scratch memory; its word index there, or -1 after a fault. */
  #fetch(ring: RingState, index: number): number {
    const [low, high] = this.#place(ring, index);
    const word = (this.#scratch + LONGEST) >>> 2;
    return this.#dma.readWords(low, high, 4, word) ? word : this.#fault();
  }

  #fault(): -1 {
    if (this.#has('throws on a fault')) throw new Error('memory is not there');
    this.#stuck = true;
    return -1;
  }

  #transmit(): void {
    if (this.#has('lives on after removal') && this.#removed) this.#upstream?.dma.translate(4096, 0, 4, 'read');
    if (this.#has('reaches memory without bus mastering') && !this.device.busMaster) {
      this.#upstream?.dma.translate(4096, 0, 4, 'read');
    }
    if (!this.device.busMaster || !this.#up || this.#stuck) return;
    if ((this.registers.get(PLAIN.CONTROL) & PLAIN.CONTROL.TX_ON.mask) === 0) return;
    const ring = this.#ring('TX');
    if (this.#has('fetches out of order')) {
      this.#transmitOutOfOrder(ring);
      return;
    }
    let sent = 0;
    while (ring.head !== ring.tail) {
      const next = this.#transmitFrame(ring);
      if (next < 0) break;
      ring.head = next;
      this.#txHead = next;
      sent++;
    }
    if (sent > 0) this.device.interrupts.trigger(VECTOR.TX);
  }

  #transmitOutOfOrder(ring: RingState): void {
    while (this.#outgoing[0] !== undefined && this.#send(this.#outgoing[0])) this.#outgoing.shift();
    if (this.#outgoing.length > 0) return; // `room` comes
    const step = this.#burst.goOn({ ...ring, head: this.#txHead });
    if (step === 'nothing') return;
    this.device.interrupts.trigger(VECTOR.TX);
    if (step === 'half') {
      this.#alarm.after(BETWEEN_HALVES);
      return;
    }
    this.#outgoing = step;
    this.#alarm.soon();
  }

  #send({ bytes, end }: Sendable): boolean {
    const size = (FRAME_HEADER_BYTES + bytes.length + 7) & ~7;
    const at = this.#link.reserve(size);
    if (at < 0) return false;
    u8.set(bytes, at + FRAME_HEADER_BYTES);
    Frame.length.set(i32, at >>> 2, bytes.length);
    Frame.status.set(i32, at >>> 2, 0);
    this.#link.commit(1, size);
    this.#txHead = end;
    return true;
  }

  /** The bytes of one descriptor; `undefined` after a fault. */
  #readPart(word: number, length: number): Uint8Array | undefined {
    const { low, high } = PlainDescriptor.address;
    const there =
      length <= LONGEST && this.#dma.readToWire(low.get(i32, word), high.get(i32, word), length, this.#scratch);
    if (!there) this.#fault();
    return there ? u8.slice(this.#scratch, this.#scratch + length) : undefined;
  }

  #sayDone(ring: RingState, index: number): void {
    const [low, high] = this.#place(ring, index);
    this.#dma.writeWord32(low + 12, high, 1);
  }

  /** Sends the frame at the head; the index behind it, or -1 when it has to wait, or cannot be. */
  #transmitFrame(ring: RingState): number {
    let length = 0;
    let index = ring.head;
    for (let last = 0; last === 0;) {
      if (index === ring.tail) return -1;
      const word = this.#fetch(ring, index);
      if (word < 0) return -1;
      const part = PlainDescriptor.length.get(i32, word);
      last = PlainDescriptor.last.get(i32, word);
      const low = PlainDescriptor.address.low.get(i32, word);
      const from = this.#has('rounds addresses down') ? low & ~3 : low;
      if (length + part > LONGEST) return this.#fault();
      if (!this.#dma.readToWire(from, PlainDescriptor.address.high.get(i32, word), part, this.#scratch + length)) {
        return this.#fault();
      }
      length += part;
      index = (index + 1) % ring.count;
    }
    const whole = Math.max(length, SHORTEST);
    const at = this.#link.reserve(FRAME_HEADER_BYTES + whole + 8);
    if (at < 0) return -1; // `room` comes
    u8.fill(this.#has('pads with garbage') ? 0xaa : 0, this.#scratch + length, this.#scratch + whole);
    copyWithinWire(at + FRAME_HEADER_BYTES, this.#scratch, whole);
    Frame.length.set(i32, at >>> 2, whole);
    Frame.status.set(i32, at >>> 2, 0);
    this.#link.commit(1, (FRAME_HEADER_BYTES + whole + 7) & ~7);
    this.#sayDone(ring, (index + ring.count - 1) % ring.count);
    return index;
  }

  receive(offset: number, frames: number): void {
    let at = offset;
    let taken = 0;
    for (let index = 0; index < frames; index++) {
      const length = Frame.length.get(i32, at >>> 2);
      const damaged = Frame.status.get(i32, at >>> 2) === FRAME_BAD_FCS && !this.#has('passes damaged frames');
      if (!damaged && this.#take(at + FRAME_HEADER_BYTES, length)) taken++;
      at += (FRAME_HEADER_BYTES + length + 7) & ~7;
    }
    if (taken > 0) this.device.interrupts.trigger(VECTOR.RX);
  }

  #take(at: number, length: number): boolean {
    const on = (this.registers.get(PLAIN.CONTROL) & PLAIN.CONTROL.RX_ON.mask) !== 0;
    const ring = this.#ring('RX');
    if (!on || this.#stuck || !this.device.busMaster || length < SHORTEST || ring.head === ring.tail) return false;
    const word = this.#fetch(ring, ring.head);
    if (word < 0 || length > PlainDescriptor.length.get(i32, word)) return false;
    const { low: addressLow, high: addressHigh } = PlainDescriptor.address;
    if (!this.#dma.writeFromWire(at, length, addressLow.get(i32, word), addressHigh.get(i32, word))) {
      this.#fault();
      return false;
    }
    const [low, high] = this.#place(ring, ring.head);
    this.#dma.writeWord32(low + 8, high, length);
    this.#dma.writeWord32(low + 12, high, 1);
    this.#rxHead = (ring.head + 1) % ring.count;
    return true;
  }

  room(): void {
    this.#alarm.soon();
  }

  changed(): void {
    this.device.interrupts.trigger(VECTOR.LINK);
    this.#alarm.soon();
  }

  connect(upstream: Upstream): void {
    this.#upstream = upstream;
    this.device.connect(upstream);
  }

  readConfig(offset: number, size: AccessSize): number {
    if (this.#has('differs by access size') && offset === 0x3c && size === 1) return 0x17;
    if (this.#has('runs its capabilities in a circle') && offset === 0x41) return 0x40;
    return this.device.readConfig(offset, size);
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    if (this.#has('ids can be written') && offset === 0x2c) this.device.config.assign(0x2c, -1, value);
    this.device.writeConfig(offset, size, value);
    if (this.#has('forgets a BAR bit') && offset === 0x18) this.device.config.assign(0x18, 0x8000, 0);
  }

  read32(bar: number, offset: number): number {
    if (this.#has('answers while memory space is off') && bar === 0) return this.registers.read32(offset);
    if (this.#has('unsteady') && bar === 0 && offset === 0x7f0) return Math.floor(Math.random() * 0x1_0000_0000);
    if (this.#has('shares a register') && bar === 0 && offset === 0x7f4 && this.device.awake) return shared;
    return this.device.read32(bar, offset);
  }

  write32(bar: number, offset: number, value: number): void {
    if (this.#has('throws at a register') && bar === 0 && offset === 0x7f8 && value === 0xffff_ffff)
      throw new Error('no such register');
    if (this.#has('shares a register') && bar === 0 && offset === 0x7f4) shared = value;
    this.device.write32(bar, offset, value);
  }

  reset(): void {
    this.device.reset();
  }

  removed(): void {
    this.#removed = true;
    if (this.#has('lives on after removal')) this.#alarm.after(1000);
    else this.device.removed();
  }

  close(): void {
    this.device.removed();
    freeWire(this.#scratch, LONGEST + 64);
  }
}
