/*
 * What the driver does beyond moving frames, on QEMU's own 82576: two of them in one machine, each the other's far end.
 */

import { deepEqual, equal, ok, strictEqual } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { provideRam } from '@netcx/qtest/ram';

const ram = provideRam(128 * 1024 * 1024);
const { MICROSECOND, MILLISECOND, VirtualClock } = await import('@netcx/clock');
const { RxChecksumEvaluation, TxChecksumAction } = await import('@netcx/extensions');
const { QemuMachine } = await import('@netcx/qtest');
const { ReferenceDriver } = await import('../../src/driver.ts');
const { Endpoint } = await import('../endpoint.ts');
const { byte, recorded, unfinished, wishesFor } = await import('../recorded-frames.ts');
const { NotChecked, Valid, Invalid } = RxChecksumEvaluation;
const { Required } = TxChecksumAction;

const MAC = [Uint8Array.of(0x52, 0x54, 0, 0, 0, 1), Uint8Array.of(0x52, 0x54, 0, 0, 0, 2)] as const;

function build(options: object = {}) {
  const clock = new VirtualClock();
  const devices = MAC.map((macAddress) => ({ model: 'igb', macAddress }));
  const machine = new QemuMachine({ program: process.env['NETCX_QEMU'] ?? '', ram, clock, devices });
  const [left, right] = machine.stations;
  ok(left !== undefined && right !== undefined);
  // Each sends where the other receives; QEMU never has more than a few frames on its way.
  left.wire.onFrame = (frame) => void right.wire.send(frame);
  right.wire.onFrame = (frame) => void left.wire.send(frame);
  const [a, b] = [left, right].map(
    ({ slot }, index) =>
      new Endpoint(new ReferenceDriver(slot, clock, { name: 'ab'[index] ?? '', promiscuous: true, ...options })),
  );
  ok(a !== undefined && b !== undefined);
  const connected = (): boolean => a.driver.adapter.linkState.connected && b.driver.adapter.linkState.connected;
  return {
    clock,
    a,
    b,
    slots: [left.slot, right.slot],
    async start() {
      await clock.drive(Promise.all([a.driver.start(), b.driver.start()]));
      for (let wait = 0; !connected(); wait++) {
        ok(wait < 5000, 'the link comes up');
        clock.advance(MILLISECOND);
      }
    },
    async stop() {
      await clock.drive(Promise.all([a.driver.stop(), b.driver.stop()]));
    },
    close: () => {
      machine.close();
    },
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

void describe("on two of QEMU's igb", () => {
  let pair: ReturnType<typeof build>;
  before(async () => {
    pair = build();
    await pair.start();
  });
  after(async () => {
    await pair.stop();
    pair.close();
  });

  void it('reads the address out of the EEPROM', () => {
    deepEqual(pair.a.driver.adapter.linkLayerAddress, MAC[0]);
    deepEqual(pair.b.driver.adapter.linkLayerAddress, MAC[1]);
  });

  for (const [name, one] of Object.entries(recorded)) {
    const ipv4 = one.fields.layer3 !== undefined;
    void it(`has the chip insert and judge the checksums of ${name}`, () => {
      const wishes = wishesFor(one.headers, byte(ipv4 ? Required : 0, Required));
      const { bytes } = one;
      const first = pair.b.arrivals.length;
      ok(pair.a.trySend(unfinished(one), wishes));
      ok(pair.a.trySend(unfinished(one), { ...wishes, parts: [20, bytes.length - 20] }));
      pair.clock.advance(10 * MILLISECOND);
      const found = pair.b.arrivals.slice(first);
      deepEqual(
        found.map((arrival) => hex(arrival.bytes)),
        [hex(bytes), hex(bytes)],
      );
      const good = byte(ipv4 ? Valid : NotChecked, Valid);
      deepEqual(
        found.map(({ checksum }) => checksum),
        [good, good],
      );
    });

    void it(`sees a wrong checksum of ${name}`, () => {
      const damaged = one.bytes.slice();
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 0x10;
      ok(pair.a.trySend(damaged));
      pair.clock.advance(10 * MILLISECOND);
      equal(hex(pair.b.arrivals.at(-1)?.bytes ?? new Uint8Array()), hex(damaged));
      equal(pair.b.arrivals.at(-1)?.checksum, byte(ipv4 ? Valid : NotChecked, Invalid));
    });
  }

  void it('is interrupted by messages, one for each rest of its queues', () => {
    const messages = pair.slots[1]?.counters().messages ?? 0;
    for (let round = 0; round < 10; round++) {
      ok(pair.a.trySend(recorded['UDP over IPv4'].bytes));
      pair.clock.advance(MILLISECOND);
    }
    const more = (pair.slots[1]?.counters().messages ?? 0) - messages;
    ok(more >= 10 && more <= 20, `${more} messages for ten frames, a millisecond apart`);
    strictEqual(pair.slots[1]?.counters().strayMessages, 0);
  });
});

void describe('interrupts moderated in virtual time', () => {
  for (const interval of [20, 500]) {
    void it(`come at most every ${interval} µs`, async () => {
      const pair = build({ interruptInterval: interval });
      await pair.start();
      const before = pair.slots[1]?.counters().messages ?? 0;
      const [frames, gap] = [200, 10 * MICROSECOND];
      for (let index = 0; index < frames; index++) {
        ok(pair.a.trySend(recorded['UDP over IPv4'].bytes));
        pair.clock.advance(gap);
      }
      pair.clock.advance(10 * MILLISECOND);
      strictEqual(pair.b.arrivals.length, frames);
      const most = Math.ceil((frames * gap) / (interval * MICROSECOND)) + 3;
      const messages = (pair.slots[1]?.counters().messages ?? 0) - before;
      ok(messages >= 1 && messages <= most, `${messages} messages, at most ${most} expected`);
      await pair.stop();
      pair.close();
    });
  }
});

void describe("a frame that claims to be IPv4 and has no room for IPv4's header", () => {
  void it("never leaves QEMU's chip, which looks into frames that want nothing of it, and completes all the same", async () => {
    const pair = build();
    await pair.start();
    const bytes = new Uint8Array(64);
    bytes.set([...MAC[1], ...MAC[0], 0x08, 0x00]);
    ok(pair.a.trySend(bytes));
    pair.clock.advance(10 * MILLISECOND);
    strictEqual(pair.a.completed, 1);
    strictEqual(pair.b.arrivals.length, 0);
    await pair.stop();
    pair.close();
  });
});
