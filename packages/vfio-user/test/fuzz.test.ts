/*
 * What no peer should send, over a real socket: random bytes, random messages, and good messages with something changed.
 * Whatever comes, the server neither throws nor waits nor keeps anything, and the next peer finds the NIC as it was.
 */

import { readdirSync } from 'node:fs';
import { VirtualClock } from '@netcx/clock';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Channel, closeAll } from '../src/channel.ts';
import { Command } from '../src/protocol.ts';
import { connectUnix } from '../src/unix-socket.ts';
import { EventCount } from '../src/index.ts';
import { versionPayload } from '../src/version.ts';
import { Rig } from './rig.ts';

const RUNS = Number(process.env['NETCX_FUZZ_RUNS'] ?? 150);
const SEED = Number(
  process.env['NETCX_FUZZ_SEED'] ?? new VirtualClock({ seed: Date.now() }).random('vfio-user').between(1, 2 ** 31 - 1),
);

let rig: Rig;
beforeAll(() => {
  rig = new Rig();
});
afterAll(() => rig.close());

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** A message of a peer: all of its header, its payload, and how many descriptors of which kind go with it. */
interface Sent {
  readonly id: number;
  readonly command: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  readonly events: number;
}

const word = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    20,
    24,
    32,
    0x24,
    0x1000,
    0x2_0000,
    0x10_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
  ),
  fc.nat(0xffff_ffff),
  fc.nat(64),
);
const words = (...parts: readonly fc.Arbitrary<number>[]): fc.Arbitrary<Uint8Array> =>
  fc.tuple(...parts).map((values) => new Uint8Array(Uint32Array.from(values).buffer));
const of = (...values: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...values);
const small = fc.uint8Array({ maxLength: 40 });

/** Payloads that look like something, for each command. */
const payloads: Readonly<Record<number, fc.Arbitrary<Uint8Array>>> = {
  [Command.DMA_MAP]: words(
    of(32),
    of(1, 2, 3, 4),
    of(0, 4096, 1),
    of(0),
    of(0, 4096, 8192, 0x7f000),
    of(0, 1),
    of(0, 4096, 0x10000, 1),
    of(0, 1),
  ),
  [Command.DMA_UNMAP]: words(of(24), of(0, 2), of(0, 4096, 8192), of(0), of(0, 4096, 0x10000), of(0)),
  [Command.DEVICE_GET_INFO]: words(of(16, 4), word, word, word),
  [Command.DEVICE_GET_REGION_INFO]: words(of(32, 31), word, of(0, 1, 7, 8, 9), word, word, word, word, word),
  [Command.DEVICE_GET_IRQ_INFO]: words(of(16), word, of(0, 1, 2, 3, 4, 5), word),
  [Command.DEVICE_SET_IRQS]: fc
    .tuple(
      words(
        of(20),
        of(0x21, 0x22, 0x24, 0x0c, 0x14, 0x09, 0x11, 0x12, 0x3f),
        of(0, 1, 2, 3, 5),
        of(0, 1, 24, 0xffff_ffff),
        of(0, 1, 2, 25),
      ),
      small,
    )
    .map(([head, data]) => new Uint8Array([...head, ...data])),
  [Command.REGION_READ]: words(word, of(0, 0, 1), of(0, 2, 3, 7, 9), word),
  [Command.REGION_WRITE]: fc
    .tuple(
      words(
        of(0, 4, 0x10, 0x52, 0x72, 0xd0, 0xe8, 0x400, 0x2818, 0x3818, 0x5400, 0x1_fffc),
        of(0),
        of(0, 2, 3, 7),
        of(1, 2, 4, 8, 40),
      ),
      fc.uint8Array({ minLength: 8, maxLength: 40 }),
    )
    .map(([head, data]) => new Uint8Array([...head, ...data])),
  [Command.DEVICE_RESET]: small,
};

const likely: fc.Arbitrary<Sent> = fc.constantFrom(...Object.keys(payloads).map(Number)).chain((command) =>
  fc.record({
    id: fc.nat(0xffff),
    command: fc.constant(command),
    flags: fc.constantFrom(0, 0, 0x10),
    payload: payloads[command]!,
    events: fc.constantFrom(0, 0, 1, 2, 25),
  }),
);
const unlikely: fc.Arbitrary<Sent> = fc.record({
  id: fc.nat(0xffff),
  command: fc.nat(20),
  flags: fc.constantFrom(0, 0x10, 1, 2, 0x20, 0x40, 0xffff_ffff),
  payload: fc.uint8Array({ maxLength: 64 }),
  events: fc.nat(3),
});
const cut: fc.Arbitrary<Sent> = fc
  .tuple(likely, fc.nat(40))
  .map(([sent, length]) => ({ ...sent, payload: sent.payload.subarray(0, length) }));

function talk(sent: readonly Sent[], attach: boolean, garbage: Uint8Array | undefined): void {
  const channel = new Channel(connectUnix(rig.socket), 1 << 21);
  if (attach) channel.send(1, Command.VERSION, 0, 0, versionPayload({ minor: 1, messageFds: 8, transferBytes: 65536 }));
  for (const { id, command, flags, payload, events } of sent) {
    const counts = Array.from({ length: events }, () => new EventCount());
    channel.send(
      id,
      command,
      flags,
      0,
      payload,
      counts.map(({ fd }) => fd),
    );
    for (const count of counts) count.close();
    rig.turn();
    while (channel.receive() === 'some') {
      for (let answer = channel.next(); answer !== undefined; answer = channel.next()) closeAll(answer.fds);
    }
  }
  if (garbage !== undefined) {
    channel.sendRaw(garbage);
    rig.turn();
  }
  channel.close();
  rig.turn();
  rig.turn();
}

it(`messages of any kind do no harm (seed ${String(SEED)})`, () => {
  const before = openDescriptors();
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 6, arbitrary: likely }, unlikely, cut), { maxLength: 40 }),
      fc.constantFrom(true, true, true, true, false),
      fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
      (sent, attach, garbage) => {
        talk(sent, attach, garbage);
        expect(rig.server.attached).toBe(false);
        expect(rig.server.counters().regions).toBe(0);
        expect(openDescriptors()).toBe(before);
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
  const driver = rig.bringUp();
  expect(
    Buffer.from(driver.client.read(7, 0, 64))
      .toString('hex')
      .slice(0, 16),
  ).toBe('8680c91006001000');
  driver.client.close();
  rig.turn();
  expect(rig.server.counters().refused).toBeGreaterThan(RUNS);
  expect(rig.server.counters().messages).toBeGreaterThan(RUNS);
});

it(`bytes of any kind end the connection or wait for more (seed ${String(SEED)})`, () => {
  const before = openDescriptors();
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (pieces) => {
      const channel = new Channel(connectUnix(rig.socket), 1 << 16);
      for (const piece of pieces) {
        channel.sendRaw(piece);
        rig.turn();
      }
      channel.close();
      rig.turn();
      rig.turn();
    }),
    { numRuns: RUNS, seed: SEED },
  );
  expect(openDescriptors()).toBe(before);
  expect(rig.connect().read32(7, 0)).toBe(0x10c9_8086);
});
