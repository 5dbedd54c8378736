import { afterEach, describe, expect, it } from 'vitest';
import { Iommu } from '@netcx/dma';
import { allocateWire, i32 as view, wireBytesTaken } from '@netcx/hardware/wire';
import { describeDoneRx, describeTx } from '../src/descriptor-dump.ts';
import type { DescribeOptions } from '../src/index.ts';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';
import { descriptor, frame, little, poke, Traffic } from './traffic.ts';

const { CTRL, GPRC, ICS, IMS, RAH, RCTL, RDT } = REGISTERS;

it('describe prints the link, registers with their fields, and the PHY', () => {
  const machine = new Machine({ name: 'nic a' });
  machine.write(RCTL, 0x0400_8002);
  machine.write(RDT, 7, 3);
  machine.write(IMS, 4);
  machine.write(ICS, 0x80);
  machine.linkUp();
  const lines = machine.nic.describe().split('\n');
  expect(lines[0]).toBe('nic a: link up');
  for (const line of [
    'CTRL @00000 = 00100249  FD LRST SLU SPEED=0x2 ADVD3WUC',
    'STATUS @00008 = 80080483  FD LU SPEED=0x2 PHYRA GIO_MASTER_ENABLE',
    'RCTL @00100 = 04008002  EN BAM SECRC',
    'RDT[3] @0c0d8 = 00000007  RDT=0x7',
    'RAH[0] @05404 = 80000100  RAH=0x100 AV',
    'ICR @000c0 = 80000084  LSC RXDW INT_ASSERTED',
    'IMS @000d0 = 00000004  LSC',
    'nic a PHY:',
    'PHYID1 @00008 = 000002a8',
  ]) {
    expect(lines).toContain(line);
  }
  expect(machine.read(IMS)).toBe(4); // looking changed nothing
});

it('describe prints only what is asked for', () => {
  const machine = new Machine();
  const text = machine.nic.describe({
    registers: (register) => register === CTRL || register === RAH || register === GPRC,
  });
  expect(text.split('\n').slice(0, 4)).toEqual([
    '82576: link down',
    'CTRL @00000 = 00100209  FD LRST SPEED=0x2 ADVD3WUC',
    'GPRC @04074 = 00000000',
    'RAH[0] @05404 = 80000100  RAH=0x100 AV',
  ]);
});

it('close gives device memory back', () => {
  const run = (): void => {
    const machine = new Machine();
    machine.write(RCTL, 0x40); // makes the loopback lane
    machine.nic.close();
    machine.link.close();
  };
  const before = wireBytesTaken();
  for (let round = 0; round < 20; round++) run();
  expect(wireBytesTaken()).toBe(before);
});

describe('rings', () => {
  const open: Traffic[] = [];
  afterEach(() => {
    for (const side of open.splice(0)) side.close();
  });
  const rings = (side: Traffic, options: DescribeOptions = {}): string[] =>
    side.machine.nic
      .describe({ registers: () => false, ...options })
      .split('\n')
      .filter((line) => /^([rt]x \d| {2}[ >] )/.test(line));
  const at = (address: number): string => address.toString(16).padStart(16, '0');

  it('are shown with head, tail and each descriptor: to send', () => {
    const side = new Traffic();
    open.push(side);
    const data = side.memory(frame(64));
    const ring = side.txRing(8);
    const rows = [
      `${little((3 << 16) | (14 << 9) | 20)} 00000000 00082020 ${little((1460 << 16) | (20 << 8) | 0x10)}`, // a context
      descriptor(data.address, `${little(0x2b30_0040)} ${little((64 << 14) | 0x10)}`), // data
      descriptor(data.address, `${little(0x4f02_0040)} ${little(0x0007_1200)}`), // legacy with checksum
    ];
    for (const [index, row] of rows.entries()) poke(ring.offset + index * 16, row);
    side.ring(REGISTERS.TDT, 0);
    side.machine.write(REGISTERS.TCTL, 0); // so that nothing moves
    side.ring(REGISTERS.TDT, 3);
    expect(rings(side, { descriptors: 3 })).toEqual([
      `tx 0: on, 8 descriptors at ${at(ring.address)}, head 0, tail 3, 3 the chip's`,
      '      7 driver legacy 0000000000000000 length 0',
      '  >   0 chip   context 1 mac 14 ip 20 l4 20 tcp mss 1460 vlan 3',
      `      1 chip   data ${at(data.address)} length 64 payload 64 EOP IFCS RS context 1`,
    ]);
    expect(rings(side, { descriptors: 8 })[3]).toBe(
      `      2 chip   legacy ${at(data.address)} length 64 IC EOP IFCS RS VLE checksum from 18 to 2 vlan 7`,
    );
  });

  it('are shown with head, tail and each descriptor: received', () => {
    const side = new Traffic();
    open.push(side);
    const ring = side.rxRing(8);
    const buffers = Array.from({ length: 8 }, () => side.memory(2048).address);
    for (const [index, address] of buffers.entries()) poke(ring.offset + index * 16, descriptor(address));
    side.machine.write(REGISTERS.RCTL, 0x0400_8002);
    side.ring(REGISTERS.RDT, 7);
    side.arrive([frame(64), frame(100)]);
    const aborts = side.machine.nic.dma.masterAborts;
    const lines = rings(side, { queues: [0, 3] });
    expect(lines[0]).toMatch(/^tx 0: on, 0 descriptors/);
    expect(lines.slice(2)).toEqual([
      `rx 0: on, 8 descriptors at ${at(ring.address)}, head 2, tail 7, 5 the chip's`,
      '      0 driver written length 64 DD EOP',
      '      1 driver written length 100 DD EOP',
      `  >   2 chip   buffer ${at(buffers[2]!)}`,
      ...[3, 4, 5, 6].map((index) => `      ${String(index)} chip   buffer ${at(buffers[index]!)}`),
      expect.stringMatching(/^ {6}7 driver not written [0-9a-f]{8} 00000000 00000000 00000000$/) as string,
      "rx 3: off, 0 descriptors at 0000000000000000, head 0, tail 0, 0 the chip's",
    ]);
    expect(side.machine.nic.dma.masterAborts).toBe(aborts);
  });

  it('that lie nowhere say so, and count nothing', () => {
    const side = new Traffic(new Iommu());
    open.push(side);
    side.machine.write(REGISTERS.TDBAH, 0xffff_ffff, 5);
    side.machine.write(REGISTERS.TDBAL, 0xffff_ff80, 5);
    side.machine.write(REGISTERS.TDLEN, 0x100, 5);
    expect(rings(side, { descriptors: 2 })).toEqual([
      "tx 5: off, 16 descriptors at ffffffffffffff80, head 0, tail 0, 0 the chip's",
      '     15 driver out of reach',
      '  >   0 driver out of reach',
    ]);
    expect(side.machine.nic.dma.masterAborts).toBe(0);
  });
});

describe('a descriptor in words', () => {
  const at = allocateWire(16) >>> 2;
  const words = (...values: number[]): number => {
    for (const [index, value] of values.entries()) view[at + index] = value;
    return at;
  };

  it.each([
    [
      'a frame with every offload',
      [0x1000, 0x1, 0xeb38_05dc, (9000 << 14) | 0x7a0],
      'data 0000000100001000 length 1500 payload 9000 MAC_TIMESTAMP EOP IFCS RS VLE TSE CC IXSM TXSM IPSEC context 2',
    ],
    ['one that is done', [0x1000, 0, 0x2930_003c, 0x000f_0001], 'data 0000000000001000 length 60 payload 60 EOP RS DD'],
    [
      'a context for SCTP',
      [(5 << 16) | (14 << 9) | 40, 0, 0x2820_1000, 0],
      'context 0 mac 14 ip 40 l4 0 sctp vlan 5 RS',
    ],
    ['a type that is none', [0, 0, 0x2170_0001, 0], 'type 7 0000000000000000 length 1 payload 0 EOP'],
    ['a legacy one that is done', [0x2000, 0, 0x0900_003c, 1], 'legacy 0000000000002000 length 60 EOP RS DD'],
  ])('to send: %s', (_what, values, text) => {
    expect(describeTx(view, words(...values))).toBe(text);
  });

  it.each([
    [
      'TCP with a hash and a tag',
      false,
      [0x0000_0111, 0x51cc_c178, 0x0000_006b, 0x0005_003c],
      'written length 60 DD EOP VP L4CS IPCS IPV4 TCP rss TCP_IPV4 51ccc178 vlan 5',
    ],
    [
      'a split header, errors',
      false,
      [0x86c0_0050, 0, 0x6000_0063, 0x0064],
      'written length 100 DD EOP L4CS IPCS L4E IPE IPV4 IPV6 header 54',
    ],
    [
      'legacy',
      true,
      [0x3000, 0, 0xbeef_0040, 0x0007_2003],
      'legacy 0000000000003000 length 64 DD EOP L4E checksum beef vlan 7',
    ],
    ['nothing yet', true, [1, 2, 3, 0xff00], 'not written 00000001 00000002 00000003 0000ff00'],
  ])('received: %s', (_what, legacy, values, text) => {
    expect(describeDoneRx(view, words(...values), legacy)).toBe(text);
  });
});
