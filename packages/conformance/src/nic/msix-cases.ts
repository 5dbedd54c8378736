/*
 * Cases about MSI-X, which the bus defines and every driver relies on: where table and pending bits lie, what a reset
 * leaves, what a vector's mask holds back, and that what was held back comes once.
 */

import { ok, strictEqual } from 'node:assert/strict';
import {
  CapabilityId,
  Configuration,
  enableDevice,
  findCapability,
  Msix,
  MSIX_ENTRY_BYTES,
  MsixEntry,
} from '@netcx/bus';
import { expectEqual } from '../expectations.ts';
import type { NicCase } from './nic-case.ts';
import type { NicRig } from './nic-rig.ts';
import { MILLISECOND } from '@netcx/clock';

const { ADDRESS_HIGH, ADDRESS_LOW, CONTROL, DATA } = MsixEntry;
const { MSIX_CONTROL, MSIX_PENDING, MSIX_TABLE } = Msix;
const { COMMAND_STATUS } = Configuration;
const MOST_VECTORS = 2048;

/** The MSI-X of the NIC in a rig, reached as a driver does. */
class Vectors {
  readonly size: number;
  readonly table: { readonly bar: number; readonly offset: number };
  readonly pendingBits: { readonly bar: number; readonly offset: number };
  readonly #rig: NicRig;
  readonly #capability: number;

  constructor(rig: NicRig) {
    const capability = findCapability(rig.fn, CapabilityId.msix);
    if (capability === undefined) rig.context.skip('the NIC has no MSI-X');
    this.#rig = rig;
    this.#capability = capability;
    this.size = MSIX_CONTROL.LAST.get(this.control) + 1;
    const place = (register: typeof MSIX_TABLE | typeof MSIX_PENDING): { bar: number; offset: number } => {
      const value = rig.fn.readConfig(capability + register.offset, 4);
      return { bar: register.BAR.get(value), offset: (value & register.OFFSET.mask) >>> 0 };
    };
    this.table = place(MSIX_TABLE);
    this.pendingBits = place(MSIX_PENDING);
  }

  get control(): number {
    return this.#rig.fn.readConfig(this.#capability, 4);
  }

  /** Switches MSI-X on or off, and its function mask. */
  set(enabled: boolean, masked: boolean): void {
    const value = MSIX_CONTROL.FUNCTION_MASK.set(MSIX_CONTROL.ENABLE.set(0, Number(enabled)), Number(masked));
    this.#rig.fn.writeConfig(this.#capability + 2, 2, value >>> 16);
  }

  read(vector: number, word: { readonly offset: number }): number {
    return this.#rig.fn.read32(this.table.bar, this.table.offset + vector * MSIX_ENTRY_BYTES + word.offset);
  }

  write(vector: number, word: { readonly offset: number }, value: number): void {
    this.#rig.fn.write32(this.table.bar, this.table.offset + vector * MSIX_ENTRY_BYTES + word.offset, value);
  }

  pending(vector: number): boolean {
    const { bar, offset } = this.pendingBits;
    return ((this.#rig.fn.read32(bar, offset + (vector >>> 5) * 4) >>> (vector & 31)) & 1) === 1;
  }
}

function placesItsTables(rig: NicRig): void {
  const vectors = new Vectors(rig);
  const { size, table, pendingBits } = vectors;
  ok(size <= MOST_VECTORS, `${size} vectors are more than MSI-X knows`);
  const tableEnd = table.offset + size * MSIX_ENTRY_BYTES;
  const pendingEnd = pendingBits.offset + Math.ceil(size / 64) * 8;
  const inside = [
    ['table', table.bar, tableEnd],
    ['pending bits', pendingBits.bar, pendingEnd],
  ] as const;
  for (const [what, bar, end] of inside) {
    const bytes = rig.memoryBars.find(({ index }) => index === bar)?.size;
    ok(bytes !== undefined, `the ${what} lie in BAR ${bar}, which is no memory BAR`);
    ok(end <= bytes, `the ${what} end at ${end}, behind the ${bytes} bytes of BAR ${bar}`);
  }
  const apart = table.bar !== pendingBits.bar || tableEnd <= pendingBits.offset || pendingEnd <= table.offset;
  ok(apart, 'the table and the pending bits overlap');
}

function startsMasked(rig: NicRig): void {
  const vectors = new Vectors(rig);
  strictEqual(MSIX_CONTROL.ENABLE.get(vectors.control), 0, 'MSI-X is off at power-on');
  strictEqual(MSIX_CONTROL.FUNCTION_MASK.get(vectors.control), 0, 'the function mask is off at power-on');
  enableDevice(rig.fn);
  for (let vector = 0; vector < vectors.size; vector++) {
    strictEqual(vectors.read(vector, CONTROL) & 1, 1, `vector ${vector} is masked at power-on`);
    strictEqual(vectors.pending(vector), false, `vector ${vector} is not pending at power-on`);
  }
}

function keepsItsTable(rig: NicRig): void {
  const vectors = new Vectors(rig);
  enableDevice(rig.fn);
  const values = (vector: number): readonly number[] => [
    0xfee0_0000 + vector * 16,
    vector * 3,
    (0xffff_0000 + vector) >>> 0,
  ];
  for (let vector = 0; vector < vectors.size; vector++) {
    for (const [index, word] of [ADDRESS_LOW, ADDRESS_HIGH, DATA].entries()) {
      vectors.write(vector, word, values(vector)[index] ?? 0);
    }
  }
  for (let vector = 0; vector < vectors.size; vector++) {
    const kept = [ADDRESS_LOW, ADDRESS_HIGH, DATA].map((word) => vectors.read(vector, word));
    expectEqual(kept, values(vector), `vector ${vector} keeps the message that was written to it`);
    vectors.write(vector, CONTROL, 0);
    strictEqual(vectors.read(vector, CONTROL) & 1, 0, `vector ${vector} can be unmasked`);
    vectors.write(vector, CONTROL, 1);
    strictEqual(vectors.read(vector, CONTROL) & 1, 1, `vector ${vector} can be masked`);
  }
}

/** Programs every vector with a message of its own, masked, and switches MSI-X on. */
function programmed(rig: NicRig): {
  vectors: Vectors;
  raise: (vector: number) => void;
  newMessages: () => readonly number[];
} {
  if (rig.nic.raiseVector === undefined) rig.context.skip('the NIC was given without a way to raise a vector');
  const vectors = new Vectors(rig);
  enableDevice(rig.fn);
  for (let vector = 0; vector < vectors.size; vector++) {
    vectors.write(vector, ADDRESS_LOW, 0xfee0_0000);
    vectors.write(vector, ADDRESS_HIGH, 1);
    vectors.write(vector, DATA, 0x4000 + vector);
  }
  vectors.set(true, false);
  const settle = (): void => {
    rig.clock.advance(10 * MILLISECOND);
  };
  return {
    vectors,
    raise: (vector) => {
      rig.nic.raiseVector?.(rig.fn, vector);
      settle();
    },
    newMessages: () => {
      settle();
      return rig.watch.messages.splice(0).map(({ addressLow, addressHigh, data }) => {
        expectEqual([addressLow, addressHigh], [0xfee0_0000, 1], 'a message goes where the table says');
        return data - 0x4000;
      });
    },
  };
}

function raisesItsVectors(rig: NicRig): void {
  const { vectors, raise, newMessages } = programmed(rig);
  expectEqual(newMessages(), [], 'nothing was raised yet');
  for (let vector = 0; vector < vectors.size; vector++) {
    vectors.write(vector, CONTROL, 0);
    raise(vector);
    expectEqual(newMessages(), [vector], `vector ${vector} was raised once, and nothing else`);
  }
}

function holdsBackMaskedVectors(rig: NicRig): void {
  const { vectors, raise, newMessages } = programmed(rig);
  const last = vectors.size - 1;
  const open = (): void => {
    vectors.write(last, CONTROL, 0);
  };
  const holds: readonly (readonly [string, () => void, () => void])[] = [
    ['its own mask', () => vectors.write(last, CONTROL, 1), open],
    ['the function mask', () => vectors.set(true, true), () => vectors.set(true, false)],
  ];
  for (const [what, mask, unmask] of holds) {
    open();
    mask();
    raise(last);
    raise(last);
    expectEqual(newMessages(), [], `a vector held back by ${what} sends nothing`);
    strictEqual(vectors.pending(last), true, `a vector held back by ${what} is pending`);
    unmask();
    expectEqual(newMessages(), [last], `a vector let go by ${what} is sent, once`);
    strictEqual(vectors.pending(last), false, `a vector let go by ${what} is no longer pending`);
  }
}

function sendsNothingWithoutBusMastering(rig: NicRig): void {
  const { vectors, raise, newMessages } = programmed(rig);
  for (let vector = 0; vector < vectors.size; vector++) vectors.write(vector, CONTROL, 0);
  const { fn } = rig;
  fn.writeConfig(COMMAND_STATUS.offset, 2, COMMAND_STATUS.MEMORY.mask);
  raise(0);
  expectEqual(newMessages(), [], 'a message is a memory write, which bus mastering allows');
  vectors.set(false, false);
  enableDevice(fn);
  rig.watch.messages.length = 0;
  raise(0);
  expectEqual(newMessages(), [], 'no message is sent while MSI-X is off');
}

/** Cases about MSI-X. */
export const MSIX_CASES: readonly NicCase[] = [
  { name: 'places its MSI-X table and pending bits inside its BARs, apart', run: placesItsTables },
  { name: 'starts with MSI-X off and every vector masked', run: startsMasked },
  { name: 'keeps what is written to its MSI-X table', run: keepsItsTable },
  { name: 'sends the message of the vector that it raises', run: raisesItsVectors },
  { name: 'holds a masked vector back, and sends it once when it is let go', run: holdsBackMaskedVectors },
  { name: 'sends no message while bus mastering or MSI-X is off', run: sendsNothingWithoutBusMastering },
];
