/*
 * A hand-off through a ring and back, beside what one would write first: a ring of references to objects, a new one for
 * each packet; and beside ringbuf.js, whose elements are copied in and out. Both sides write and read the same fields, in
 * bursts of 32, in one worker; on the built package.
 * Run from the package's folder after a build: npx tsx bench/ring.bench.ts [rounds]
 */

import { hostPages } from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import * as rings from '@netcx/rings';
import { loadRingbuf, MISSING } from './ringbuf.ts';
import { compareWays, type Work } from './rounds.ts';

// Re-bound, as in every hot module: V8 folds a module's own constants and never an import.
const { i32: m } = memory;
const { Packet, Ring } = rings;

const BATCH = 1024;
const BURST = 32;

function ringWay(): Work {
  const options = { name: 'bench', elements: 256, stride: 16 };
  // Two rings alive, as in any machine, so that nothing is folded that could not be folded there.
  const made = [0, 1].map(() => Ring.create(hostPages.allocate(Ring.bytes(options)), options));
  let turn = 0;
  return () => {
    const ring = made[(turn ^= 1)]!;
    const { base, stride, mask } = ring;
    let sum = 0;
    for (let done = 0; done < BATCH; done += BURST) {
      let index = ring.endIndex | 0;
      for (let count = 0; count < BURST; count++) {
        const p = (base + Math.imul(index, stride)) | 0;
        Packet.fragmentIndex.set(m, p, index);
        Packet.countAndLayoutLow.set(m, p, 1);
        Packet.layoutHigh.set(m, p, done);
        index = (index + 1) & mask;
      }
      ring.publish(BURST);
      index = ring.nextIndex | 0;
      const posted = ring.postCount | 0;
      for (let count = 0; count < posted; count++) {
        const p = (base + Math.imul(index, stride)) | 0;
        sum =
          (sum + Packet.fragmentIndex.get(m, p) + Packet.countAndLayoutLow.get(m, p) + Packet.layoutHigh.get(m, p)) | 0;
        index = (index + 1) & mask;
      }
      ring.post(posted);
      ring.complete(ring.drainCount);
      ring.reap(ring.reapCount);
    }
    return sum;
  };
}

interface ObjectPacket {
  readonly fragmentIndex: number;
  readonly fragmentCount: number;
  readonly layout: number;
}

/** A ring of references, and a new object for each packet. */
class ObjectRing {
  readonly #slots = new Array<ObjectPacket | undefined>(256).fill(undefined);
  #head = 0;
  #tail = 0;

  push(packet: ObjectPacket): void {
    this.#slots[this.#tail] = packet;
    this.#tail = (this.#tail + 1) & 255;
  }

  shift(): ObjectPacket | undefined {
    if (this.#head === this.#tail) return undefined;
    const packet = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & 255;
    return packet;
  }
}

function objectWay(): Work {
  const made = [0, 1].map(() => ({ toDriver: new ObjectRing(), back: new ObjectRing(), index: 0 }));
  let turn = 0;
  return () => {
    const queue = made[(turn ^= 1)]!;
    let sum = 0;
    for (let done = 0; done < BATCH; done += BURST) {
      for (let count = 0; count < BURST; count++) {
        queue.toDriver.push({ fragmentIndex: queue.index, fragmentCount: 1, layout: done });
        queue.index = (queue.index + 1) & 255;
      }
      for (let packet = queue.toDriver.shift(); packet !== undefined; packet = queue.toDriver.shift()) {
        sum = (sum + packet.fragmentIndex + packet.fragmentCount + packet.layout) | 0;
        queue.back.push(packet);
      }
      while (queue.back.shift() !== undefined);
    }
    return sum;
  };
}

/** ringbuf.js there and back: 16 bytes a packet, copied by the burst or one by one. */
async function ringbufWay(burst: number): Promise<Work | string> {
  const module = await loadRingbuf();
  if (module === undefined) return MISSING;
  const { RingBuffer } = module;
  const make = () => new RingBuffer(RingBuffer.getStorageForCapacity(256 * 4, Int32Array), Int32Array);
  const made = [0, 1].map(() => ({ toDriver: make(), back: make(), index: 0 }));
  const words = new Int32Array(burst * 4);
  let turn = 0;
  return () => {
    const queue = made[(turn ^= 1)]!;
    let sum = 0;
    for (let done = 0; done < BATCH; done += BURST) {
      for (let sent = 0; sent < BURST; sent += burst) {
        for (let at = 0; at < words.length; at += 4) {
          words[at] = queue.index;
          words[at + 1] = 1;
          words[at + 2] = done;
          queue.index = (queue.index + 1) & 255;
        }
        queue.toDriver.push(words);
      }
      for (let got = 0; got < BURST; got += burst) {
        queue.toDriver.pop(words);
        for (let at = 0; at < words.length; at += 4) sum = (sum + words[at]! + words[at + 1]! + words[at + 2]!) | 0;
        queue.back.push(words);
      }
      for (let got = 0; got < BURST; got += burst) queue.back.pop(words);
    }
    return sum;
  };
}

await compareWays('to the driver and back, ns a packet (bursts of 32)', BATCH, {
  'ring of descriptors': ringWay,
  'ring of objects': objectWay,
  'ringbuf.js, 32 at a time': () => ringbufWay(BURST),
  'ringbuf.js, one at a time': () => ringbufWay(1),
});
