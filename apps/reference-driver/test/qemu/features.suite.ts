/*
 * What the driver does beyond moving frames, on QEMU's own 82576: two of them in one machine, each the other's far end.
 */

import { deepEqual, equal, ok, strictEqual } from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DriverOptions } from '../../src/settings.ts';
import { provideRam } from '@netcx/qtest/ram';

const ram = provideRam(128 * 1024 * 1024);
const { MICROSECOND, MILLISECOND, VirtualClock } = await import('@netcx/clock');
const { RxChecksumEvaluation, TxChecksumAction } = await import('@netcx/extensions');
const { QemuMachine } = await import('@netcx/qtest');
const { ReceiveScalingHashType, ReceiveScalingProtocolType } = await import('@netcx/adapter');
const { ReferenceDriver } = await import('../../src/driver.ts');
const { flow, KEY, VECTORS } = await import('../hash-vectors.ts');
const { largeFrame, largeWishes, wrongWithSegments } = await import('../large-send.ts');
const { Endpoint } = await import('../endpoint.ts');
const { byte, recorded, unfinished, wishesFor } = await import('../recorded-frames.ts');
const { NotChecked, Valid, Invalid } = RxChecksumEvaluation;
const { Required } = TxChecksumAction;

const MAC = [Uint8Array.of(0x52, 0x54, 0, 0, 0, 1), Uint8Array.of(0x52, 0x54, 0, 0, 0, 2)] as const;

function build(options: DriverOptions = {}) {
  const clock = new VirtualClock();
  const devices = MAC.map((macAddress) => ({ model: 'igb', macAddress }));
  const machine = new QemuMachine({ program: process.env['NETCX_QEMU'] ?? '', ram, clock, devices });
  const [left, right] = machine.stations;
  ok(left !== undefined && right !== undefined);
  if ('interrupts' in options && options.interrupts === 'intx') machine.watchIntx();
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
      this.awaitLink();
    },
    awaitLink() {
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

/** A pair for one test. */
async function withPair(
  options: DriverOptions,
  act: (pair: ReturnType<typeof build>) => Promise<void> | void,
): Promise<void> {
  const pair = build(options);
  try {
    await pair.start();
    await act(pair);
    await pair.stop();
  } finally {
    pair.close();
  }
}

void describe('receive-side scaling over four queues', () => {
  const { toeplitz } = ReceiveScalingHashType;
  const { ipv4, ipv6, tcp } = ReceiveScalingProtocolType;
  const table = Array.from({ length: 128 }, (_, index) => index % 4);

  void it("hashes as Microsoft's vectors say, and goes where the table says", async () => {
    await withPair({ queues: 4 }, ({ a, b, clock }) => {
      b.driver.adapter.receiveScaling.enable({
        hashTypes: toeplitz,
        protocolTypes: ipv4 | ipv6 | tcp,
        key: KEY,
        table,
      });
      const queues = new Set<number>();
      for (const vector of VECTORS) {
        b.arrivals.length = b.metadata.length = 0;
        ok(a.trySend(flow(vector, 'TCP')));
        clock.advance(2 * MILLISECOND);
        const [arrival] = b.arrivals;
        strictEqual(b.metadata[0]?.hash, vector.withPorts, vector.from);
        strictEqual(arrival?.queue, vector.withPorts & 3, vector.from);
        queues.add(arrival.queue);
        ok(a.trySend(flow(vector, 'UDP'))); // its ports are not hashed
        clock.advance(2 * MILLISECOND);
        strictEqual(b.metadata[1]?.hash, vector.addresses, vector.from);
      }
      ok(queues.size >= 2, `${queues.size} queues took part`);
    });
  });

  void it('keeps its table over a reset of the chip', async () => {
    await withPair({ queues: 4 }, async (pair) => {
      const { a, b, clock } = pair;
      const [vector] = VECTORS;
      ok(vector !== undefined);
      b.driver.adapter.receiveScaling.enable({ hashTypes: toeplitz, protocolTypes: ipv4 | tcp, key: KEY, table });
      b.driver.adapter.receiveScaling.setIndirectionEntries([{ index: vector.withPorts & 127, queue: 3 }]);
      await clock.drive(b.driver.reset());
      pair.awaitLink();
      ok(a.trySend(flow(vector, 'TCP')));
      clock.advance(2 * MILLISECOND);
      strictEqual(b.arrivals[0]?.queue, 3);
    });
  });
});

void describe('segmentation', () => {
  for (const ipv4 of [true, false]) {
    void it(`of TCP over IPv${ipv4 ? 4 : 6}: 20,000 bytes`, async () => {
      await withPair({}, ({ a, b, clock }) => {
        const packet = { ipv4, tcp: true, payload: 20_000, flags: 0x10 };
        const bytes = largeFrame(packet);
        a.sendLarge(bytes, { ...largeWishes(packet, 1400), parts: [3000, bytes.length - 3000] });
        clock.advance(10 * MILLISECOND);
        const segments = b.arrivals.map((arrival) => arrival.bytes);
        deepEqual(wrongWithSegments(packet, 1400, segments), []);
        ok(b.arrivals.every(({ checksum }) => checksum === byte(ipv4 ? Valid : NotChecked, Valid)));
        strictEqual(a.completed, 2);
      });
    });
  }
});

void describe('tags', () => {
  void it('are put in and taken out', async () => {
    await withPair({ vlanOffload: true }, ({ a, b, clock }) => {
      const { bytes } = recorded['UDP over IPv4'];
      for (const tag of [0x0001, 0xe064, 0x2fff]) ok(a.trySend(bytes, { tag }));
      ok(a.trySend(bytes));
      clock.advance(10 * MILLISECOND);
      deepEqual(
        b.arrivals.map((arrival) => hex(arrival.bytes)),
        new Array<string>(4).fill(hex(bytes)),
      );
      deepEqual(
        b.metadata.map(({ tag }) => tag),
        [0x0001, 0xe064, 0x2fff, 0],
      );
    });
  });

  void it('go with segments', async () => {
    await withPair({ vlanOffload: true }, ({ a, b, clock }) => {
      const packet = { ipv4: true, tcp: true, payload: 5000, flags: 0x10 };
      a.sendLarge(largeFrame(packet), { ...largeWishes(packet, 1000), tag: 0x6007 });
      clock.advance(10 * MILLISECOND);
      deepEqual(
        wrongWithSegments(
          packet,
          1000,
          b.arrivals.map(({ bytes }) => bytes),
        ),
        [],
      );
      deepEqual(new Set(b.metadata.map(({ tag }) => tag)), new Set([0x6007]));
    });
  });
});

for (const interrupts of ['intx', 'msi', 'msix'] as const) {
  void describe(`interrupts by ${interrupts}`, () => {
    void it('carry frames both ways, one by one and in bursts', async () => {
      await withPair({ interrupts, queues: 2 }, ({ a, b, clock, slots }) => {
        strictEqual(a.driver.interruptKind, interrupts);
        const { bytes } = recorded['UDP over IPv4'];
        for (let round = 0; round < 10; round++) {
          for (const from of [a, b]) ok(from.trySend(bytes, { queue: round % 2 }));
          clock.advance(2 * MILLISECOND);
        }
        for (let number = 0; number < 100; number++) ok(a.trySend(bytes));
        clock.advance(10 * MILLISECOND);
        deepEqual([a.arrivals.length, b.arrivals.length], [10, 110]);
        for (const slot of slots) {
          const { intx, messages, strayMessages } = slot.counters();
          strictEqual(strayMessages, 0);
          if (interrupts === 'intx') deepEqual([messages, intx >= 10], [0, true]);
          else deepEqual([messages >= 10, intx], [true, 0]);
        }
      });
    });
  });
}

void describe('a chip that is reset', () => {
  void it('under traffic goes on, with nothing lost after it and everything completed', async () => {
    await withPair({ ringSize: 16 }, async (pair) => {
      const { a, b, clock } = pair;
      const { bytes } = recorded['UDP over IPv4'];
      for (let round = 0; round < 3; round++) {
        for (let number = 0; number < 5; number++) a.trySend(bytes);
        await clock.drive(Promise.all([a.driver.reset(), b.driver.reset()]));
        pair.awaitLink();
        b.arrivals.length = 0;
        for (let number = 0; number < 30; number++) {
          ok(a.trySend(bytes));
          clock.advance(MILLISECOND);
        }
        strictEqual(b.arrivals.length, 30);
      }
      strictEqual(a.completed, a.submitted);
    });
  });

  void it('counts across it', async () => {
    await withPair({}, async (pair) => {
      const { a, b, clock } = pair;
      const { bytes } = recorded['UDP over IPv4'];
      for (let round = 1; round <= 2; round++) {
        ok(a.trySend(bytes));
        clock.advance(2 * MILLISECOND);
        strictEqual(b.driver.hardwareCounters().receive.frames, round);
        strictEqual(b.driver.hardwareCounters().receive.octets, round * (bytes.length + 4));
        await clock.drive(b.driver.reset());
        pair.awaitLink();
      }
    });
  });
});

void describe('the MTU', () => {
  void it('changes while the adapter runs', async () => {
    await withPair({ maximumMtu: 9000 }, async ({ a, b, clock }) => {
      for (const mtu of [4000, 1500, 9000]) {
        await clock.drive(Promise.all([a, b].map(({ driver }) => driver.adapter.changeLinkLayerMtuSize(mtu))));
        const bytes = new Uint8Array(mtu + 14).fill(7);
        bytes.set([...MAC[1], ...MAC[0], 0x88, 0xb5]);
        b.arrivals.length = 0;
        ok(a.trySend(bytes));
        clock.advance(10 * MILLISECOND);
        strictEqual(hex(b.arrivals[0]?.bytes ?? new Uint8Array()), hex(bytes));
      }
    });
  });
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
