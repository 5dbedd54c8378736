import { IdentityMap } from '@netcx/dma';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { PciDevice } from '../src/index.ts';

const VECTORS = 10;
const TABLE = 0x800;
const PENDING = 0x2000;
const CONTROL = 0x72;

/** What a device with MSI-X does, in the plainest words: a list of entries and a set of pending vectors. */
class Model {
  readonly entries = Array.from({ length: VECTORS }, () => ({ low: 0, high: 0, data: 0, masked: true }));
  readonly pending = new Set<number>();
  readonly sent: string[] = [];
  enabled = false;
  functionMasked = false;
  master = false;

  trigger(vector: number): void {
    if (!this.enabled || vector >= VECTORS) return;
    this.pending.add(vector);
    this.flush();
  }

  flush(): void {
    if (!this.enabled || this.functionMasked || !this.master) return;
    for (const vector of [...this.pending].sort((one, other) => one - other)) {
      const entry = this.entries[vector];
      if (entry === undefined || entry.masked) continue;
      this.pending.delete(vector);
      this.sent.push(`${entry.high}:${entry.low}=${entry.data}`);
    }
  }

  read(offset: number): number {
    const entry = this.entries[Math.floor((offset - TABLE) / 16)];
    if (offset >= TABLE && entry !== undefined) {
      return [entry.low, entry.high, entry.data, entry.masked ? 1 : 0][((offset - TABLE) / 4) % 4] ?? 0;
    }
    return offset === PENDING ? [...this.pending].reduce((bits, vector) => bits + 2 ** vector, 0) : 0;
  }

  write(offset: number, value: number): void {
    const entry = this.entries[Math.floor((offset - TABLE) / 16)];
    if (offset < TABLE || entry === undefined) return;
    const word = ((offset - TABLE) / 4) % 4;
    if (word === 0) entry.low = value - (value % 4);
    if (word === 1) entry.high = value;
    if (word === 2) entry.data = value;
    if (word === 3) entry.masked = value % 2 === 1;
    this.flush();
  }
}

it('random accesses to BAR, capability and command never throw, and do what the model does', () => {
  const rounds = Number(process.env['NETCX_FUZZ_ACCESSES'] ?? 100_000) / 5;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const sent: string[] = [];
      const device = new PciDevice({
        vendorId: 1,
        deviceId: 2,
        classCode: 3,
        bars: [undefined, undefined, undefined, { kind: 'memory32', size: 0x4000 }],
        capabilities: [
          {
            kind: 'msix',
            offset: 0x70,
            vectors: VECTORS,
            table: { bar: 3, offset: TABLE },
            pending: { bar: 3, offset: PENDING },
          },
        ],
      });
      device.connect({
        dma: new IdentityMap(),
        writeMessage: (low, high, data) => sent.push(`${high}:${low}=${data}`),
        setIntx: () => undefined,
      });
      const model = new Model();
      let memory = false;
      let state = seed;
      const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 8;
      for (let round = 0; round < rounds; round++) {
        const value = ((next() << 16) ^ next()) >>> 0;
        // Mostly the table and what surrounds it, else anywhere.
        const near = [TABLE - 16 + (next() % 64) * 4, PENDING - 4 + (next() % 4) * 4, (next() % 0x1100) * 4];
        const offset = near[next() % 3] ?? 0;
        const action = next() % 16;
        if (action < 6) {
          device.write32(3, offset, value);
          if (memory && offset < 0x4000) model.write(offset, value);
        } else if (action < 10) {
          const expected = memory && offset < 0x4000 ? model.read(offset) : 0xffff_ffff;
          if (device.read32(3, offset) !== expected) throw new Error(`round ${round}: read ${offset.toString(16)}`);
        } else if (action < 14) {
          const vector = next() % (VECTORS + 2);
          device.interrupts.trigger(vector);
          model.trigger(vector);
        } else if (action === 14) {
          device.writeConfig(CONTROL, 2, value & 0xffff);
          model.enabled = (value & 0x8000) !== 0;
          model.functionMasked = (value & 0x4000) !== 0;
          model.flush();
        } else {
          // Memory space is on three times of four, so that most accesses arrive.
          const command = (value & 4) | ((value & 0x30) === 0 ? 0 : 2);
          device.writeConfig(4, 2, command);
          memory = (command & 2) !== 0;
          model.master = (command & 4) !== 0;
          model.flush();
        }
        if (sent.length !== model.sent.length || sent.at(-1) !== model.sent.at(-1))
          throw new Error(`round ${round}: sent`);
      }
      expect(sent).toEqual(model.sent);
      expect(sent.length).toBeGreaterThan(rounds / 100);
    }),
    { numRuns: 5 },
  );
});
