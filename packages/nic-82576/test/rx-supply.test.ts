/* Frames for which there is no descriptor, no queue or no memory: they wait, are missed, are dropped, or are lost. */

import { beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { Iommu } from '@netcx/dma';
import { hostBytes } from '@netcx/dma/memory';
import { REGISTERS } from '../src/registers/index.ts';
import { RX, RxBench } from './rx-bench.ts';
import { descriptor, frame, hex, peek, poke } from './traffic.ts';

const R = REGISTERS;
const { RDH, RDT, RCTL } = R;
const ALL = RX | RCTL.UPE.mask | RCTL.MPE.mask | RCTL.BAM.mask;
const RXDW = 0x80;
const RXO = 0x40;

let rx: RxBench;

beforeEach(() => {
  rx = new RxBench();
});

describe('without descriptors', () => {
  it('frames wait, and come in order once there are some', () => {
    rx.arrive([frame(60, 1), frame(61, 2)]);
    rx.arrive([frame(62, 3)]);
    expect(rx.read(R.RNBC, R.MPC, R.GPRC, R.ICR)).toEqual([3, 0, 0, 0]);
    rx.supply(0, 2);
    expect(rx.read(RDH, R.GPRC, R.ICR)).toEqual([2, 2, RXDW]);
    rx.arrive([frame(63, 4)]); // behind the one that waits
    rx.supply(2, 2);
    expect([0, 1, 2, 3].map((index) => rx.bytes(index, 60 + index))).toEqual(
      [0, 1, 2, 3].map((index) => hex(frame(60 + index, index + 1))),
    );
  });

  it('64 KiB of frames wait and the rest is missed: MPC and RXO', () => {
    const burst = Array.from({ length: 60 }, (_, index) => frame(1500, index)); // 1520 bytes each with header
    rx.arrive(burst);
    expect(rx.read(R.RNBC, R.MPC, R.ICR)).toEqual([60, 60 - Math.floor(65_536 / 1520), RXO]);
    let seen = 0;
    for (let got = 7; got > 0; seen += got) {
      const head = seen % 8;
      rx.supply(head, 7);
      got = (rx.traffic.machine.read(RDH) - head + 8) % 8;
      for (let index = 0; index < got; index++) {
        expect(rx.bytes((head + index) % 8, 1500)).toBe(hex(frame(1500, seen + index)));
      }
    }
    expect(seen).toBe(43);
  });

  it('DROP_EN drops at once, counted by queue', () => {
    rx.dropEnable();
    rx.supply(0, 2);
    rx.arrive([frame(60), frame(61), frame(62), frame(63, 0, [2, 0, 0, 0, 0, 7])]);
    expect(rx.read(RDH, R.RQDPC, R.RQDPC, R.RNBC, R.MPC, R.GPRC, R.TPR)).toEqual([2, 1, 0, 0, 0, 2, 3]);
    rx.supply(2, 2);
    expect(rx.read(RDH)).toEqual([2]);
  });

  it.each([true, false])('a queue that is switched off takes nothing (DROP_EN %s)', (drop) => {
    rx.dropEnable(drop);
    rx.supply(0, 4);
    rx.traffic.machine.write(R.RXDCTL, 0);
    rx.arrive([frame(60), frame(61)]);
    expect(peek(rx.ring.offset)).toBe(descriptor(rx.buffers.address));
    expect(rx.read(RDH, R.RQDPC, R.RNBC)).toEqual([0, drop ? 2 : 0, drop ? 0 : 2]);
    rx.traffic.machine.write(R.RXDCTL, R.RXDCTL.ENABLE.mask);
    rx.traffic.machine.clock.run();
    expect(rx.read(RDH)).toEqual([drop ? 0 : 2]);
  });

  it('what waits is forgotten when reception is switched off', () => {
    rx.arrive([frame(60)]);
    rx.control(0);
    rx.control(RX);
    rx.supply(0, 7);
    expect(rx.read(RDH)).toEqual([0]);
  });

  it('every frame comes in order, or is counted as missed, under any supply (seeded)', () => {
    const step = fc.oneof(
      fc.record({ arrive: fc.array(fc.integer({ min: 60, max: 1514 }), { minLength: 1, maxLength: 30 }) }),
      fc.record({ supply: fc.integer({ min: 1, max: 7 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        rx = new RxBench(ALL);
        const queue: string[] = [];
        const got: string[] = [];
        let [sent, posted, seen, missed] = [0, 0, 0, 0];
        const collect = (): void => {
          for (; seen < posted && (parseInt(rx.back(seen % 8).slice(0, 2), 16) & 1) === 1; seen++) {
            const length = Number.parseInt(
              rx
                .back(seen % 8)
                .slice(9, 13)
                .replace(/(..)(..)/, '$2$1'),
              16,
            );
            got.push(rx.bytes(seen % 8, length));
            poke(rx.ring.offset + (seen % 8) * 16, descriptor(0));
          }
        };
        const supply = (wanted: number): void => {
          const count = Math.min(wanted, 7 - (posted - seen));
          rx.post(posted % 8, count);
          posted += count;
          rx.traffic.ring(RDT, posted % 8);
          collect();
        };
        for (const action of steps) {
          if ('supply' in action) {
            supply(action.supply);
            continue;
          }
          const frames = action.arrive.map((length) => frame(length, sent++));
          queue.push(...frames.map(hex));
          rx.arrive(frames);
          collect();
          missed += rx.traffic.machine.read(R.MPC);
        }
        for (let round = 0; round < 400 && got.length + missed < sent; round++) supply(7);
        // What was missed is missing, and nothing else: the rest is a subsequence in order, of the right length.
        let at = 0;
        for (const bytes of queue) if (got[at] === bytes) at++;
        expect([at, got.length + missed]).toEqual([got.length, sent]);
        rx.close();
      }),
      { seed: 82576, numRuns: 40 },
    );
  });
});

describe('memory that the device cannot reach', () => {
  it.each([
    ['beyond memory', hostBytes],
    ['running out of memory', hostBytes - 50],
    ['at the top of 32 bits', 2 ** 32 - 50],
    ['above 4 GiB', 2 ** 32 + 4096],
  ])('as a buffer %s: an abort, and the descriptor is done all the same', (_name, address) => {
    rx.supply(0, 3);
    poke(rx.ring.offset, descriptor(address));
    rx.arrive([frame(64), frame(65)]);
    expect([rx.back(0), rx.back(1), rx.bytes(1, 65)]).toEqual([
      '03000000 40000000',
      '03000000 41000000',
      hex(frame(65)),
    ]);
    expect(rx.traffic.machine.nic.dma.masterAborts).toBe(1);
  });

  it('as a page that the IOMMU does not map, or maps for reading alone', () => {
    const iommu = new Iommu();
    rx = new RxBench(RX, { dma: iommu });
    const source = rx.traffic.memory(4096);
    const readOnly = rx.traffic.enabler.map(source.offset, 4096, 'read');
    rx.supply(0, 4);
    poke(rx.ring.offset, descriptor(0x5000));
    poke(rx.ring.offset + 16, descriptor(readOnly));
    rx.arrive([frame(64), frame(65), frame(1514)]);
    expect([rx.traffic.machine.nic.dma.masterAborts, iommu.faultCount]).toEqual([2, 2]);
    expect([rx.back(2), rx.bytes(2, 1514)]).toEqual(['03000000 ea050000', hex(frame(1514))]);
    expect(peek(source.offset, 64)).toBe('00'.repeat(64));
  });

  it('as a ring: what comes is lost, each burst one abort', () => {
    rx.traffic.machine.write(R.RDBAH, 1);
    rx.traffic.ring(RDT, 4);
    rx.arrive([frame(64), frame(65)]);
    expect([rx.traffic.machine.nic.dma.masterAborts, ...rx.read(RDH, R.GPRC, R.ICR)]).toEqual([1, 0, 0, 0]);
    rx.traffic.machine.write(R.RDBAH, 0);
    rx.post(0, 4);
    rx.arrive([frame(66)]);
    expect(rx.read(RDH)).toEqual([1]);
  });

  it('as everything while bus mastering is off', () => {
    rx.supply(0, 4);
    const { function: fn } = rx.traffic.machine.slot;
    fn.writeConfig(4, 2, fn.readConfig(4, 2) & ~4);
    rx.arrive([frame(64)]);
    expect([rx.traffic.machine.nic.dma.masterAborts, peek(rx.ring.offset)]).toEqual([
      1,
      descriptor(rx.buffers.address),
    ]);
  });
});
