/* Transmit descriptors that are no plain data: contexts, and addresses that nobody can reach. */

import { describe, expect, it } from 'vitest';
import { Iommu } from '@netcx/dma';
import { hostBytes } from '@netcx/dma/memory';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, frame, hex, little, peek, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TDH, TDT } = R;
/** Dword 2 of an advanced data descriptor: DTYP 3 and DEXT, with IFCS. */
const PART = 0x2230_0000;
const EOP = 0x100_0000;
const RS = 0x800_0000;
const LAST = PART | EOP | RS;
const NOT_MODELLED = 'nic: descriptor of a kind that is not modelled';

/** Writes an advanced data descriptor. */
const post = (ring: number, index: number, address: number, command: number, status = 0): void =>
  poke(ring + index * 16, descriptor(address, `${little(command)} ${little(status)}`));

describe('contexts', () => {
  const context = (maclen: number, iplen: number, slot: number, l4t: number, more = 0): string =>
    `${little((maclen << 9) | iplen)} 00000000 ${little((0x2020_0000 | (l4t << 11) | more) >>> 0)} ${little(slot << 4)}`;
  const TXSM = 0x200;
  const IXSM = 0x100;
  /** IPv4 and UDP to port 7 with two bytes "ab"; no checksums, the pseudo header's sum as a seed. */
  const udp =
    '020000000001' +
    '020000000002' +
    '0800' +
    '4500001e000000004011' +
    'ffff' +
    '0a0000010a000002' +
    '00070007000a' +
    '141e' +
    '6162';
  const whole = (ip: string, l4: string): string => udp.replace('ffff', ip).replace('141e', l4).padEnd(120, '0');

  it('say where checksums go, each data descriptor by its slot', () => {
    const t = new Traffic();
    const ring = t.txRing(16);
    const data = t.memory(Buffer.from(udp, 'hex'));
    const length = udp.length / 2;
    poke(ring.offset, context(14, 20, 0, 0));
    poke(ring.offset + 16, context(6, 30, 1, 1, RS)); // nonsense, but its own: TCP's field lies beyond this frame
    post(ring.offset, 2, data.address, LAST | length, IXSM | TXSM);
    post(ring.offset, 3, data.address, LAST | length, IXSM);
    post(ring.offset, 4, data.address, LAST | length, TXSM);
    post(ring.offset, 5, data.address, LAST | length, TXSM | (1 << 4));
    post(ring.offset, 6, data.address, PART | 20, TXSM);
    post(ring.offset, 7, data.address + 20, LAST | (length - 20), IXSM); // only the first descriptor's wishes count
    t.ring(TDT, 8);
    expect(t.partner.frames).toEqual([
      whole('66cd', '8a67'),
      whole('66cd', '141e'),
      whole('ffff', '8a67'),
      whole('ffff', '141e'),
      whole('ffff', '8a67'),
    ]);
    expect(peek(ring.offset)).toBe(context(14, 20, 0, 0));
    expect(peek(ring.offset + 16).slice(-8)).toBe('11000000'); // RS: done
  });

  it('hold until they are written anew, and for their queue alone', () => {
    const t = new Traffic();
    const data = t.memory(Buffer.from(udp, 'hex'));
    const length = udp.length / 2;
    const rings = [t.txRing(8, 0), t.txRing(8, 1)] as const;
    poke(rings[0].offset, context(14, 20, 0, 0));
    post(rings[0].offset, 1, data.address, LAST | length, TXSM);
    post(rings[0].offset, 2, data.address, LAST | length, TXSM);
    t.ring(TDT, 3);
    poke(rings[1].offset, context(0, 200, 0, 0)); // points behind the frame: it leaves as it is
    post(rings[1].offset, 1, data.address, LAST | length, TXSM);
    t.ring(TDT, 2, 1);
    poke(rings[0].offset + 48, context(14, 511, 0, 0));
    post(rings[0].offset, 4, data.address, LAST | length, TXSM);
    t.ring(TDT, 5);
    expect(t.partner.frames).toEqual(['8a67', '8a67', '141e', '141e'].map((l4) => whole('ffff', l4)));
  });
});

describe('memory that the device cannot reach', () => {
  it.each([
    ['beyond memory', hostBytes],
    ['running out of memory', hostBytes - 50],
    ['above 4 GiB', 2 ** 32 + 4096],
    ['at the top of 32 bits', 2 ** 32 - 50],
    ['at the top of 64 bits', Number(2n ** 64n - 4096n)],
  ])('as data %s: nothing leaves, the abort is counted, the queue goes on', (_name, address) => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const good = t.memory(frame(70));
    post(ring.offset, 0, address, LAST | 70);
    post(ring.offset, 1, good.address, PART | 35);
    post(ring.offset, 2, address, LAST | 70);
    post(ring.offset, 3, good.address, LAST | 70);
    t.ring(TDT, 4);
    expect(t.partner.frames).toEqual([hex(frame(70))]);
    expect(t.machine.nic.dma.masterAborts).toBe(2);
    expect(t.machine.nic.drops()[NOT_MODELLED]).toBe(0);
    expect([t.machine.read(TDH), t.machine.read(R.GPTC)]).toEqual([4, 1]);
  });

  it('as a page that the IOMMU does not map', () => {
    const iommu = new Iommu();
    const t = new Traffic(iommu);
    const ring = t.txRing(8);
    const good = t.memory(frame(70));
    const gone = t.memory(frame(70));
    gone.free();
    post(ring.offset, 0, gone.address, LAST | 70);
    post(ring.offset, 1, good.address, LAST | 70);
    t.ring(TDT, 2);
    expect(t.partner.frames).toEqual([hex(frame(70))]);
    expect([t.machine.nic.dma.masterAborts, iommu.faultCount]).toEqual([1, 1]);
    expect(iommu.faults[0]).toMatchObject({ access: 'read' });
  });

  it('as a ring: nothing is read or written, until it is pointed elsewhere', () => {
    const t = new Traffic();
    const ring = t.txRing(16);
    post(ring.offset, 0, t.memory(frame(60)).address, LAST | 60);
    t.machine.write(R.TDBAL, hostBytes - 128);
    t.ring(TDT, 1);
    expect([t.partner.frames.length, t.machine.read(TDH), t.machine.nic.dma.masterAborts]).toEqual([0, 0, 1]);
    t.machine.write(R.TDBAL, ring.address);
    t.ring(TDT, 1);
    expect(t.partner.frames).toEqual([hex(frame(60))]);
  });

  it('as everything while bus mastering is off', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    post(ring.offset, 0, t.memory(frame(60)).address, LAST | 60);
    const { function: fn } = t.machine.slot;
    const command = fn.readConfig(4, 2);
    fn.writeConfig(4, 2, command & ~4);
    t.ring(TDT, 1);
    expect([t.partner.frames.length, peek(ring.offset).slice(-8), t.machine.nic.dma.masterAborts]).toEqual([
      0,
      '00000000',
      1,
    ]);
    fn.writeConfig(4, 2, command);
    t.machine.clock.run();
    expect(t.partner.frames).toEqual([hex(frame(60))]);
  });

  it('as the place for the head: the frame leaves, the abort is counted', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    t.machine.write(R.TDWBAH, 1);
    t.machine.write(R.TDWBAL, 0x1001);
    post(ring.offset, 0, t.memory(frame(60)).address, LAST | 60);
    t.ring(TDT, 1);
    expect([t.partner.frames.length, t.machine.nic.dma.masterAborts]).toEqual([1, 1]);
  });
});
