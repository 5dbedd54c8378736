/* The devices' memory runs out while a model is made: at any of its parts, and nothing of it stays taken. */

import { VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { allocateWire, freeWire, wireBytesTaken } from '@netcx/hardware/wire';
import { expect, it } from 'vitest';
import { Nic82576 } from '../src/index.ts';
import { MAC } from './machine.ts';

const MEBIBYTE = 1 << 20;

/** All of the devices' memory, but for what a test leaves. */
class Hoard {
  readonly #pieces: { readonly at: number; readonly bytes: number }[] = [];

  constructor() {
    this.#takeRest();
  }

  /** Leaves as much as this, in one piece. */
  leave(bytes: number): void {
    this.#takeRest();
    let whole = this.#pieces.findIndex((piece) => piece.bytes === MEBIBYTE);
    if (whole < 0) {
      this.close(); // small pieces alone are left: side by side they are large ones again
      this.#takeRest();
      whole = this.#pieces.findIndex((piece) => piece.bytes === MEBIBYTE);
    }
    const [piece] = this.#pieces.splice(whole, 1);
    freeWire(piece!.at, MEBIBYTE);
    const room = allocateWire(bytes);
    this.#takeRest();
    freeWire(room, bytes);
  }

  close(): void {
    for (const { at, bytes } of this.#pieces.splice(0)) freeWire(at, bytes);
  }

  #takeRest(): void {
    for (const bytes of [MEBIBYTE, 1 << 16, 1 << 12, 64]) {
      try {
        for (;;) this.#pieces.push({ at: allocateWire(bytes), bytes });
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  }
}

it('a model for which there is too little memory takes none', () => {
  const clock = new VirtualClock();
  const link = new Link(clock, { capacity: 64 * 1024 });
  const make = (): Nic82576 => new Nic82576({ clock, link: link.a, macAddress: MAC });
  const before = wireBytesTaken();
  const needed = bytesOf(make);
  expect(wireBytesTaken()).toBe(before);

  const hoard = new Hoard();
  try {
    for (let left = 64; left < needed; left += 1984) {
      hoard.leave(left);
      const taken = wireBytesTaken();
      expect(make, `${String(left)} bytes left`).toThrow(RangeError);
      expect(wireBytesTaken(), `${String(left)} bytes left`).toBe(taken);
    }
    hoard.leave(needed);
    make().close();
  } finally {
    hoard.close();
  }
  link.close();
});

it('comes back once, however often a model is closed', () => {
  const clock = new VirtualClock();
  const link = new Link(clock);
  const before = wireBytesTaken();
  const nic = new Nic82576({ clock, macAddress: MAC, link: link.a });
  nic.close();
  nic.close();
  expect(wireBytesTaken()).toBe(before);
  link.close();
});

function bytesOf(make: () => Nic82576): number {
  const before = wireBytesTaken();
  const nic = make();
  const bytes = wireBytesTaken() - before;
  nic.close();
  return bytes;
}
