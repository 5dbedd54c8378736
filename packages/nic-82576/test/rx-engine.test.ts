/* Frames arrive on the cable: literal write-rx.back, the bytes in host memory, what is dropped and what counts it. */

import { beforeEach, describe, expect, it } from 'vitest';
import { u8 as host } from '@netcx/dma/memory';
import { REGISTERS } from '../src/registers/index.ts';
import { RX, RxBench } from './rx-bench.ts';
import { descriptor, frame, hex, little, peek } from './traffic.ts';

const R = REGISTERS;
const { RDH, RDT, RCTL } = R;
const BAD_FCS = 1;
const ALL = RX | RCTL.UPE.mask | RCTL.MPE.mask | RCTL.BAM.mask;
const RXDW = 0x80;

let rx: RxBench;

beforeEach(() => {
  rx = new RxBench();
});

describe('a frame for us', () => {
  it('is written to the buffer, its descriptor overwritten, the cause raised', () => {
    rx.supply(0, 2);
    rx.arrive([frame(64)]);
    expect(peek(rx.ring.offset)).toBe('00000000 00000000 03000000 40000000');
    expect(peek(rx.buffers.offset, 66)).toBe(`${hex(frame(64))}0000`);
    expect(peek(rx.ring.offset + 16)).toBe(descriptor(rx.buffers.address + 2048));
    expect(rx.read(RDH, R.ICR, R.GPRC, R.TPR, R.RPTHC)).toEqual([1, RXDW, 1, 1, 1]);
    expect(rx.read(R.GORCL, R.TORL, R.RNBC, R.MPC)).toEqual([68, 68, 0, 0]);
  });

  it.each([0, 2, 4, 6, 1, 3, 5, 7])('may go to an address that ends in %i, with any length', (low) => {
    rx.control(RX | RCTL.LPE.mask);
    const lengths = [60, 61, 63, 64, 65, 1023, 2040];
    rx.supply(0, 7, low);
    rx.arrive(lengths.map((length, index) => frame(length, index)));
    lengths.forEach((length, index) => {
      expect(rx.back(index)).toBe(`03000000 ${little(length)}`);
      expect(rx.bytes(index, length, low)).toBe(hex(frame(length, index)));
      expect(host[rx.buffers.offset + index * 2048 + low + length]).toBe(0);
    });
  });

  it('has its check sequence behind it without RCTL.SECRC', () => {
    rx.control(RCTL.EN.mask);
    rx.supply(0, 7);
    const all = [60, 64, 65, 1514].map((length, index) => frame(length, index));
    rx.arrive(all);
    all.forEach((sent, index) => {
      expect(rx.back(index)).toBe(`03000000 ${little(sent.length + 4)}`);
      expect(rx.bytes(index, sent.length + 4)).toBe(hex(sent) + little(naiveCrc(sent)));
    });
    expect(naiveCrc(Buffer.from('123456789'))).toBe(0xcbf43926);
    expect(rx.read(R.GORCL)).toEqual([60 + 64 + 65 + 1514 + 16]);
  });

  it('is not taken while RCTL.EN is off', () => {
    rx.control(ALL & ~RCTL.EN.mask);
    rx.supply(0, 7);
    rx.arrive([frame(64)]);
    expect(rx.read(RDH, R.TPR, R.GPRC, R.MPC)).toEqual([0, 0, 0, 0]);
  });
});

describe('frames that the driver does not want', () => {
  it('are all frames while the chip has no address, whatever their own looks like', () => {
    rx.supply(0, 7);
    rx.traffic.machine.write(R.RXCSUM, 0); // nothing is found out about frames: the straight line
    rx.traffic.machine.write(R.RAH, 0);
    rx.arrive([frame(64), frame(64, 0, [0, 0, 0, 0, 255, 255])]);
    expect(rx.read(RDH, R.GPRC, R.TPR)).toEqual([0, 0, 2]);
  });

  it('are those for the address that the chip had before, from the next burst on', () => {
    rx.supply(0, 7);
    const { machine } = rx.traffic;
    machine.write(R.RXCSUM, 0); // the straight line, which is told what it looks for when that changes
    const address = machine.read(R.RAL);
    const other = frame(64, 0, [6, 0, 0, 0, 0, 1]);
    rx.arrive([frame(64), other]);
    expect(rx.read(RDH)).toEqual([1]);
    machine.write(R.RAL, 6);
    rx.arrive([frame(64), other]);
    expect(rx.read(RDH)).toEqual([2]);
    expect(rx.bytes(1, 64)).toBe(hex(other));
    machine.write(R.RAL, address);
    rx.arrive([other, frame(64)]);
    expect(rx.read(RDH)).toEqual([3]);
    expect(rx.bytes(2, 64)).toBe(hex(frame(64)));
  });

  it('for other addresses are dropped, and counted in the totals alone', () => {
    rx.supply(0, 7);
    const others = [
      [2, 0, 0, 0, 0, 3],
      [255, 255, 255, 255, 255, 255],
      [1, 0, 94, 0, 0, 1],
    ];
    rx.arrive([...others.map((to) => frame(100, 0, to)), frame(64)]);
    expect(rx.read(RDH, R.GPRC, R.TPR, R.TORL)).toEqual([1, 1, 4, 3 * 104 + 68]);
    expect(rx.bytes(0, 64)).toBe(hex(frame(64)));
  });

  it.each([
    ['damaged', frame(64), BAD_FCS, 0x0100_0003, R.CRCERRS],
    ['short', frame(59), 0, 3, R.RUC],
    ['long', frame(1515), 0, 3, R.ROC],
  ] as const)(
    '%s ones are dropped, or stored with RCTL.SBP; good they are in neither case',
    (_name, bad, status, wanted, counter) => {
      rx.supply(0, 7);
      rx.arrive([bad], status);
      expect(rx.read(RDH, R.GPRC, R.TPR, R.TORL, counter, R.ICR)).toEqual([0, 0, 1, bad.length + 4, 1, 0]);
      rx.traffic.machine.read(R.TORH);
      rx.control(RX | RCTL.SBP.mask);
      rx.arrive([bad], status);
      expect(rx.read(RDH, R.GPRC, R.TPR, R.TORL, counter, R.ICR)).toEqual([1, 0, 1, bad.length + 4, 1, RXDW]);
      expect(rx.back(0)).toBe(`${little(wanted)} ${little(bad.length)}`);
      expect(rx.bytes(0, bad.length)).toBe(hex(bad));
      rx.arrive([frame(64)]);
      expect(rx.read(R.GPRC, RDH)).toEqual([1, 2]);
    },
  );

  it('are counted once, however long they wait', () => {
    rx.control(RX | RCTL.SBP.mask);
    rx.arrive([frame(64)], BAD_FCS);
    rx.arrive([frame(64)]);
    rx.supply(0, 1);
    rx.supply(1, 1);
    expect(rx.read(RDH, R.CRCERRS, R.GPRC, R.TPR, R.RNBC)).toEqual([2, 1, 1, 2, 2]);
  });

  it('are not stored when they are longer than the chip holds', () => {
    rx.control(ALL | RCTL.SBP.mask | RCTL.LPE.mask);
    rx.control((ALL | RCTL.SBP.mask | RCTL.LPE.mask) & ~RCTL.SECRC.mask);
    rx.supply(0, 7);
    rx.arrive([frame(9725), frame(20_000), frame(9724)]);
    expect(rx.read(R.ROC, R.GPRC, RDH)).toEqual([2, 1, 5]);
  });

  it('take no room in the packet buffer', () => {
    const foreign = Array.from({ length: 60 }, () => frame(1500, 0, [2, 0, 0, 0, 0, 9]));
    rx.arrive(foreign);
    rx.arrive([...foreign.slice(0, 20), frame(64)]);
    expect(rx.read(R.MPC, R.RNBC, R.TPR)).toEqual([0, 1, 80]);
    rx.supply(0, 7);
    expect(rx.read(RDH, R.TPR)).toEqual([1, 1]);
  });
});

describe('a frame that is longer than a buffer', () => {
  beforeEach(() => {
    rx = new RxBench(RX, { kilobytes: 1 });
    rx.control(RX | RCTL.LPE.mask);
  });

  it('lies in several, and only the last descriptor has EOP', () => {
    rx.supply(0, 7);
    rx.arrive([frame(1024), frame(1025, 1), frame(3072, 2), frame(60, 3)]);
    expect([0, 1, 2, 3, 4, 5, 6].map(rx.back)).toEqual([
      '03000000 00040000', // exactly full
      '01000000 00040000',
      '03000000 01000000',
      '01000000 00040000',
      '01000000 00040000',
      '03000000 00040000',
      '03000000 3c000000',
    ]);
    expect(rx.bytes(1, 1024) + rx.bytes(2, 1)).toBe(hex(frame(1025, 1)));
    expect(rx.bytes(3, 1024) + rx.bytes(4, 1024) + rx.bytes(5, 1024)).toBe(hex(frame(3072, 2)));
    expect(rx.read(R.GPRC, R.GORCL)).toEqual([4, 1024 + 1025 + 3072 + 60 + 16]);
  });

  it('has its check sequence in the next one when it does not fit', () => {
    rx.control(RCTL.EN.mask);
    rx.supply(0, 2);
    rx.arrive([frame(1022)]);
    expect([rx.back(0), rx.back(1)]).toEqual(['01000000 00040000', '03000000 02000000']);
    expect(rx.bytes(0, 1024) + rx.bytes(1, 2)).toBe(hex(frame(1022)) + little(naiveCrc(frame(1022))));
  });

  it('waits whole until there are enough descriptors, across the end of the ring', () => {
    rx.supply(0, 6);
    rx.arrive(Array.from({ length: 6 }, (_, index) => frame(60, index)));
    rx.supply(6, 2);
    rx.arrive([frame(3000), frame(61)]);
    expect([rx.read(RDH), rx.read(R.GPRC)]).toEqual([[6], [6]]);
    rx.supply(8, 2);
    expect([rx.back(6), rx.back(7), rx.back(0), rx.back(1)]).toEqual([
      '01000000 00040000',
      '01000000 00040000',
      '03000000 b8030000',
      '03000000 3d000000',
    ]);
    expect(rx.bytes(6, 1024) + rx.bytes(7, 1024) + rx.bytes(0, 952)).toBe(hex(frame(3000)));
  });

  it('is dropped when the ring could never hold it, and what is behind it goes on', () => {
    rx.supply(0, 7);
    rx.arrive([frame(7169), frame(7168, 1)]);
    expect(rx.read(RDH, R.RQDPC, R.GPRC)).toEqual([7, 1, 1]);
    expect(rx.bytes(0, 1024)).toBe(hex(frame(7168, 1).subarray(0, 1024)));
  });

  it('is dropped by DROP_EN when there are too few', () => {
    rx.dropEnable();
    rx.supply(0, 2);
    rx.arrive([frame(3000), frame(60)]);
    expect(rx.read(RDH, R.RQDPC, R.GPRC)).toEqual([1, 1, 1]);
  });
});

describe('heads and tails', () => {
  it('beyond the ring count modulo its size, and RDH cannot be written', () => {
    rx.traffic.machine.write(RDH, 5);
    expect(rx.read(RDH)).toEqual([0]);
    rx.post(0, 7);
    rx.traffic.ring(RDT, 0xfffa); // 2 modulo 8
    rx.arrive([frame(60), frame(61), frame(62)]);
    expect(rx.read(RDH, R.RNBC)).toEqual([2, 1]);
    rx.traffic.machine.write(R.RDLEN, 0);
    rx.traffic.ring(RDT, 3);
    rx.arrive([frame(63)]);
    expect(rx.read(R.GPRC, R.RNBC)).toEqual([2, 1]);
  });

  it('start over when the queue is enabled', () => {
    rx.supply(0, 4);
    rx.arrive([frame(60), frame(61)]);
    expect(rx.read(RDH)).toEqual([2]);
    rx.traffic.machine.write(R.RXDCTL, 0);
    rx.traffic.machine.write(R.RXDCTL, R.RXDCTL.ENABLE.mask);
    expect(rx.read(RDH)).toEqual([0]);
  });
});

it('buffer sizes come from SRRCTL, or from RCTL.BSIZE when that says none', () => {
  const sizes = [2048, 1024, 512, 256];
  sizes.forEach((size, code) => {
    rx = new RxBench(RX, { kilobytes: 0 });
    rx.control(RCTL.BSIZE.set(RX | RCTL.LPE.mask, code));
    rx.supply(0, 7);
    rx.arrive([frame(size), frame(size + 1)]);
    expect([0, 1, 2].map(rx.back)).toEqual([
      `03000000 ${little(size)}`,
      `01000000 ${little(size)}`,
      '03000000 01000000',
    ]);
  });
});

it('statistics tell sizes with check sequence, and group addresses', () => {
  rx.control(ALL);
  rx.supply(0, 7);
  const to = [
    [255, 255, 255, 255, 255, 255],
    [1, 0, 94, 0, 0, 1],
    [2, 0, 0, 0, 0, 9],
  ];
  rx.arrive([60, 61, 123, 124, 251, 252].map((length, index) => frame(length, 0, to[index % 3])));
  rx.supply(6, 6);
  rx.arrive([507, 508, 1019, 1020, 1514].map((length, index) => frame(length, 0, to[index % 3])));
  expect(rx.read(R.PRC64, R.PRC127, R.PRC255, R.PRC511, R.PRC1023, R.PRC1522)).toEqual([1, 2, 2, 2, 2, 2]);
  expect(rx.read(R.GPRC, R.TPR, R.RPTHC, R.BPRC, R.MPRC)).toEqual([11, 11, 11, 4, 4]);
});

describe('checksums', () => {
  /** IPv4 and UDP, header checksum 66cd, UDP checksum 8a67. */
  const udp =
    '020000000001' + '020000000002' + '0800' + '4500001e00000000401166cd0a0000010a000002' + '00070007000a8a676162';
  const good = Buffer.from(udp.padEnd(120, '0'), 'hex');
  const bad = Buffer.from(udp.replace('66cd', '66ce').replace('8a67', '8a68').padEnd(120, '0'), 'hex');
  const IP = 0x100;
  const L4 = 0x200;

  // prettier-ignore
  it.each([
    ['both',     IP | L4, 0x673,  0x6000_0673],
    ['IP alone', IP,      0x243,  0x4000_0243],
    ['L4 alone', L4,      0x633,  0x2000_0633],
    ['none',     0,       0x3,    0x3],
  ])('are checked as RXCSUM says: %s', (_name, wanted, found, wrong) => {
    rx.traffic.machine.write(R.RXCSUM, wanted);
    rx.supply(0, 3);
    rx.arrive([good, bad, frame(60)]);
    expect([0, 1, 2].map(rx.back)).toEqual([found, wrong, 3].map((status) => `${little(status)} 3c000000`));
  });

  it('are reported by the last descriptor of several', () => {
    rx = new RxBench(RCTL.EN.mask); // with check sequences no frame takes the short way
    rx.supply(0, 3);
    rx.arrive([good, bad]);
    expect([rx.back(0), rx.back(1)]).toEqual(['73060000 40000000', '73060060 40000000']);
  });
});

/** CRC-32 of IEEE 802.3, bit by bit. */
function naiveCrc(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const one = ((crc ^ (byte >> bit)) & 1) === 1;
      crc = (crc >>> 1) ^ (one ? 0xedb8_8320 : 0);
    }
  }
  return ~crc >>> 0;
}
