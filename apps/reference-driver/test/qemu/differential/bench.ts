/*
 * One chip of a differential run with rings in host memory: does operations and says what could be seen of them. Both chips
 * have a bench of their own; addresses differ, so what is seen never contains one.
 */

import { hostPages } from '@netcx/dma';
import { i32 as m, u8 as bytes } from '@netcx/dma/memory';
import {
  BAR,
  DESCRIPTOR_BYTES,
  MDI_OPERATION,
  PHY,
  PHY_ADDRESS,
  phyNumber,
  REGISTERS,
  RX_DESCRIPTOR_TYPE,
  RX_STATUS,
  TX_COMMAND,
} from '@netcx/nic-82576/registers';
import type { Chip } from './chip.ts';
import type { Descriptor, Operation } from './operation.ts';

const R = REGISTERS;
type Place = Pick<(typeof R)['CTRL'], 'offset' | 'stride'>;

/** Queues of each direction that take part. */
export const QUEUES = 4;
/** Descriptors of each ring. */
const DESCRIPTORS = 64;
const BUFFER_BYTES = 2048;
const RING_BYTES = DESCRIPTORS * DESCRIPTOR_BYTES;
const MULTICAST_TABLE = 128;
/** Longest payload of a descriptor in these runs. */
export const LONGEST_PIECE = 16_384;

/** What was seen of one operation. */
export interface Seen {
  /** What a register read, or all counters. */
  readonly values: Readonly<Record<string, number>>;
  /** Frames that left, in hexadecimal. */
  readonly sent: readonly string[];
  /** By queue: where the chip is, and which of its descriptors it has marked as done. */
  readonly transmitted: readonly { readonly head: number; readonly done: readonly number[] }[];
  /** Descriptors written back, with what lies in their buffers. */
  readonly received: readonly { readonly queue: number; readonly words: readonly number[]; readonly data: string }[];
  /** By queue: where the chip is. */
  readonly receiveHeads: readonly number[];
}

interface TransmitRing {
  readonly ring: number;
  readonly buffers: number;
  /** Where the next descriptor goes, and what the chip was told. */
  tail: number;
}

interface ReceiveRing {
  readonly ring: number;
  readonly buffers: number;
  next: number;
}

/** A chip and its rings. */
export class Bench {
  readonly chip: Chip;
  readonly #pages: number[] = [];
  readonly #transmit: TransmitRing[] = [];
  readonly #receive: ReceiveRing[] = [];
  #values: Record<string, number> = {};

  constructor(chip: Chip) {
    this.chip = chip;
    for (let queue = 0; queue < QUEUES; queue++) {
      this.#transmit.push({
        ring: this.#allocate(RING_BYTES),
        buffers: this.#allocate(DESCRIPTORS * LONGEST_PIECE),
        tail: 0,
      });
      this.#receive.push({
        ring: this.#allocate(RING_BYTES),
        buffers: this.#allocate(DESCRIPTORS * BUFFER_BYTES),
        next: 0,
      });
    }
  }

  #allocate(size: number): number {
    const page = hostPages.allocate(size, { owner: this.chip.name });
    this.#pages.push(page);
    return page;
  }

  close(): void {
    this.chip.close();
    for (const page of this.#pages) hostPages.free(page);
  }

  read(register: Place, index = 0): number {
    return this.chip.function.read32(BAR.REGISTERS.index, register.offset + index * register.stride);
  }

  write(register: Place, value: number, index = 0): void {
    this.chip.function.write32(BAR.REGISTERS.index, register.offset + index * register.stride, value >>> 0);
  }

  /** Takes the chip from any state to the one in which operations begin; the link needs time after it. */
  bringUp(): void {
    this.write(R.IMC, 0xffff_ffff);
    this.write(R.RCTL, 0);
    this.write(R.TCTL, 0);
    this.write(R.CTRL, R.CTRL.reset | R.CTRL.RST.mask);
    // With VME: QEMU's chip inserts tags without it, too.
    this.write(R.CTRL, R.CTRL.reset | R.CTRL.SLU.mask | R.CTRL.VME.mask);
    // What a reset leaves alone, and what QEMU's chip has other values in.
    for (let vector = 0; vector < 10; vector++) this.write(R.EITR, 0, vector);
    for (let row = 0; row < MULTICAST_TABLE; row++) for (const table of [R.MTA, R.VFTA]) this.write(table, 0, row);
    for (let row = 0; row < 10; row++) this.write(R.RSSRK, 0x1234_5678 + 0x0f1e_2d3c * row, row);
    for (let row = 0; row < 32; row++) this.write(R.RETA, 0x0302_0100, row);
    this.write(R.RXCSUM, R.RXCSUM.IPOFL.mask | R.RXCSUM.TUOFL.mask | R.RXCSUM.PCSD.mask);
    for (let queue = 0; queue < QUEUES; queue++) {
      this.#startTransmit(queue);
      this.#startReceive(queue);
    }
    this.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
    this.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.BAM.mask | R.RCTL.SECRC.mask);
    this.#writePhy(PHY.BMCR, PHY.BMCR.AN_ENABLE.mask | PHY.BMCR.RESTART_AN.mask);
    this.#clearCounters();
  }

  #writePhy(register: typeof PHY.BMCR, value: number): void {
    const command = R.MDIC.PHYADD.set(R.MDIC.OP.set(0, MDI_OPERATION.WRITE), PHY_ADDRESS);
    this.write(R.MDIC, R.MDIC.REGADD.set(command, phyNumber(register)) | value);
  }

  get linked(): boolean {
    return R.STATUS.LU.get(this.read(R.STATUS)) === 1;
  }

  #startTransmit(queue: number): void {
    const state = this.#transmit[queue]!;
    m.fill(0, state.ring >>> 2, (state.ring + RING_BYTES) >>> 2);
    state.tail = 0;
    this.write(R.TXDCTL, 0, queue);
    this.write(R.TDBAL, state.ring, queue);
    this.write(R.TDBAH, 0, queue);
    this.write(R.TDLEN, RING_BYTES, queue);
    this.write(R.TDH, 0, queue);
    this.write(R.TDT, 0, queue);
    this.write(R.TXDCTL, R.TXDCTL.ENABLE.mask, queue);
  }

  #startReceive(queue: number): void {
    const state = this.#receive[queue]!;
    state.next = 0;
    this.write(R.RXDCTL, 0, queue);
    this.write(R.RDH, 0, queue); // on silicon of no effect, as enabling the queue does it
    this.write(R.RDBAL, state.ring, queue);
    this.write(R.RDBAH, 0, queue);
    this.write(R.RDLEN, RING_BYTES, queue);
    const { ADVANCED } = RX_DESCRIPTOR_TYPE;
    this.write(R.SRRCTL, R.SRRCTL.DESCTYPE.set(R.SRRCTL.BSIZEPACKET.set(0, BUFFER_BYTES / 1024), ADVANCED), queue);
    this.write(R.RXDCTL, R.RXDCTL.ENABLE.mask, queue);
    for (let index = 0; index < DESCRIPTORS; index++) this.#supply(queue, index);
    this.write(R.RDT, DESCRIPTORS - 1, queue);
  }

  #supply(queue: number, index: number): void {
    const { ring, buffers } = this.#receive[queue]!;
    const d = (ring >>> 2) + 4 * index;
    m[d] = buffers + index * BUFFER_BYTES;
    m[d + 1] = m[d + 2] = m[d + 3] = 0;
    bytes.fill(0, buffers + index * BUFFER_BYTES, buffers + (index + 1) * BUFFER_BYTES);
  }

  /** Does an operation; what comes of it is seen by `look` once some time has passed. */
  perform(operation: Operation): void {
    this.#values = {};
    switch (operation.kind) {
      case 'transmit':
        for (const descriptor of operation.descriptors) this.#post(operation.queue, descriptor);
        if (operation.tell) this.#tell(operation.queue);
        break;
      case 'tell':
        this.#tell(operation.queue);
        break;
      case 'receive':
        this.chip.send(operation.frame);
        break;
      case 'write':
        this.write(R[operation.register], operation.value, operation.index);
        break;
      case 'read':
        this.#values = { [operation.register]: this.read(R[operation.register], operation.index) };
        break;
      case 'count':
        this.#values = this.#readCounters();
        break;
      case 'restart':
        if (operation.direction === 'tx') this.#startTransmit(operation.queue);
        else this.#startReceive(operation.queue);
        break;
      case 'reset':
        this.bringUp();
        break;
    }
  }

  /** Descriptors that can be written to a transmit queue now. */
  room(queue: number): number {
    const { tail } = this.#transmit[queue]!;
    return (this.read(R.TDH, queue) - 1 - tail + DESCRIPTORS) % DESCRIPTORS;
  }

  #post(queue: number, descriptor: Descriptor): void {
    const state = this.#transmit[queue]!;
    const d = (state.ring >>> 2) + 4 * state.tail;
    if ('context' in descriptor) m.set(descriptor.context, d);
    else {
      const buffer = state.buffers + state.tail * LONGEST_PIECE;
      bytes.set(descriptor.bytes, buffer);
      m[d] = buffer;
      m[d + 1] = 0;
      m[d + 2] = descriptor.command | TX_COMMAND.DEXT | TX_COMMAND.DTYP_DATA | descriptor.bytes.length;
      m[d + 3] = descriptor.status;
    }
    state.tail = (state.tail + 1) % DESCRIPTORS;
  }

  #tell(queue: number): void {
    this.write(R.TDT, this.#transmit[queue]!.tail, queue);
  }

  /** What can be seen now; received descriptors go back to the chip. */
  look(): Seen {
    const sent = this.chip.sent.splice(0).map((frame) => Buffer.from(frame).toString('hex'));
    const transmitted = this.#transmit.map(({ ring }, queue) => ({
      head: this.read(R.TDH, queue),
      done: Array.from({ length: DESCRIPTORS }, (_, index) => m[(ring >>> 2) + 4 * index + 3]! & 15),
    }));
    const receiveHeads = this.#receive.map((_, queue) => this.read(R.RDH, queue));
    const received = this.#receive.flatMap((_, queue) => this.#take(queue));
    return { values: this.#values, sent, transmitted, received, receiveHeads };
  }

  #take(queue: number): Seen['received'][number][] {
    const state = this.#receive[queue]!;
    const found: Seen['received'][number][] = [];
    for (;;) {
      const d = (state.ring >>> 2) + 4 * state.next;
      if ((m[d + 2]! & RX_STATUS.DD) === 0) break;
      const words = Array.from(m.subarray(d, d + 4), (word) => word >>> 0);
      const buffer = state.buffers + state.next * BUFFER_BYTES;
      const length = Math.min(words[3]! & 0xffff, BUFFER_BYTES);
      found.push({ queue, words, data: Buffer.from(bytes.slice(buffer, buffer + length)).toString('hex') });
      this.#supply(queue, state.next);
      state.next = (state.next + 1) % DESCRIPTORS;
    }
    if (found.length > 0) this.write(R.RDT, (state.next + DESCRIPTORS - 1) % DESCRIPTORS, queue);
    return found;
  }

  #readCounters(): Record<string, number> {
    const values: Record<string, number> = {};
    for (const [name, register] of Object.entries(R)) {
      const counter = register.offset >= R.CRCERRS.offset && register.offset <= R.LENERRS.offset;
      if (counter) values[name] = this.read(register);
    }
    return values;
  }

  #clearCounters(): void {
    this.#readCounters();
    this.read(R.ICR);
    this.read(R.EICR);
  }
}
