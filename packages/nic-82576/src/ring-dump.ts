/*
 * Rings in words, for a person who debugs: where each lies, its head and tail, and the descriptors around the head as they
 * are in memory now. Looking changes nothing: memory is read through a port of its own, which nobody counts.
 */

import type { DmaPort, RegisterFile } from '@netcx/hardware';
import { allocateWire, freeWire, i32 as view } from '@netcx/hardware/wire';
import type { Register } from '@netcx/layout';
import { describeDoneRx, describePostedRx, describeTx } from './descriptor-dump.ts';
import { DESCRIPTOR_BYTES, REGISTERS, RX_DESCRIPTOR_TYPE } from './registers/index.ts';

const { RDBAH, RDBAL, RDH, RDLEN, RDT, RXDCTL, SRRCTL, TDBAH, TDBAL, TDH, TDLEN, TDT, TXDCTL } = REGISTERS;

/** The registers of one direction's rings. */
interface RingRegisters {
  readonly name: 'rx' | 'tx';
  readonly low: Register;
  readonly high: Register;
  readonly length: Register;
  readonly head: Register;
  readonly tail: Register;
  readonly control: Register;
}

// prettier-ignore
const DIRECTIONS: readonly RingRegisters[] = [
  { name: 'tx', low: TDBAL, high: TDBAH, length: TDLEN, head: TDH, tail: TDT, control: TXDCTL },
  { name: 'rx', low: RDBAL, high: RDBAH, length: RDLEN, head: RDH, tail: RDT, control: RXDCTL },
];

/** Which rings, and how much of them. */
export interface RingDumpOptions {
  /** Queues by number, in both directions; those whose ring has a length when left out. */
  readonly queues?: readonly number[];
  /** Most descriptors of each ring, half of them before the head; 8 when left out. */
  readonly descriptors?: number;
}

/**
 * @param registers - the MAC's registers
 * @param dma - a port of its own
 * @param options - which rings, and how much of them
 * @returns a line for each ring, and under it one for each descriptor
 */
export function describeRings(registers: RegisterFile, dma: DmaPort, options: RingDumpOptions = {}): string[] {
  const { descriptors = 8 } = options;
  return DIRECTIONS.flatMap((direction) => {
    const all = Array.from({ length: direction.length.count }, (_, queue) => queue);
    const queues = options.queues ?? all.filter((queue) => registers.get(direction.length, queue) !== 0);
    return queues
      .filter((queue) => all.includes(queue))
      .flatMap((queue) => describeRing(registers, dma, direction, queue, descriptors));
  });
}

function describeRing(
  registers: RegisterFile,
  dma: DmaPort,
  direction: RingRegisters,
  queue: number,
  most: number,
): string[] {
  const low = registers.get(direction.low, queue);
  const high = registers.get(direction.high, queue);
  const count = Math.floor(registers.get(direction.length, queue) / DESCRIPTOR_BYTES);
  // The engines keep the heads; reading the register asks them.
  const head = registers.read32(direction.head.at(queue)) & 0xffff;
  const tail = registers.get(direction.tail, queue) & 0xffff;
  const enabled = (registers.get(direction.control, queue) & RXDCTL.ENABLE.mask) !== 0;
  const owned = count === 0 ? 0 : ((tail % count) - head + count) % count;
  const base = high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
  const title = `${direction.name} ${String(queue)}: ${enabled ? 'on' : 'off'}, ${String(count)} descriptors at ${base}, head ${String(head)}, tail ${String(tail)}, ${String(owned)} the chip's`;
  const legacy = SRRCTL.DESCTYPE.get(registers.get(SRRCTL, queue)) === RX_DESCRIPTOR_TYPE.LEGACY;
  const rows = windowOf(count, head, most).map((index) => {
    const posted = (index - head + count) % count < owned;
    const text = withDescriptor(dma, low + index * DESCRIPTOR_BYTES, high, (at) => {
      if (direction.name === 'tx') return describeTx(view, at);
      return posted ? describePostedRx(view, at) : describeDoneRx(view, at, legacy);
    });
    return `  ${index === head ? '>' : ' '}${String(index).padStart(4)} ${posted ? 'chip  ' : 'driver'} ${text}`;
  });
  return [title, ...rows];
}

/** The indices that are shown, in ring order: all, or half of them before the head and half from it on. */
function windowOf(count: number, head: number, most: number): number[] {
  const shown = Math.min(count, Math.max(0, Math.floor(most)));
  const first = shown === count ? 0 : head - Math.floor(shown / 2);
  return Array.from({ length: shown }, (_, index) => (first + index + count) % count);
}

function withDescriptor(dma: DmaPort, low: number, high: number, say: (at: number) => string): string {
  const scratch = allocateWire(DESCRIPTOR_BYTES);
  try {
    const carry = low >= 0x1_0000_0000 ? 1 : 0;
    return dma.readToWire(low, high + carry, DESCRIPTOR_BYTES, scratch) ? say(scratch >>> 2) : 'out of reach';
  } finally {
    freeWire(scratch, DESCRIPTOR_BYTES);
  }
}
