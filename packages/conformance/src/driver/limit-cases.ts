/*
 * Cases at the limits: the longest frame and the one after it, frames too short to be any, memory that is written to as soon
 * as it may be, both directions at once, and a machine without memory to spare.
 */

import { strictEqual } from 'node:assert/strict';
import { DmaError, hostPages, PageAllocator } from '@netcx/dma';
import { HEADER_BYTES, padded, SHORTEST_FRAME } from '../frames.ts';
import { wait } from '../virtual-time.ts';
import type { DriverCase } from './driver-case.ts';
import type { DriverRig } from './driver-rig.ts';
import type { Part } from './sender.ts';
import { deliverAll, exchange, sendAll, sendParts, whenThereIsRoom } from './traffic.ts';

async function completesNoFrameTooEarly(rig: DriverRig): Promise<void> {
  await rig.start();
  const { frames, sender, random } = rig;
  sender.scribbles = true;
  for (let round = 0; round < 40; round++) {
    const count = Math.max(1, Math.min(24, rig.ringSize >>> 2));
    for (let index = 0; index < count; index++) {
      const bytes = frames.make(rig.randomLength());
      const middle = random.between(1, bytes.length - 1);
      const parts = round % 2 === 0 ? [bytes] : [bytes.subarray(0, middle), bytes.subarray(middle)];
      sendParts(
        rig,
        parts.map((part): Part => ({ bytes: part, from: 'own', offset: 0 })),
      );
    }
    rig.settle();
    rig.onWire.verify();
  }
}

async function completesWhatIsTooShort(rig: DriverRig): Promise<void> {
  await rig.start();
  const { frames, sender } = rig;
  for (let length = 1; length < HEADER_BYTES; length++) {
    const bytes = frames.make(length);
    whenThereIsRoom(rig, () => sender.write([{ bytes, from: 'own', offset: 0 }]));
    // Whether a NIC sends such a thing is its own choice; if it does, it pads it.
    rig.onWire.expect(padded(bytes), true);
    sendAll(rig, [frames.make(SHORTEST_FRAME)]);
  }
  rig.settle();
  strictEqual(sender.pending, 0, 'frames shorter than their header that have not completed');
}

/** Frames up to the MTU go both ways; the one after that goes nowhere, and is counted. */
function tryEdge(rig: DriverRig): void {
  const { longest, frames } = rig;
  const before = rig.adapter.statistics().transmit.dropped.tooLong;
  for (const length of [longest - 1, longest]) {
    sendAll(rig, [frames.make(length)]);
    deliverAll(rig, [frames.make(length)]);
  }
  const beyond = frames.make(longest + 1);
  whenThereIsRoom(rig, () => rig.sender.write([{ bytes: beyond, from: 'own', offset: 0 }]));
  exchange(rig, 2);
  rig.settle();
  const { tooLong } = rig.adapter.statistics().transmit.dropped;
  strictEqual(tooLong - before, 1, `frames of ${longest + 1} bytes that were counted as too long`);
}

async function keepsToItsMtu(rig: DriverRig): Promise<void> {
  await rig.start();
  const first = rig.adapter.mtu;
  const smaller = Math.max(SHORTEST_FRAME, first - 100);
  tryEdge(rig);
  for (const mtu of [smaller, first, Math.max(SHORTEST_FRAME, first >>> 1), first]) {
    rig.settle();
    await rig.clock.drive(rig.adapter.changeLinkLayerMtuSize(mtu));
    strictEqual(rig.adapter.mtu, mtu, 'the MTU after it was changed');
    wait(rig.clock, () => rig.adapter.linkState.connected);
    tryEdge(rig);
  }
  rig.settle();
  rig.verify();
  await rig.stop();
  rig.verifyHoldings();
}

async function keepsDirectionsApart(rig: DriverRig): Promise<void> {
  await rig.start();
  const { frames, sender, random } = rig;
  const most = Math.max(1, Math.min(24, rig.ringSize >>> 1));
  for (let round = 0; round < Math.max(20, Math.round(100 * rig.context.effort)); round++) {
    const burst = Array.from({ length: random.between(1, most) }, () => frames.make(rig.randomLength(400)));
    for (const frame of burst) rig.atProtocol.expect(frame);
    rig.peer.send(burst);
    for (let left = random.between(1, most); left > 0; left--) {
      const bytes = frames.make(rig.randomLength(400));
      if (!sender.write([{ bytes, from: random.pick(['buffer', 'own']), offset: 0 }])) break;
      rig.onWire.expect(bytes);
    }
    rig.settle();
    rig.verify();
  }
}

/** Lets something happen while one of the next allocations of host memory fails. */
async function failingAllocation<T>(number: number, run: () => Promise<T>): Promise<{ seen: number; result: T }> {
  let seen = 0;
  const allocate: typeof hostPages.allocate = (bytes, options) => {
    if (seen++ === number)
      throw new DmaError('OUT_OF_MEMORY', `conformance: allocation ${number} of ${bytes} bytes fails on purpose`);
    return PageAllocator.prototype.allocate.call(hostPages, bytes, options);
  };
  Object.defineProperty(hostPages, 'allocate', { value: allocate, configurable: true });
  try {
    const result = await run();
    return { seen, result };
  } finally {
    Reflect.deleteProperty(hostPages, 'allocate');
  }
}

/** Most allocations of a start that fail, one after the other; of more, some at random. */
const MOST_FAILURES = 24;

async function startsOnceThereIsMemory(rig: DriverRig): Promise<void> {
  // The first start takes what the rig itself needs, too.
  await rig.start();
  await rig.stop();
  const { seen: allocations } = await failingAllocation(-1, () => rig.startWithoutLink());
  await rig.stop();
  const numbers = Array.from({ length: Math.min(allocations, MOST_FAILURES) }, (_, index) =>
    allocations <= MOST_FAILURES ? index : rig.random.below(allocations),
  );
  for (const number of numbers) {
    const { result: started } = await failingAllocation(number, () =>
      rig.startWithoutLink().then(
        () => true,
        () => false,
      ),
    );
    if (started) await rig.stop();
    rig.verifyHoldings();
  }
  await rig.start();
  exchange(rig, 5);
}

/** Cases at the limits. */
export const LIMIT_CASES: readonly DriverCase[] = [
  { name: 'completes no frame before its NIC is done with it', run: completesNoFrameTooEarly },
  { name: 'completes frames shorter than an Ethernet header, sent or not', run: completesWhatIsTooShort },
  { name: 'sends what its MTU allows and nothing longer, also once the MTU has changed', run: keepsToItsMtu },
  { name: 'keeps both directions apart when both are busy', run: keepsDirectionsApart },
  { name: 'leaves nothing behind when memory runs out while it starts', run: startsOnceThereIsMemory },
];
