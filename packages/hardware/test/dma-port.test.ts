import { ForeignDomain, hostPages, IdentityMap, Iommu, PAGE_BYTES, type DmaDomain } from '@netcx/dma';
import { hostBytes, u8 as host, i32 as hostWords } from '@netcx/dma/memory';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { DmaPort } from '../src/index.ts';
import { allocateWire, freeWire, i32 as deviceWords, u8 as device } from '../src/wire.ts';

const PAGES = 8;
const BYTES = PAGES * PAGE_BYTES;
const base = hostPages.allocate(BYTES, { owner: 'dma port test' });
const wire = allocateWire(BYTES);
const NO_LIMIT = { maximumAddress: Number.MAX_SAFE_INTEGER };

const low = (address: number): number => address | 0;
const high = (address: number): number => Math.floor(address / 2 ** 32);

/** A device that may or may not reach memory. */
function port(dma: DmaDomain | undefined, busMaster = true): DmaPort {
  return new DmaPort({ busMaster, dma, directLimit: busMaster ? (dma?.directLimit ?? 0) : 0 });
}

/** Fills both memories with bytes that differ everywhere. */
function scramble(seed: number): void {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  for (let byte = 0; byte < BYTES; byte++) {
    host[base + byte] = next();
    device[wire + byte] = next();
  }
}
beforeEach(() => scramble(1));

it('goes another way once it is told to, and back', () => {
  const map = new IdentityMap();
  const device = { busMaster: true, dma: map, directLimit: map.directLimit };
  const subject = new DmaPort(device);
  subject.reroute({ busMaster: false, dma: map, directLimit: 0 });
  expect([subject.directLimit, subject.writeWord32(base, 0, 7)]).toEqual([0, false]);
  subject.reroute(device);
  expect([subject.directLimit, subject.writeWord32(base, 0, 8), hostWords[base >> 2]]).toEqual([hostBytes, true, 8]);
});

describe('without an IOMMU', () => {
  it('logical addresses are host offsets up to the limit', () => {
    const map = new IdentityMap();
    const subject = port(map);
    expect(subject.directLimit).toBe(hostBytes);
    expect(subject.translate(base + 5, 0, 3 * PAGE_BYTES, 'read')).toBe(base + 5);
    expect(subject.translate(hostBytes - 4, 0, 8, 'read')).toBe(-1);
    expect(subject.translate(base, 1, 4, 'write')).toBe(-1);
    expect([subject.masterAborts, map.faultCount]).toEqual([2, 2]);
  });

  it('nothing is reached while bus mastering is off, or before the device is plugged in', () => {
    const map = new IdentityMap();
    for (const subject of [port(map, false), port(undefined)]) {
      expect(subject.directLimit).toBe(0);
      expect(subject.translate(base, 0, 4, 'read')).toBe(-1);
      expect(subject.readToWire(base, 0, 4, wire)).toBe(false);
      expect(subject.writeFromWire(wire, 4, base, 0)).toBe(false);
      expect(subject.writeWord32(base, 0, 1)).toBe(false);
      expect(subject.masterAborts).toBe(4);
    }
    expect(map.faultCount).toBe(0);
  });
});

describe('under an IOMMU', () => {
  it('a range that is not one piece of host memory is neither refused nor one offset', () => {
    const iommu = new Iommu();
    const second = iommu.map(base + 4 * PAGE_BYTES, PAGE_BYTES, 'both', NO_LIMIT);
    const first = iommu.map(base, PAGE_BYTES, 'both', NO_LIMIT);
    const whole = iommu.map(base + PAGE_BYTES, 3 * PAGE_BYTES, 'both', NO_LIMIT);
    expect(first).toBe(second + PAGE_BYTES);
    const subject = port(iommu);
    expect(subject.translate(low(whole + 7), high(whole), 2 * PAGE_BYTES, 'read')).toBe(base + PAGE_BYTES + 7);
    expect(subject.translate(low(second), high(second), PAGE_BYTES, 'read')).toBe(base + 4 * PAGE_BYTES);
    expect(subject.translate(low(second), high(second), PAGE_BYTES + 1, 'read')).toBe(-2);
    expect([subject.masterAborts, iommu.faultCount, subject.directLimit]).toEqual([0, 0, 0]);
    expect(subject.translate(low(whole), high(whole), 4 * PAGE_BYTES, 'read')).toBe(-1);
    expect([subject.masterAborts, iommu.faultCount]).toEqual([1, 1]);
  });

  it('directions are kept', () => {
    const iommu = new Iommu();
    const readable = iommu.map(base, 64, 'read', NO_LIMIT);
    const writable = iommu.map(base + PAGE_BYTES, 64, 'write', NO_LIMIT);
    const subject = port(iommu);
    expect(subject.readToWire(low(readable), high(readable), 64, wire)).toBe(true);
    expect(subject.writeFromWire(wire, 64, low(readable), high(readable))).toBe(false);
    expect(subject.writeFromWire(wire, 64, low(writable), high(writable))).toBe(true);
    expect(subject.readToWire(low(writable), high(writable), 64, wire)).toBe(false);
    expect(iommu.faults.map((fault) => fault.reason)).toEqual(['read only', 'write only']);
  });

  it('copies what a loop over single bytes copies, up to the page that is refused', () => {
    const address = fc.record({ page: fc.nat(PAGES - 1), offset: fc.nat(PAGE_BYTES - 1) });
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...Array(PAGES).keys()], { minLength: 1 }),
        address,
        fc.nat(3 * PAGE_BYTES),
        fc.nat(64),
        fc.constantFrom('read', 'write'),
        fc.nat(),
        (order, start, length, shift, access, seed) => {
          scramble(seed);
          const iommu = new Iommu();
          const mapped = order.map((page) => iommu.map(base + page * PAGE_BYTES, PAGE_BYTES, access, NO_LIMIT));
          const [first = 0] = mapped;
          const from = first + start.page * PAGE_BYTES + start.offset;
          const at = wire + shift;
          const expectedHost = host.slice(base, base + BYTES);
          const expectedDevice = device.slice(wire, wire + BYTES);
          let reached = true;
          // The logical pages are one behind the other from the first on; those past the last mapping are not mapped.
          for (let byte = 0; byte < length; byte++) {
            const page = order[Math.floor((from + byte - first) / PAGE_BYTES)];
            if (page === undefined) {
              reached = false;
              break;
            }
            const offset = page * PAGE_BYTES + ((from + byte) % PAGE_BYTES);
            if (access === 'read') expectedDevice[shift + byte] = expectedHost[offset]!;
            else expectedHost[offset] = expectedDevice[shift + byte]!;
          }
          const subject = port(iommu);
          const answer =
            access === 'read'
              ? subject.readToWire(low(from), high(from), length, at)
              : subject.writeFromWire(at, length, low(from), high(from));
          expect(answer).toBe(reached);
          expect(subject.masterAborts).toBe(reached ? 0 : 1);
          expect(Buffer.compare(host.subarray(base, base + BYTES), expectedHost)).toBe(0);
          expect(Buffer.compare(device.subarray(wire, wire + BYTES), expectedDevice)).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('an address carries from its low into its high half, and none follows the last one', () => {
    const seen: string[] = [];
    const domain: DmaDomain = {
      directLimit: 0,
      faultCount: 0,
      faults: [],
      map: () => {
        throw new Error('not mapped here');
      },
      unmap: () => undefined,
      translate: (lowWord, highWord, length) => {
        seen.push(`${(highWord >>> 0).toString(16)}:${(lowWord >>> 0).toString(16)}+${length}`);
        return base;
      },
    };
    const subject = port(domain);
    expect(subject.readToWire(0xffff_f800, 5, 0x1000, wire)).toBe(true);
    expect(subject.translate(0xffff_f800, 5, 0x1000, 'read')).toBe(-2);
    expect(subject.readToWire(0xffff_f800, 0xffff_ffff, 0x1000, wire)).toBe(false);
    expect(subject.writeWord32(0xffff_fffe, 0xffff_ffff, 0)).toBe(false);
    expect(seen).toEqual([
      '5:fffff800+2048',
      '6:0+2048',
      '5:fffff800+2048',
      '6:0+2048',
      'ffffffff:fffff800+2048',
      'ffffffff:fffffffe+1',
      'ffffffff:ffffffff+1',
    ]);
    expect(subject.masterAborts).toBe(2);
  });
});

describe('descriptors', () => {
  it('are fetched by the word', () => {
    const subject = port(new IdentityMap());
    for (let word = 0; word < 8; word++) hostWords[base / 4 + word] = 0x1000_0000 * word + word;
    expect(subject.readWords(base + 8, 0, 4, wire / 4)).toBe(true);
    expect([...deviceWords.subarray(wire / 4, wire / 4 + 4)]).toEqual([
      0x2000_0002, 0x3000_0003, 0x4000_0004, 0x5000_0005,
    ]);
  });

  it('words are written at any address, whole where it is aligned', () => {
    const subject = port(new IdentityMap());
    host.fill(0, base, base + 2 * PAGE_BYTES);
    expect(subject.writeWord32(base + 4, 0, 0xdead_beef)).toBe(true);
    expect(subject.writeWord32(base + 13, 0, 0x0102_0304)).toBe(true);
    expect(subject.writeWord32(base + PAGE_BYTES - 2, 0, 0x0a0b_0c0d)).toBe(true);
    expect([...host.subarray(base, base + 20)]).toEqual([
      0, 0, 0, 0, 0xef, 0xbe, 0xad, 0xde, 0, 0, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0,
    ]);
    expect([...host.subarray(base + PAGE_BYTES - 4, base + PAGE_BYTES + 4)]).toEqual([
      0, 0, 0x0d, 0x0c, 0x0b, 0x0a, 0, 0,
    ]);
  });
});

describe('memory that is not this process’s own', () => {
  /** A piece of it at 4 GiB - 2048, of a page; what was asked, and whether the port said that it waits. */
  function foreign(): { subject: DmaPort; domain: ForeignDomain; bytes: Uint8Array; waits: boolean[] } {
    const domain = new ForeignDomain({ pageBytes: 2048 });
    const bytes = Uint8Array.from({ length: PAGE_BYTES }, (_, at) => at * 5);
    const subject = port(domain);
    const waits: boolean[] = [];
    const access = {
      read: (at: number, length: number, target: Uint8Array, offset: number) => {
        waits.push(subject.waiting);
        target.set(bytes.subarray(at, at + length), offset);
        return true;
      },
      write: (at: number, length: number, source: Uint8Array, offset: number) => {
        waits.push(subject.waiting);
        bytes.set(source.subarray(offset, offset + length), at);
        return true;
      },
      close: () => undefined,
    };
    domain.regions.add({ address: 2 ** 32 - 2048, size: PAGE_BYTES, direction: 'both', access });
    return { subject, domain, bytes, waits };
  }

  it('is copied to and from device memory, across the end of 32 bits', () => {
    const { subject, domain, bytes, waits } = foreign();
    expect([subject.directLimit, subject.translate(-2048, 0, PAGE_BYTES, 'write')]).toEqual([0, -2]);
    expect(subject.readToWire(-100, 0, 200, wire)).toBe(true);
    expect(Buffer.compare(device.subarray(wire, wire + 200), bytes.subarray(2048 - 100, 2048 + 100))).toBe(0);
    device.fill(0xab, wire, wire + 200);
    expect(subject.writeFromWire(wire, 200, 1000, 1)).toBe(true);
    expect(bytes.subarray(3048, 3248).every((byte) => byte === 0xab)).toBe(true);
    expect(subject.writeWord32(4, 1, 0xdead_beef | 0)).toBe(true);
    expect([...bytes.subarray(2052, 2056)]).toEqual([0xef, 0xbe, 0xad, 0xde]);
    expect(subject.readToWire(0, 7, 0, wire)).toBe(true); // nothing is nowhere
    expect([subject.masterAborts, domain.faultCount, subject.waiting]).toEqual([0, 0, false]);
    expect(waits).toEqual([true, true, true]);
  });

  it('that is not there is a master abort', () => {
    const { subject, domain } = foreign();
    expect(subject.translate(-2048, 0, PAGE_BYTES + 1, 'write')).toBe(-1);
    expect(subject.readToWire(2048, 1, 4, wire)).toBe(false);
    expect(subject.writeFromWire(wire, 4, 0, 0)).toBe(false);
    expect(subject.writeWord32(0, 2, 1)).toBe(false);
    expect([subject.masterAborts, domain.faultCount, subject.waiting]).toEqual([4, 4, false]);
    const off = port(domain, false);
    expect([off.translate(-2048, 0, 4, 'read'), off.readToWire(-2048, 0, 4, wire), off.masterAborts]).toEqual([
      -1,
      false,
      2,
    ]);
    expect(domain.faultCount).toBe(4);
  });
});

it('hostile addresses and lengths never throw and never leave what was mapped', () => {
  const iommu = new Iommu();
  const page = iommu.map(base, PAGE_BYTES, 'both', NO_LIMIT);
  const subject = port(iommu);
  const space = allocateWire(0x1_0000);
  const outside = host.slice(base + PAGE_BYTES, base + BYTES);
  const word = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(low(page), low(page) + 4095, 0, -1, 0xffff_ffff));
  fc.assert(
    fc.property(
      word,
      fc.oneof(word, fc.constant(high(page))),
      fc.nat(0xffff),
      fc.boolean(),
      (lowWord, highWord, length, reads) => {
        const answer = reads
          ? subject.readToWire(lowWord, highWord, length, space)
          : subject.writeFromWire(space, length, lowWord, highWord);
        expect(typeof answer).toBe('boolean');
        expect(subject.translate(lowWord, highWord, length + 1, reads ? 'read' : 'write')).toBeGreaterThanOrEqual(-2);
      },
    ),
    { numRuns: 2000 },
  );
  expect(Buffer.compare(host.subarray(base + PAGE_BYTES, base + BYTES), outside)).toBe(0);
  freeWire(space, 0x1_0000);
});
