/* Literal descriptors in host memory, literal frames on the cable, literal write-back. */

import { describe, expect, it } from 'vitest';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, frame, hex, little, peek, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TDH, TDT } = R;
/** Dword 2 of an advanced data descriptor: DTYP 3 and DEXT, with IFCS. */
const PART = 0x2230_0000;
const EOP = 0x100_0000;
const RS = 0x800_0000;
const LAST = PART | EOP | RS;
const TOO_LONG = 'nic: frame to send longer than any (HTDPMC)';

/** Writes an advanced data descriptor. */
const post = (ring: number, index: number, address: number, command: number, status = 0): void =>
  poke(ring + index * 16, descriptor(address, `${little(command)} ${little(status)}`));

describe('one frame', () => {
  it('leaves as it is, and its descriptor says so', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(60));
    poke(ring.offset, descriptor(data.address, '3c00302b 00000f00'));
    t.ring(TDT, 1);
    expect(t.partner.frames).toEqual([hex(frame(60))]);
    expect(peek(ring.offset)).toBe(descriptor(data.address, '3c00302b 01000f00'));
    expect(t.machine.read(TDH)).toBe(1);
    expect(t.machine.read(R.ICR)).toBe(1); // TXDW
  });

  it('has no write-back and no cause without RS', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(61));
    poke(ring.offset, descriptor(data.address, '3d003023 00400f00'));
    t.ring(TDT, 1);
    expect(t.partner.frames).toEqual([hex(frame(61))]);
    expect(peek(ring.offset)).toBe(descriptor(data.address, '3d003023 00400f00'));
    expect([t.machine.read(TDH), t.machine.read(R.ICR)]).toEqual([1, 0]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('may lie at an address that ends in %i, with any length', (low) => {
    const t = new Traffic();
    const ring = t.txRing(128);
    const lengths = [60, 61, 62, 63, 64, 65, 66, 67, 127, 128, 129, 1513, 1514, 9000, 9724];
    const buffers = lengths.map((length, index) => {
      const data = t.memory(length + 8);
      poke(data.offset + low, hex(frame(length, index)));
      post(ring.offset, index, data.address + low, LAST | length);
      return data;
    });
    t.ring(TDT, lengths.length);
    expect(t.partner.frames).toEqual(lengths.map((length, index) => hex(frame(length, index))));
    for (const data of buffers) data.free();
    t.close();
  });

  it('is padded with zeros to 60 bytes by TCTL.PSP, and leaves as it is without', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const dirt = t.memory(new Uint8Array(1514).fill(0xff));
    const short = t.memory(frame(59));
    post(ring.offset, 0, dirt.address, LAST | 1514); // what lies in the link's memory next time
    t.ring(TDT, 1);
    post(ring.offset, 1, short.address, LAST | 14);
    post(ring.offset, 2, short.address, LAST | 59);
    t.ring(TDT, 3);
    t.machine.write(R.TCTL, R.TCTL.EN.mask);
    post(ring.offset, 3, short.address, LAST | 14);
    post(ring.offset, 4, short.address, LAST | 1);
    t.ring(TDT, 5);
    const head = '020000000001' + '020000000002' + '88b5';
    expect(t.partner.frames.slice(1)).toEqual([head.padEnd(120, '0'), `${hex(frame(59))}00`, head, '02']);
  });

  it.each([true, false])('of no bytes is none, padded or not (PSP %s)', (pad) => {
    const t = new Traffic();
    const ring = t.txRing(8);
    if (!pad) t.machine.write(R.TCTL, R.TCTL.EN.mask);
    post(ring.offset, 0, t.memory(64).address, LAST);
    t.ring(TDT, 1);
    expect(t.partner.frames).toEqual([]);
    expect(t.machine.read(TDH)).toBe(1);
    expect(peek(ring.offset).slice(-8)).toBe('01000000');
    expect(t.machine.read(R.GPTC)).toBe(0);
  });
});

describe('a frame in several buffers', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])('is put together, from addresses that end in %i and in others', (low) => {
    const t = new Traffic();
    const ring = t.txRing(16);
    const data = t.memory(4096);
    const whole = frame(1 + 7 + 64 + 3 + 128 + 1000, low);
    let taken = 0;
    [1, 0, 7, 64, 3, 0, 128, 1000].forEach((length, index, all) => {
      const at = 256 * index + ((low + index * 3) & 7);
      poke(data.offset + at, hex(whole.subarray(taken, taken + length)));
      taken += length;
      post(ring.offset, index, data.address + at, (index === all.length - 1 ? LAST : PART) | length);
    });
    t.ring(TDT, 8);
    expect(t.partner.frames).toEqual([hex(whole)]);
    // Only the last one asked for a report.
    const done = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => peek(ring.offset + index * 16).slice(-8));
    expect(done).toEqual([...new Array<string>(7).fill('00000000'), '01000000']);
  });

  it('waits until its last descriptor is posted', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(90));
    post(ring.offset, 0, data.address, LAST | 60);
    for (const [index, command] of [PART, PART, LAST].entries()) {
      post(ring.offset, 1 + index, data.address + 30 * index, command | 30);
    }
    t.ring(TDT, 3);
    expect([t.partner.frames.length, t.machine.read(TDH)]).toEqual([1, 1]);
    t.ring(TDT, 4);
    expect(t.partner.frames.slice(1)).toEqual([hex(frame(90))]);
    expect(t.machine.read(TDH)).toBe(4);
  });

  it('is given up when it is longer than any frame, and counted', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(9725);
    post(ring.offset, 0, data.address, LAST | 9725);
    post(ring.offset, 1, data.address, PART | 9724);
    post(ring.offset, 2, data.address, LAST | 1);
    post(ring.offset, 3, data.address, LAST | 9724);
    t.ring(TDT, 4);
    expect(t.partner.frames).toEqual([hex(new Uint8Array(9724))]);
    expect(t.machine.nic.drops()[TOO_LONG]).toBe(2);
    expect(peek(ring.offset).slice(-8)).toBe('01000000');
  });
});

describe('rings', () => {
  it('wrap, also in the middle of a frame', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(150));
    const sent: string[] = [];
    let tail = 0;
    for (let round = 0; round < 7; round++) {
      for (let part = 0; part < 3; part++) {
        post(ring.offset, tail, data.address + part * 50, (part === 2 ? LAST : PART) | 50);
        tail = (tail + 1) % 8;
      }
      post(ring.offset, tail, data.address, LAST | (60 + round));
      tail = (tail + 1) % 8;
      sent.push(hex(frame(150)), hex(frame(150).subarray(0, 60 + round)));
      t.ring(TDT, tail);
      expect(t.machine.read(TDH)).toBe(tail);
    }
    expect(t.partner.frames).toEqual(sent);
  });

  it('write the head back instead of descriptors when TDWBAL says so', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(60));
    const words = t.memory(64);
    t.machine.write(R.TDWBAL, (words.address + 8) | 1);
    for (let index = 0; index < 6; index++) post(ring.offset, index, data.address, LAST | 60);
    post(ring.offset, 6, data.address, PART | EOP | 60);
    t.ring(TDT, 6);
    expect(peek(words.offset)).toBe('00000000 00000000 06000000 00000000');
    t.ring(TDT, 7); // no RS: nothing is reported
    expect(peek(words.offset)).toBe('00000000 00000000 06000000 00000000');
    post(ring.offset, 7, data.address, PART | 30);
    post(ring.offset, 0, data.address + 30, LAST | 30);
    t.ring(TDT, 1);
    expect(peek(words.offset)).toBe('00000000 00000000 01000000 00000000');
    expect(t.partner.frames).toHaveLength(8);
    for (let index = 0; index < 8; index++) expect(peek(ring.offset + index * 16).slice(-8)).toBe('00000000');
  });

  it('of many frames are handled a burst at a time, every queue in its turn', () => {
    const t = new Traffic();
    const data = t.memory(frame(64));
    const rings = [t.txRing(256, 0), t.txRing(256, 5)];
    for (const [queue, ring] of rings.entries()) {
      for (let index = 0; index < 130; index++) post(ring.offset, index, data.address, PART | EOP | (60 + queue));
    }
    t.machine.write(TDT, 130, 0);
    t.machine.write(TDT, 130, 5);
    t.machine.clock.run();
    expect(t.partner.bursts).toEqual([64, 64, 64, 64, 2, 2]);
    const lengths = t.partner.frames.map((sent) => sent.length / 2);
    const runs = [60, 61, 60, 61].flatMap((length) => new Array<number>(64).fill(length));
    expect(lengths).toEqual([...runs, 60, 60, 61, 61]);
    expect(t.machine.read(R.GPTC)).toBe(260);
  });

  it('are sixteen, and none gets more than its turn', () => {
    const t = new Traffic();
    const data = t.memory(frame(76));
    const queues = Array.from({ length: 16 }, (_, queue) => queue);
    for (const queue of queues) {
      const ring = t.txRing(72, queue);
      for (let index = 0; index < 65; index++) post(ring.offset, index, data.address, LAST | (60 + queue));
    }
    for (const queue of queues) t.machine.write(TDT, 65, queue);
    t.machine.clock.run();
    const order = t.partner.frames.map((sent) => sent.length / 2 - 60);
    expect(order).toEqual([...queues.flatMap((queue) => new Array<number>(64).fill(queue)), ...queues]);
  });

  it('go on when the link has room again', () => {
    const t = new Traffic();
    const ring = t.txRing(256);
    const frames = Array.from({ length: 200 }, (_, index) => frame(1514, index));
    frames.forEach((bytes, index) => post(ring.offset, index, t.memory(bytes).address, LAST | 1514));
    t.ring(TDT, 200);
    expect(t.partner.frames).toEqual(frames.map(hex));
    expect(t.partner.bursts.length).toBeGreaterThan(4); // 128 KiB hold 85 of them: bursts of 64 did not fit
    expect(t.machine.read(TDH)).toBe(200);
  });

  it.each(['the cable', 'TCTL.EN', 'TXDCTL.ENABLE'])('wait for %s', (what) => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const set = (on: boolean): void => {
      if (what === 'the cable') t.machine.link.b.enable(on);
      else if (what === 'TCTL.EN') t.machine.write(R.TCTL, on ? R.TCTL.EN.mask : 0);
      else t.machine.write(R.TXDCTL, on ? R.TXDCTL.ENABLE.mask : 0);
      t.machine.clock.run();
    };
    post(ring.offset, 0, t.memory(frame(60)).address, LAST | 60);
    set(false);
    t.ring(TDT, 1);
    expect([t.partner.frames.length, t.machine.read(TDH), peek(ring.offset).slice(-8)]).toEqual([0, 0, '00000000']);
    set(true);
    expect(t.partner.frames).toEqual([hex(frame(60))]);
    expect(peek(ring.offset).slice(-8)).toBe('01000000');
  });

  it('take a tail or a head beyond their end modulo their size', () => {
    const t = new Traffic();
    const ring = t.txRing(8);
    const data = t.memory(frame(60));
    for (let index = 0; index < 8; index++) post(ring.offset, index, data.address, LAST | (60 + index));
    t.ring(TDT, 0xfffb); // 3 modulo 8
    expect([t.partner.frames.length, t.machine.read(TDH)]).toEqual([3, 3]);
    t.machine.write(TDH, 0x8007);
    expect(t.machine.read(TDH)).toBe(7);
    t.ring(TDT, 8);
    expect(t.partner.frames.map((sent) => sent.length / 2)).toEqual([60, 61, 62, 67]);
    t.machine.write(R.TDLEN, 0);
    t.ring(TDT, 5);
    expect(t.partner.frames).toHaveLength(4);
  });
});

it('statistics tell sizes with check sequence, and group addresses', () => {
  const t = new Traffic();
  const ring = t.txRing(32);
  const lengths = [60, 61, 123, 124, 251, 252, 507, 508, 1019, 1020, 1514];
  const to = [
    [255, 255, 255, 255, 255, 255],
    [1, 0, 94, 0, 0, 1],
    [2, 0, 0, 0, 0, 9],
  ];
  lengths.forEach((length, index) => {
    const data = t.memory(frame(length, 0, to[index % 3]));
    post(ring.offset, index, data.address, PART | EOP | length);
  });
  t.ring(TDT, lengths.length);
  const sizes = [R.PTC64, R.PTC127, R.PTC255, R.PTC511, R.PTC1023, R.PTC1522].map((register) =>
    t.machine.read(register),
  );
  expect(sizes).toEqual([1, 2, 2, 2, 2, 2]);
  expect([R.GPTC, R.TPT, R.BPTC, R.MPTC].map((register) => t.machine.read(register))).toEqual([11, 11, 4, 4]);
  const octets = lengths.reduce((sum, length) => sum + length + 4, 0);
  expect([R.GOTCL, R.GOTCH, R.TOTL].map((register) => t.machine.read(register))).toEqual([octets, 0, octets]);
});
