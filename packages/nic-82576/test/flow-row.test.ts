/*
 * The straight line for frames that are looked at first: two chips get the same bursts, one with the flow kernel and one
 * without, and whatever a driver can see of them is the same. NETCX_TEST_SEED sets the seed of what is random.
 */

import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { kernelFile, kernelModule } from '@tooling/kernels';
import { REGISTERS } from '../src/registers/index.ts';
import { chooseRows, rowKernel, rowsByWords } from '../src/rows.ts';
import { onesSum } from './naive-receive.ts';
import { RxQueues } from './rx-queues.ts';
import { seed, testSize } from './test-size.ts';

const R = REGISTERS;
const RUNS = testSize('random series of flows, each way', { quick: 60, ci: 1000, long: 20_000 });
const QUEUES = 16;
const DESCRIPTORS = 8;
const STATION = [2, 0, 0, 0, 0, 1];
const COUNTERS = [
  R.GPRC,
  R.BPRC,
  R.MPRC,
  R.GORCL,
  R.TPR,
  R.RNBC,
  R.MPC,
  R.PRC64,
  R.PRC127,
  R.PRC1522,
  R.CRCERRS,
  R.XOFFRXC,
  R.FCRUC,
];

const all: RxQueues[] = [];
afterEach(() => {
  chooseRows(rowKernel!);
  for (const rx of all.splice(0)) rx.close();
});

/** A chip without the kernel, one with it, and how many frames the kernel has delivered. */
function chips(): { readonly without: RxQueues; readonly with: RxQueues; readonly delivered: () => number } {
  let delivered = 0;
  const make = (): RxQueues => {
    const rx = new RxQueues(QUEUES, DESCRIPTORS);
    all.push(rx);
    return rx;
  };
  chooseRows(rowsByWords);
  const without = make();
  chooseRows({
    ...rowKernel!,
    flowRow: (row, frames) => {
      const done = rowKernel!.flowRow!(row, frames);
      delivered += done;
      return done;
    },
  });
  return { without, with: make(), delivered: () => delivered };
}

interface Packet {
  readonly to: readonly number[];
  readonly six: boolean;
  readonly tcp: boolean;
  /** Says what the addresses are; with the port, what the ports are. */
  readonly flow: number;
  readonly port?: number;
  readonly payload: number;
  readonly salt: number;
  readonly padding: number;
  readonly odd: string;
}

/** A packet as it should be, then bent as `odd` says. */
function frameOf({ to, six, tcp, flow, port = 0, payload, salt, padding, odd }: Packet): Uint8Array {
  const header = six ? 40 : 20;
  const transport = tcp ? 20 : 8;
  const size = transport + payload;
  const frame = new Uint8Array(Math.max(60, 14 + header + size + padding)).map(
    (_, at) => Math.imul(at + salt, 57) >> 3,
  );
  const half = (at: number, value: number): void => frame.set([value >>> 8, value & 255], at);
  frame.set([...to, 2, 0, 0, 0, 0, 9]);
  half(12, six ? 0x86dd : 0x0800);
  frame.fill(flow, 14 + header - (six ? 32 : 8), 14 + header);
  half(14 + header, 1000 + flow + 100 * port);
  half(14 + header + 2, 80);
  const addresses = frame.slice(14 + header - (six ? 32 : 8), 14 + header);
  const protocol = odd === 'protocol' ? 1 : tcp ? 6 : 17;
  if (six) frame.set([0x60, salt & 15, 0, salt & 255, size >> 8, size & 255, protocol, 64], 14);
  else {
    frame.set(
      [odd === 'options' ? 0x46 : 0x45, salt & 255, 0, 0, salt & 255, 1, odd === 'fragment' ? 0x20 : 0x40, 0],
      14,
    );
    half(16, 20 + size + (odd === 'long' ? 1 + padding : 0));
    frame.set([64, protocol, 0, 0], 22);
  }
  const at = 14 + header;
  if (!tcp) half(at + 4, odd === 'udp length' ? size - 1 : size);
  const field = at + (tcp ? 16 : 6);
  half(field, 0);
  const sum = ~onesSum(Uint8Array.of(...addresses, 0, protocol, size >> 8, size & 255, ...frame.slice(at, at + size)));
  half(field, odd === 'no checksum' ? 0 : sum & 0xffff || 0xffff);
  if (!six) half(24, ~onesSum(frame.slice(14, 34)));
  if (odd === 'layer 4') frame[at + size - 1]! ^= 0x40;
  if (odd === 'layer 3') frame[22]! ^= 1;
  if (odd === 'version') frame[14]! ^= 0x20;
  if (odd === 'pause') frame.set([0x88, 0x08, 0, 1, 0, 9], 12);
  if (odd === 'tag') return new Uint8Array([...frame.slice(0, 12), 0x81, 0, 0, 5, ...frame.slice(12)]);
  return frame;
}

const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 20 }, { arbitrary: fc.constantFrom(...others), weight: 1 });
const packets = fc.record({
  to: mostly<readonly number[]>(STATION, [2, 0, 0, 0, 0, 7], [255, 255, 255, 255, 255, 255], [1, 0, 94, 0, 0, 1]),
  six: fc.boolean(),
  tcp: fc.boolean(),
  flow: fc.nat({ max: 5 }),
  payload: fc.oneof(fc.constant(22), fc.nat({ max: 90 }), fc.nat({ max: 1420 })),
  salt: fc.nat({ max: 1000 }),
  padding: mostly(0, 1, 4, 30, 100, 700),
  odd: mostly(
    '',
    ...'protocol,options,fragment,long,udp length,no checksum,layer 4,layer 3,version,tag,pause'.split(','),
  ),
});
const bursts = fc.array(
  fc
    .record({ packet: packets, repeat: fc.constantFrom(1, 1, 2, 9), ports: fc.integer({ min: 1, max: 2 }) })
    .map(({ packet, repeat, ports }) =>
      Array.from({ length: repeat }, (_, n) => ({ ...packet, salt: packet.salt + n, port: n % ports })),
    ),
  { minLength: 1, maxLength: 12 },
);
const settings = fc.record({
  sums: fc.constantFrom<number>(0x300, 0x300, 0x100, 0x200, 0),
  shows: mostly(0x2000, 0),
  fields: fc.oneof(fc.constant(0x1ff), fc.nat({ max: 0x1ff })).map((fields) => fields << 16),
  rss: mostly(2, 0),
  everything: fc.boolean(),
  strip: mostly(true, false),
  type: mostly(1, 2),
  kilobytes: fc.constantFrom<number>(2, 2, 1),
  drop: fc.constantFrom<number>(0, 1),
  threshold: fc.constantFrom<number>(0, 0, 1),
  vet: mostly(0x88a8_8100, 0x88a8_0800, 0x86dd_8100),
  watches: fc.boolean(),
  macControl: mostly(0x8808, 0x0800, 0x86dd),
  etherType: mostly(0, 0x8400_0800, 0x8400_86dd, 0x8400_88f7),
  key: fc.uint8Array({ minLength: 40, maxLength: 40 }),
  table: fc.array(fc.nat({ max: QUEUES - 1 }), { minLength: 128, maxLength: 128 }),
});

function apply(rx: RxQueues, s: typeof settings extends fc.Arbitrary<infer T> ? T : never): void {
  const word = (bytes: ArrayLike<number>, at: number): number =>
    new DataView(Uint8Array.from(bytes).buffer).getUint32(at, true);
  for (let index = 0; index < 10; index++) rx.write(R.RSSRK, word(s.key, 4 * index), index);
  for (let index = 0; index < 32; index++) rx.write(R.RETA, word(s.table, 4 * index), index);
  rx.write(R.MRQC, s.fields | s.rss);
  rx.write(R.RXCSUM, s.sums | s.shows);
  rx.write(R.VET, s.vet);
  rx.write(R.ETQF, s.etherType);
  rx.write(R.FCT, s.macControl);
  rx.write(R.CTRL, R.CTRL.RFCE.set(rx.read(R.CTRL), Number(s.watches)));
  const all = s.everything ? R.RCTL.UPE.mask | R.RCTL.MPE.mask | R.RCTL.BAM.mask : 0;
  rx.write(R.RCTL, 2 | all | (s.strip ? R.RCTL.SECRC.mask : 0));
  rx.start({ type: s.type, kilobytes: s.kilobytes, header: 256, drop: s.drop, threshold: s.threshold });
}

/** All that a driver sees of some bursts: descriptors, buffers, causes and counters; what waits comes in rounds. */
function seen(rx: RxQueues, series: readonly (readonly Uint8Array[])[]): string[] {
  const views: string[] = [];
  for (const frames of series) {
    rx.traffic.partner.send(frames);
    rx.traffic.machine.clock.run();
    for (let taken = rx.take(); taken.length > 0; taken = rx.take()) {
      for (const { queue, words, packet } of taken)
        views.push(`${String(queue)} ${words} ${Buffer.from(packet).toString('latin1')}`);
      rx.traffic.machine.clock.run();
    }
    views.push(String([R.EICR, R.ICR, ...COUNTERS].map((register) => rx.read(register))));
  }
  for (let queue = 0; queue < QUEUES; queue++)
    views.push(`${String(rx.read(R.RDH, queue))} ${String(rx.read(R.RQDPC, queue))}`);
  return views;
}

describe('the flow kernel', () => {
  it('is what flow.wat assembles to', async () => {
    const source = new URL('../src/flow.wat', import.meta.url);
    expect(readFileSync(kernelFile(source), 'utf8')).toBe(await kernelModule(source));
  });

  it('delivers as the classifier and its delivery do', () => {
    const pair = chips();
    let frames = 0;
    fc.assert(
      fc.property(settings, fc.array(bursts, { minLength: 1, maxLength: 4 }), (s, series) => {
        const given = series.map((burst) => burst.flat().map(frameOf));
        for (const rx of [pair.without, pair.with]) apply(rx, s);
        expect(seen(pair.with, given)).toEqual(seen(pair.without, given));
        frames += given.flat().length;
      }),
      { seed, numRuns: RUNS, endOnFailure: false },
    );
    expect(pair.delivered()).toBeGreaterThan(frames / 4);
  });

  it('takes frames of several flows in one go, over the end of a ring, too', () => {
    const pair = chips();
    const table = Array.from({ length: 128 }, (_, entry) => entry % QUEUES);
    const usual = { sums: 0x300, shows: 0x2000, fields: 0x1ff_0000, rss: 2, everything: false, strip: true, type: 1 };
    const rest = {
      kilobytes: 2,
      drop: 0,
      threshold: 0,
      vet: 0x8100,
      watches: true,
      macControl: 0x8808,
      etherType: 0,
      key: new Uint8Array(40).fill(0x6d),
      table,
    };
    apply(pair.with, { ...usual, ...rest });
    const packet = { to: STATION, payload: 22, padding: 0, odd: '' };
    const burst = (salt: number): Uint8Array[] =>
      Array.from({ length: 6 }, (_, n) =>
        frameOf({ ...packet, six: n > 2, tcp: n % 2 === 0, flow: n, salt: salt + n }),
      );
    for (let round = 0; round < 3; round++) {
      expect(pair.with.arrive(...burst(round))).toHaveLength(6);
      expect(pair.delivered()).toBe(6 * (round + 1));
    }
    const same = Array.from({ length: 6 }, (_, salt) => frameOf({ ...packet, six: false, tcp: false, flow: 1, salt }));
    expect(pair.with.arrive(...same).map(({ words }) => words.slice(18, 26))).toEqual(Array(6).fill('73040000'));
    expect(pair.delivered()).toBe(24);
  });

  it('finds a wrong bit wherever it is, and copies a frame that goes on behind its packet', () => {
    const pair = chips();
    const rx = pair.with;
    rx.write(R.RXCSUM, 0x2300);
    rx.write(R.RCTL, 2 | R.RCTL.SECRC.mask);
    rx.start({ type: 1 });
    const lengths = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 1420 }));
    fc.assert(
      fc.property(lengths, fc.nat({ max: 400 }), fc.boolean(), fc.nat(), (payload, behind, six, bit) => {
        const padding = Math.min(behind, 1420 - payload);
        const frame = frameOf({ to: STATION, six, tcp: true, flow: 1, payload, salt: bit & 255, padding, odd: '' });
        const before = pair.delivered();
        const [arrived] = rx.arrive(frame);
        expect(Buffer.from(arrived!.packet).toString('hex', 0, frame.length)).toBe(Buffer.from(frame).toString('hex'));
        expect(pair.delivered()).toBe(before + 1);
        const at = (six ? 54 : 34) + 20;
        if (payload === 0) return;
        frame[at + (bit % payload)]! ^= 1 << ((bit >>> 11) & 7);
        expect(rx.arrive(frame)).toHaveLength(1);
        expect(pair.delivered()).toBe(before + 1);
      }),
      { seed, numRuns: RUNS },
    );
  });

  it('takes packets of any length, whatever lies behind them', () => {
    const pair = chips();
    const rx = pair.with;
    rx.write(R.RXCSUM, 0x2300);
    rx.write(R.RCTL, 2 | R.RCTL.SECRC.mask);
    rx.start({ type: 1 });
    for (let payload = 0; payload < 40; payload++) {
      for (const [six, tcp] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        const before = pair.delivered();
        const packet = { to: STATION, six, tcp, flow: 1, payload, salt: 7, padding: 9, odd: '' };
        expect(rx.arrive(frameOf(packet))).toHaveLength(1);
        expect(pair.delivered(), `${String(payload)} bytes`).toBe(before + 1);
      }
    }
  });

  it('takes no packets while FCT says that they are MAC control frames', () => {
    const { with: rx } = chips();
    rx.write(R.RXCSUM, 0x2300);
    rx.write(R.RCTL, 2 | R.RCTL.SECRC.mask);
    rx.write(R.CTRL, rx.read(R.CTRL) | R.CTRL.RFCE.mask);
    rx.start({ type: 1 });
    const packets = [false, true].map((six) =>
      frameOf({ to: STATION, six, tcp: false, flow: 1, payload: 30, salt: 1, padding: 0, odd: '' }),
    );
    for (const [type, unknown] of [
      [0x8808, 0],
      [0x0800, 1],
      [0x86dd, 1],
    ] as const) {
      rx.write(R.FCT, type);
      expect(rx.arrive(...packets)).toHaveLength(2 - unknown);
      expect(rx.read(R.FCRUC)).toBe(unknown);
    }
  });

  it.each([
    'layer 3',
    'layer 4',
    'no checksum',
    'fragment',
    'options',
    'tag',
    'long',
    'udp length',
    'version',
    'protocol',
  ])('leaves a frame with an odd %s to others', (odd) => {
    const pair = chips();
    for (const six of [false, true]) {
      if (six && ['layer 3', 'fragment', 'options', 'long'].includes(odd)) continue;
      const packet = { to: STATION, six, tcp: false, flow: 1, payload: 30, salt: 1, padding: 0, odd };
      pair.with.write(R.RXCSUM, 0x2300);
      pair.with.write(R.RCTL, 2 | R.RCTL.SECRC.mask);
      pair.with.start({ type: 1 });
      const before = pair.delivered();
      expect(pair.with.arrive(frameOf(packet))).toHaveLength(1);
      expect(pair.delivered()).toBe(before);
      expect(pair.with.arrive(frameOf({ ...packet, odd: '' }))).toHaveLength(1);
      expect(pair.delivered()).toBe(before + 1);
    }
  });
});
