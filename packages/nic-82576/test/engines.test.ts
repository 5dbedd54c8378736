/*
 * Both engines at once: a stream of random frames, in random pieces of memory, from one chip over a cable to another,
 * whose driver posts descriptors when it pleases. Every frame arrives, as it was, in order. NETCX_FUZZ_SEED sets the seed.
 */

import { expect, it } from 'vitest';
import { HostBridge, enableDevice } from '@netcx/bus';
import { Random, VirtualClock } from '@netcx/clock';
import { DmaEnabler, IdentityMap, Iommu, type CommonBuffer, type DmaDomain } from '@netcx/dma';
import { u8 as host } from '@netcx/dma/memory';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576 } from '../src/index.ts';
import { BAR, REGISTERS } from '../src/registers/index.ts';
import { CopiedMemory } from './copied-memory.ts';
import { descriptor, hex, little, peek, poke } from './traffic.ts';

const R = REGISTERS;
const SEED = Number(process.env['NETCX_FUZZ_SEED'] ?? 82_576);
const FRAMES = 600;
const TX_SIZE = 64;
const RX_SIZE = 16;
const SLOT = 4096;
/** Where a slot begins in its page: buffers run over the ends of pages. */
const SKEW = 2500;
const PART = 0x2230_0000;
const LAST = PART | 0x900_0000;

/** One chip and what its driver holds. */
class Station {
  readonly nic: Nic82576;
  readonly enabler: DmaEnabler;
  readonly write: (register: Register, value: number) => void;
  readonly read: (register: Register) => number;

  constructor(clock: VirtualClock, end: Link['a'], macAddress: string, dma: DmaDomain) {
    this.nic = new Nic82576({ clock, link: end, macAddress });
    const { function: fn } = new HostBridge(clock).attach(this.nic, { dma });
    enableDevice(fn);
    this.enabler = new DmaEnabler(dma, { addressWidth: 64, version: 3 });
    this.write = (register, value) => fn.write32(BAR.REGISTERS.index, register.offset, value);
    this.read = (register) => fn.read32(BAR.REGISTERS.index, register.offset);
    this.write(R.CTRL, this.read(R.CTRL) | R.CTRL.SLU.mask);
  }

  /** Memory for a ring, and its registers. */
  ring(low: Register, high: Register, length: Register, size: number): CommonBuffer {
    const ring = this.enabler.allocateCommonBuffer(size * 16);
    this.write(low, ring.address % 2 ** 32);
    this.write(high, Math.floor(ring.address / 2 ** 32));
    this.write(length, size * 16);
    return ring;
  }
}

/** Sends the stream and returns what arrived. */
function stream(random: Random, domain: () => DmaDomain, kilobytes: number): { sent: string[]; got: string[] } {
  const clock = new VirtualClock();
  const link = new Link(clock, { capacity: 64 * 1024 });
  const a = new Station(clock, link.a, '02:00:00:00:00:01', domain());
  const b = new Station(clock, link.b, '02:00:00:00:00:02', domain());
  const tx = a.ring(R.TDBAL, R.TDBAH, R.TDLEN, TX_SIZE);
  const data = a.enabler.allocateCommonBuffer((TX_SIZE + 1) * SLOT);
  a.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
  const rx = b.ring(R.RDBAL, R.RDBAH, R.RDLEN, RX_SIZE);
  const buffers = b.enabler.allocateCommonBuffer((RX_SIZE + 1) * SLOT);
  b.write(R.SRRCTL, R.SRRCTL.BSIZEPACKET.set(R.SRRCTL.DESCTYPE.set(0, 1), kilobytes));
  b.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask | R.RCTL.LPE.mask);
  clock.run();

  const sent: string[] = [];
  const got: string[] = [];
  let [txTail, rxPosted, rxSeen] = [0, 0, 0];
  let partial = '';

  /** Posts one frame in up to six pieces, each somewhere in its slot. */
  const post = (): void => {
    const length = random.between(1, 4) === 1 ? random.between(60, 3000) : random.between(60, 200);
    const frame = Uint8Array.from({ length }, () => random.between(0, 255));
    frame.set([2, 0, 0, 0, 0, 2]);
    sent.push(hex(frame));
    const pieces = random.between(1, 6);
    const cuts = Array.from({ length: pieces - 1 }, () => random.between(0, length)).sort((x, y) => x - y);
    [...cuts, length].forEach((end, piece) => {
      const begin = cuts[piece - 1] ?? 0;
      const at = txTail * SLOT + SKEW + random.between(0, 1000);
      host.set(frame.subarray(begin, end), data.offset + at);
      const command = (piece === pieces - 1 ? LAST : PART) | (end - begin);
      poke(tx.offset + txTail * 16, descriptor(data.address + at, `${little(command)} 00000000`));
      txTail = (txTail + 1) % TX_SIZE;
    });
  };
  const room = (): number => TX_SIZE - 1 - ((txTail - a.read(R.TDH) + TX_SIZE) % TX_SIZE);

  /** Takes what is done, in order. */
  const collect = (): void => {
    for (; rxSeen < rxPosted; rxSeen++) {
      const at = rx.offset + (rxSeen % RX_SIZE) * 16;
      const status = host[at + 8]!;
      if ((status & 1) === 0) return;
      partial += peek(addresses[rxSeen % RX_SIZE]!, host[at + 12]! | (host[at + 13]! << 8)).replaceAll(' ', '');
      if ((status & 2) === 0) continue;
      got.push(partial);
      partial = '';
    }
  };
  const addresses: number[] = [];
  const supply = (count: number): void => {
    for (let posted = Math.min(count, RX_SIZE - 1 - (rxPosted - rxSeen)); posted > 0; posted--) {
      const index = rxPosted++ % RX_SIZE;
      const at = index * SLOT + SKEW + random.between(0, 500) * 2;
      addresses[index] = buffers.offset + at;
      poke(rx.offset + index * 16, descriptor(buffers.address + at));
    }
    b.write(R.RDT, rxPosted % RX_SIZE);
  };

  for (let round = 0; got.length < FRAMES && round < 100_000; round++) {
    // The packet buffer holds 64 KiB: a driver that lets no more than 20 frames wait loses none.
    while (sent.length < FRAMES && sent.length - got.length < 20 && room() >= 6 && random.between(0, 3) > 0) post();
    a.write(R.TDT, txTail);
    if (random.between(0, 1) === 1) clock.run();
    else clock.step();
    collect();
    if (random.between(0, 2) > 0) supply(random.between(1, RX_SIZE));
  }
  expect([b.read(R.MPC), a.nic.dma.masterAborts, b.nic.dma.masterAborts]).toEqual([0, 0, 0]);
  expect([a.read(R.GPTC), b.read(R.GPRC)]).toEqual([FRAMES, FRAMES]);
  for (const nic of [a.nic, b.nic]) nic.close();
  link.close();
  for (const memory of [tx, data, rx, buffers]) memory.free();
  return { sent, got };
}

it.each([
  ['without an IOMMU', () => new IdentityMap(), 2],
  ['without an IOMMU, in small buffers', () => new IdentityMap(), 1],
  ['through IOMMUs', () => new Iommu(), 2],
  ['through IOMMUs, in small buffers', () => new Iommu(), 1],
  ['in memory that is not this process’s own', () => new CopiedMemory(), 2],
  ['in memory that is not this process’s own, in small buffers', () => new CopiedMemory(), 1],
] as const)('%s every frame arrives as it was and in order', (name, domain, kilobytes) => {
  const { sent, got } = stream(new Random(SEED, name), domain, kilobytes);
  expect(got, `seed ${String(SEED)}`).toEqual(sent);
});
