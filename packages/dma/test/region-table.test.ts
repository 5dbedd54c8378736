/* Pieces of foreign memory that come and go, against a map of single pages; and a domain over them. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ForeignDomain, RegionTable, type Direction, type RegionAccess } from '../src/index.ts';

const PAGE = 4096;
const RUNS = Number(process.env['NETCX_TEST_RUNS'] ?? 300);

/** Bytes of its own behind a piece. */
class Block implements RegionAccess {
  readonly bytes: Uint8Array;
  closed = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  read(at: number, length: number, target: Uint8Array, offset: number): boolean {
    target.set(this.bytes.subarray(at, at + length), offset);
    return true;
  }

  write(at: number, length: number, source: Uint8Array, offset: number): boolean {
    this.bytes.set(source.subarray(offset, offset + length), at);
    return true;
  }

  close(): void {
    this.closed++;
  }
}

describe('a table', () => {
  it('holds what a map of pages holds, whatever comes and goes', () => {
    const place = fc.record({ page: fc.nat(24), pages: fc.integer({ min: 1, max: 5 }) });
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), place }),
      fc.record({ kind: fc.constant('remove' as const), place }),
      fc.record({ kind: fc.constant('find' as const), place }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const table = new RegionTable({ limit: 6 });
        const model = new Map<number, { first: number; pages: number; block: Block }>();
        const pieces = (): number => new Set([...model.values()].map(({ first }) => first)).size;
        for (const {
          kind,
          place: { page, pages },
        } of steps) {
          const range = Array.from({ length: pages }, (_, index) => page + index);
          const block = new Block(0);
          if (kind === 'add') {
            const taken = range.some((one) => model.has(one));
            const full = pieces() === 6;
            const add = (): void =>
              table.add({ address: page * PAGE, size: pages * PAGE, direction: 'both', access: block });
            if (taken) expect(add).toThrow('OVERLAP');
            else if (full) expect(add).toThrow('TOO_MANY');
            else {
              add();
              for (const one of range) model.set(one, { first: page, pages, block });
            }
          } else if (kind === 'remove') {
            const there = model.get(page);
            const remove = (): void => table.remove(page * PAGE, pages * PAGE);
            if (there?.first !== page || there.pages !== pages) expect(remove).toThrow('NOT_MAPPED');
            else {
              remove();
              expect(there.block.closed).toBe(1);
              for (const one of range) model.delete(one);
            }
          } else {
            const address = page * PAGE + pages * 700;
            const first = model.get(Math.floor(address / PAGE))?.first;
            expect(table.find(address)?.address).toBe(first === undefined ? undefined : first * PAGE);
          }
          expect([table.count, table.bytes]).toEqual([pieces(), model.size * PAGE]);
        }
        table.clear();
        expect([table.count, [...model.values()].every(({ block }) => block.closed === 1)]).toEqual([0, true]);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['BAD_ALIGNMENT', 1, PAGE],
    ['BAD_ALIGNMENT', 0, PAGE - 1],
    ['BAD_LENGTH', PAGE, 0],
    ['BAD_LENGTH', PAGE, -PAGE],
    ['BAD_ADDRESS', -PAGE, PAGE],
    ['BAD_ADDRESS', 2 ** 53, PAGE],
    ['BAD_ADDRESS', 2 ** 53 - PAGE, PAGE],
    ['BAD_ADDRESS', NaN, PAGE],
  ])('refuses with %s a piece at %d of %d bytes', (code, address, size) => {
    expect(() => new RegionTable().check(address, size)).toThrow(code);
  });

  it('takes pieces that touch each other, up to the end of what can be told', () => {
    const table = new RegionTable();
    for (const address of [0x1000, 0x3000, 0x2000, 0, 2 ** 53 - 2 * PAGE]) {
      table.add({ address, size: PAGE, direction: 'both', access: new Block(PAGE) });
    }
    expect([0, 0xfff, 0x1000, 0x2fff, 0x3fff, 0x4000, 2 ** 53 - PAGE - 1].map((at) => table.find(at)?.address)).toEqual(
      [0, 0, 0x1000, 0x2000, 0x3000, undefined, 2 ** 53 - 2 * PAGE],
    );
  });
});

describe('a domain', () => {
  const make = (
    ...pieces: readonly (readonly [address: number, size: number, direction?: Direction])[]
  ): [ForeignDomain, Block[]] => {
    const domain = new ForeignDomain();
    const blocks = pieces.map(([address, size, direction = 'both']) => {
      const access = new Block(size);
      domain.regions.add({ address, size, direction, access });
      return access;
    });
    return [domain, blocks];
  };

  it('copies what a loop over bytes copies, across pieces, up to the first hole', () => {
    fc.assert(
      fc.property(fc.nat(5 * PAGE), fc.nat(2 * PAGE), fc.boolean(), (start, more, reads) => {
        const length = more + 1;
        const [domain, blocks] = make([PAGE, PAGE], [2 * PAGE, PAGE], [4 * PAGE, PAGE]);
        const owner = (at: number): Block | undefined => blocks[[1, 2, 4].indexOf(Math.floor(at / PAGE))];
        for (const [index, { bytes }] of blocks.entries()) for (const at of bytes.keys()) bytes[at] = at * 3 + index;
        const own = Uint8Array.from({ length: length + 8 }, (_, at) => at * 7);
        const expected = own.slice();
        const wanted = blocks.map(({ bytes }) => bytes.slice());
        let whole = true;
        for (let byte = 0; byte < length && whole; byte++) {
          const block = owner(start + byte);
          if (block === undefined) whole = false;
          else if (reads) expected[8 + byte] = block.bytes[(start + byte) % PAGE]!;
          else wanted[blocks.indexOf(block)]![(start + byte) % PAGE] = own[8 + byte]!;
        }
        expect(domain.foreign.reaches(start, 0, length, 'read')).toBe(whole);
        const faults = domain.faultCount;
        const done = reads
          ? domain.foreign.read(start, 0, length, own, 8)
          : domain.foreign.write(own, 8, length, start, 0);
        expect([done, domain.faultCount - faults]).toEqual([whole, whole ? 0 : 1]);
        if (reads) expect(Buffer.compare(own, expected)).toBe(0);
        for (const [index, { bytes }] of blocks.entries()) expect(Buffer.compare(bytes, wanted[index]!)).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });

  it('keeps directions, and says why it refuses', () => {
    const [domain] = make([0, PAGE, 'read'], [PAGE, PAGE, 'write']);
    const { foreign } = domain;
    const bytes = new Uint8Array(8);
    expect(foreign.read(8, 0, 8, bytes, 0)).toBe(true);
    expect(foreign.write(bytes, 0, 8, 8, 0)).toBe(false);
    expect(foreign.write(bytes, 0, 8, PAGE, 0)).toBe(true);
    expect(foreign.read(PAGE - 4, 0, 8, bytes, 0)).toBe(false);
    expect(foreign.read(0, 1, 8, bytes, 0)).toBe(false);
    expect(foreign.read(-1, -1, 8, bytes, 0)).toBe(false);
    expect(domain.faults.map(({ address, length, reason }) => [address, length, reason])).toEqual([
      [8, 8, 'read only'],
      [PAGE, 4, 'write only'],
      [2 ** 32, 8, 'not mapped'],
      [2 ** 64, 8, 'not mapped'],
    ]);
  });

  it('counts what lies there and cannot be had as a fault', () => {
    const domain = new ForeignDomain();
    const access = { read: () => false, write: () => false, close: () => undefined };
    domain.regions.add({ address: 0, size: PAGE, direction: 'both', access });
    expect(domain.foreign.read(4, 0, 4, new Uint8Array(4), 0)).toBe(false);
    expect(domain.faults).toEqual([{ address: 4, length: 4, access: 'read', reason: 'beyond memory' }]);
  });

  it('reaches high addresses, and gives none out itself', () => {
    const [domain, [block]] = make([0x38_0000_0000, PAGE]);
    expect(domain.foreign.write(new Uint8Array([1, 2]), 0, 2, 0x10, 0x38)).toBe(true);
    expect([...block!.bytes.subarray(0x10, 0x12)]).toEqual([1, 2]);
    expect([domain.directLimit, domain.translate(0, 0x38, 4, 'read'), domain.faultCount]).toEqual([0, -1, 1]);
    expect(() => domain.map(0, 4096)).toThrow('NOT_REACHABLE');
    expect(() => domain.unmap()).toThrow('NOT_MAPPED');
  });
});
