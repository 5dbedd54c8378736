/*
 * Mappings for the time of a transfer: by example, and a hundred thousand commands against a naive model in which every
 * transfer is an entry of a list. Behind an IOMMU, so what the model says is mapped can be asked of the domain.
 */

import { env, stdout } from 'node:process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DmaEnabler,
  hostPages,
  highWord,
  IdentityMap,
  Iommu,
  lowWord,
  PAGE_BYTES,
  TransferMap,
  type TransferMapOptions,
} from '../src/index.ts';

const PAGES = 8;
const memory = hostPages.allocate(PAGES * PAGE_BYTES, { owner: 'somebody else’s' });

function rig(options: Partial<TransferMapOptions> = {}, addressWidth = 64) {
  const domain = new Iommu();
  const enabler = new DmaEnabler(domain, { addressWidth, version: 3 });
  const transfers = new TransferMap(enabler, { slots: 4, direction: 'read', ...options });
  const reaches = (slot: number, offset: number, length: number) => {
    const address = transfers.address(slot, offset);
    return domain.translate(lowWord(address), highWord(address), length, 'read') === offset;
  };
  return { domain, enabler, transfers, reaches };
}

describe('a transfer', () => {
  it('is mapped from begin to end', () => {
    const { domain, transfers, reaches } = rig();
    const slot = transfers.begin(memory + 100, 5000);
    expect([reaches(slot, memory + 100, 5000), domain.mappedPages, transfers.active]).toEqual([true, 2, 1]);
    const stale = transfers.address(slot, memory + 100);
    transfers.end(slot);
    expect([domain.mappedPages, transfers.active, transfers.idle]).toEqual([0, 0, 0]);
    expect(domain.translate(lowWord(stale), highWord(stale), 1, 'read')).toBe(-1);
    transfers.close();
  });

  it('shares the mapping of others on the same pages, whatever part of them', () => {
    const { domain, transfers, reaches } = rig();
    const one = transfers.begin(memory, 10);
    const two = transfers.begin(memory + 4000, 96);
    const three = transfers.begin(memory + 4000, 97); // a page more
    expect([one === two, three === one, domain.mappedPages]).toEqual([true, false, 3]);
    transfers.end(one);
    expect(reaches(two, memory + 4000, 96)).toBe(true);
    transfers.end(two);
    expect(domain.mappedPages).toBe(2);
    transfers.end(three);
    expect([transfers.mapped, transfers.reused]).toEqual([2, 1]);
    expect(() => {
      transfers.end(three);
    }).toThrow('NOT_MAPPED: no transfer uses mapping');
  });

  it('finds no slot when all are in use, and nothing has changed', () => {
    const { domain, transfers } = rig({ slots: 2 });
    const slots = [0, 1].map((page) => transfers.begin(memory + page * PAGE_BYTES, 1));
    expect([transfers.begin(memory + 2 * PAGE_BYTES, 1), domain.mappedPages]).toEqual([-1, 2]);
    expect(() => {
      transfers.close();
    }).toThrow('NOT_MAPPED: 2 mappings are still in use by transfers');
    for (const slot of slots) transfers.end(slot);
    transfers.close();
  });

  it('keeps what is used again, up to a number, the newest of it', () => {
    const { domain, transfers } = rig({ slots: 4, idle: 2 });
    for (const page of [0, 1, 2, 1]) transfers.end(transfers.begin(memory + page * PAGE_BYTES, 1));
    expect([domain.mappedPages, transfers.idle, transfers.mapped, transfers.reused]).toEqual([2, 2, 3, 1]);
    transfers.end(transfers.begin(memory, 1)); // went first, and is mapped once more
    expect([transfers.mapped, domain.mappedPages]).toEqual([4, 2]);
    transfers.close();
    expect(domain.mappedPages).toBe(0);
  });

  it('drops what is idle when addresses run out, and says so when nothing is', () => {
    const { domain, transfers } = rig({ slots: 8, idle: 8 }, 14); // pages 1 to 3
    for (const page of [0, 1, 2]) transfers.end(transfers.begin(memory + page * PAGE_BYTES, 1));
    const slots = [3, 4, 5].map((page) => transfers.begin(memory + page * PAGE_BYTES, 1));
    expect([domain.mappedPages, transfers.idle]).toEqual([3, 0]);
    expect(() => transfers.begin(memory, 1)).toThrow('OUT_OF_ADDRESSES');
    expect([domain.mappedPages, transfers.active]).toEqual([3, 3]);
    for (const slot of slots) transfers.end(slot);
    transfers.close();
  });

  it('keeps below an address that was asked for', () => {
    const { transfers } = rig({ maximumAddress: 0xffff });
    const slot = transfers.begin(memory + 10, 100);
    expect(transfers.address(slot, memory + 109)).toBeLessThanOrEqual(0xffff);
    transfers.end(slot);
  });

  it('is refused where a device without an IOMMU does not reach', () => {
    const enabler = new DmaEnabler(new IdentityMap(), { addressWidth: 12, version: 3 });
    const transfers = new TransferMap(enabler, { slots: 1, direction: 'read' });
    expect(() => transfers.begin(memory, 1)).toThrow('NOT_REACHABLE');
    expect(() => transfers.begin(-1, 1)).toThrow('BAD_ADDRESS');
    transfers.close();
  });

  it.each([{ slots: 0 }, { slots: 1.5 }, { slots: 65_537 }, { slots: 4, idle: 5 }, { slots: 4, idle: -1 }])(
    'cannot be of %j',
    (options) => {
      expect(() => rig(options)).toThrow('BAD_LENGTH');
    },
  );
});

describe('against a naive model', () => {
  interface Transfer {
    readonly slot: number;
    readonly offset: number;
    readonly length: number;
  }

  /** Begins, ends and looks: one word each. Checks what is mapped against the list of what is under way. */
  class Run {
    readonly #rig;
    readonly #options: { readonly slots: number; readonly idle: number };
    readonly #underWay: Transfer[] = [];

    constructor(options: { readonly slots: number; readonly idle: number }) {
      this.#rig = rig(options);
      this.#options = options;
    }

    do(word: number): void {
      if (word % 3 !== 0 && this.#underWay.length < 12) this.#begin(word >>> 2);
      else this.#end(word >>> 2);
    }

    #begin(word: number): void {
      const { transfers, reaches } = this.#rig;
      const offset = memory + (word % (PAGES * PAGE_BYTES));
      const length = 1 + ((word >>> 5) % Math.min(9000, memory + PAGES * PAGE_BYTES - offset));
      const runs = new Set(this.#underWay.map(pagesOf));
      const slot = transfers.begin(offset, length);
      if (slot < 0) {
        // Only a run of pages that nobody uses needs a slot, and only when each is in use there is none.
        if (runs.has(pagesOf({ offset, length })) || runs.size < this.#options.slots) throw new Error('refused a slot');
        return;
      }
      this.#underWay.push({ slot, offset, length });
      if (!reaches(slot, offset, length)) throw new Error(`${offset} + ${length} is not mapped`);
    }

    #end(word: number): void {
      if (this.#underWay.length === 0) return;
      const [transfer] = this.#underWay.splice(word % this.#underWay.length, 1);
      this.#rig.transfers.end(transfer!.slot);
    }

    check(): void {
      const { transfers, domain, reaches } = this.#rig;
      const runs = new Set(this.#underWay.map(pagesOf));
      expect(transfers.active).toBe(runs.size);
      expect(transfers.idle).toBeLessThanOrEqual(this.#options.idle);
      const pages = [...runs].reduce((sum, run) => sum + Number(run.split('+')[1]), 0);
      expect(domain.mappedPages).toBeGreaterThanOrEqual(pages);
      if (this.#options.idle === 0) expect(domain.mappedPages).toBe(pages);
      for (const { slot, offset, length } of this.#underWay) expect(reaches(slot, offset, length)).toBe(true);
    }

    finish(): void {
      while (this.#underWay.length > 0) this.#end(0);
      this.#rig.transfers.close();
      expect([this.#rig.domain.mappedPages, this.#rig.domain.faultCount]).toEqual([0, 0]);
    }
  }

  const pagesOf = ({ offset, length }: { readonly offset: number; readonly length: number }): string => {
    const first = Math.floor(offset / PAGE_BYTES);
    return `${first}+${Math.floor((offset + length - 1) / PAGE_BYTES) - first + 1}`;
  };

  it('maps what is under way, and nothing else, for a hundred thousand commands', () => {
    const seed = Number(env['NETCX_SEED'] ?? Math.trunc(Math.random() * 2 ** 31));
    stdout.write(`transfer map: NETCX_SEED=${seed}\n`);
    let done = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.nat(8),
        fc.array(fc.nat(0x7fff_ffff), { minLength: 1000, maxLength: 1000, size: 'max' }),
        (slots, idle, words) => {
          const run = new Run({ slots, idle: Math.min(idle, slots) });
          for (const word of words) {
            run.do(word);
            done++;
            if (done % 50 === 0) run.check();
          }
          run.finish();
        },
      ),
      { numRuns: 100, seed },
    );
    expect(done).toBeGreaterThanOrEqual(100_000);
  });
});
