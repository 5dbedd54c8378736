/*
 * A device of the benchmark with as many queue pairs as it is told, for what an 82576 has too few of. Its descriptors are the
 * 82576's and so is the way it works: addresses are read from descriptors, data is moved by a list, then descriptors are
 * written back. The driver's own queues sit on it, with the framework above them; only the registers are missing.
 *
 * It sends what is posted when the doorbell rings, and what it sends comes in again on the next queue: a queue's burst comes just
 * before its turn, as on any machine that keeps up, and all queues have theirs before the first has another.
 */

import * as dma from '@netcx/dma';
import * as copies from '@netcx/dma/copy';
import * as memory from '@netcx/dma/memory';
import * as registers from '@netcx/nic-82576/registers';
import { NetAdapter, RxCapabilities, TxCapabilities, dmaCapabilities } from '@netcx/adapter';
import { ReceiveQueue } from '../dist/rx-queue.js';
import { TransmitQueue } from '../dist/tx-queue.js';

const { i32: m, u8: m8 } = memory;
const { copyAll } = copies;
const { DESCRIPTOR_BYTES, REGISTERS, RX_STATUS, RxReadDescriptor, RxWriteBack, TxData } = registers;
const { RDBAL, RDLEN, TDBAL, TDLEN, TDT, TDWBAL } = REGISTERS;
const DONE = RX_STATUS.DD | RX_STATUS.EOP;
export const BURST = 32;
const TRANSFER_WORDS = 3;
const DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4;
/** Buffers of a receive queue beyond those on its ring: those of the burst that is being sent. */
const SPARE = BURST;

/** Where frames lie between leaving and coming in again, and the list of what is moved. */
const wire = dma.hostPages.allocate(BURST * 2048, { owner: 'wire' });
const list = dma.hostPages.allocate(BURST * TRANSFER_WORDS * 4, { owner: 'transfers' }) >>> 2;

/** A byte of a frame that goes round; each is for one station. */
const byteOf = (frame, byte) => (byte === 0 ? 2 : (frame * 13 + byte * 7) & 255);

/**
 * Makes a burst of frames, for whoever is told to begin.
 *
 * @param frameBytes - bytes of each
 */
export function fillWire(frameBytes) {
  for (let frame = 0; frame < BURST; frame++)
    for (let byte = 0; byte < frameBytes; byte++) m8[wire + frame * 2048 + byte] = byteOf(frame, byte);
}

/**
 * @param frameBytes - bytes of each frame
 * @throws {Error} unless the frames that have been through every queue are those that `fillWire` made, byte for byte, in order
 */
export function verifyWire(frameBytes) {
  for (let frame = 0; frame < BURST; frame++)
    for (let byte = 0; byte < frameBytes; byte++)
      if (m8[wire + frame * 2048 + byte] !== byteOf(frame, byte))
        throw new Error(`byte ${byte} of frame ${frame} is ${m8[wire + frame * 2048 + byte]}`);
}

/** The tail register of a transmit queue. */
class TxDoorbell {
  constructor(nic, index) {
    this.nic = nic;
    this.index = index;
  }

  write(tail) {
    this.nic.ring(this.index, tail);
  }
}

/** That of a receive queue, which always has enough. */
const rxDoorbell = { write: () => undefined };

class QueuePair {
  rxRing = 0;
  rxMask = 0;
  rxHead = 0;
  txRing = 0;
  txMask = 0;
  txHead = 0;
  writeBack = 0;
}

/** The adapter, its driver's queues, and the device below them. */
export class WideNic {
  /** Frames that may still come. */
  left = 0;
  sent = 0;
  adapter;
  #clock;
  #pairs;
  #receive = [];
  #frameBytes;

  /**
   * @param clock - virtual
   * @param wanted - how many `queues`, elements of each ring (`ringSize`), `frameBytes`, own `extensions`
   */
  constructor(clock, wanted) {
    const { name, queues, ringSize, frameBytes = 64, extensions = [] } = wanted;
    this.#clock = clock;
    this.#pairs = Array.from({ length: queues }, () => new QueuePair());
    this.#frameBytes = frameBytes;
    const enabler = new dma.DmaEnabler(new dma.IdentityMap(), { addressWidth: 64, version: 3 });
    const device = {
      ...{ clock, enabler, gone: false, read: () => 0, write: this.#write.bind(this) },
      portOf: (register, index) => (register === TDT ? new TxDoorbell(this, index) : rxDoorbell),
    };
    const surroundings = { connect: () => () => undefined, sleeping: () => undefined, clock: undefined };
    const granted = (count) => ({ asked: count, granted: count, reason: 'as the benchmark says' });
    const sizes = (buffers) => ({
      packets: granted(ringSize),
      fragments: granted(ringSize),
      buffers: granted(buffers),
    });
    this.adapter = new NetAdapter({
      name,
      clock,
      queues: { transmit: queues, receive: queues },
      polling: { pairs: true },
      sizing: () => ({ transmit: sizes(1), receive: sizes(ringSize + SPARE) }),
      callbacks: {
        createTxQueue: (init) => void init.create((queue) => new TransmitQueue(device, queue, surroundings)),
        createRxQueue: (init) =>
          void init.create((queue) => (this.#receive[queue.id] = new ReceiveQueue(device, queue, surroundings))),
      },
    });
    for (const extension of extensions) this.adapter.ownExtensions.add(extension, { transmit: true, receive: true });
    const capabilities = dmaCapabilities(enabler);
    const hint = { fragmentRingNumberOfElementsHint: ringSize, virtualAddress: false };
    this.adapter.setDatapathCapabilities(
      TxCapabilities.forDma(capabilities, queues, hint),
      RxCapabilities.systemManagedDma(capabilities, 2048, queues, hint),
    );
    this.adapter.setLinkLayerCapabilities(1e9);
    this.adapter.setLinkLayerMtuSize(1500);
    this.adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
  }

  start() {
    this.adapter.start();
  }

  /** Moves so many packets, or as many more as make whole bursts for all queues, and returns how many those are. */
  run(packets) {
    const before = this.sent;
    const all = BURST * this.#pairs.length;
    const whole = Math.max(1, Math.ceil(packets / all)) * all;
    this.#begin(whole);
    this.#clock.run();
    if (this.sent - before !== whole) throw new Error(`${this.sent - before} of ${whole} frames left`);
    return whole;
  }

  /** Frames come: a burst on the first queue, and on each other one what has left by the queue before it. */
  #begin(frames) {
    this.left += frames;
    this.#arrive(this.#pairs[0]);
    for (const [index, queue] of this.adapter.transmitQueues.entries()) {
      this.#receive[index].wake();
      queue.wake(); // behind its receive queue: pairs have their turns one after the other
    }
  }

  /** What is to be sent is sent, and comes on the next queue. */
  ring(index, tail) {
    this.#send(this.#pairs[index], tail);
    this.#arrive(this.#pairs[index + 1 === this.#pairs.length ? 0 : index + 1]);
  }

  #write(register, value, index = 0) {
    const pair = this.#pairs[index];
    if (register === RDBAL) pair.rxRing = value >>> 2;
    else if (register === RDLEN) pair.rxMask = value / DESCRIPTOR_BYTES - 1;
    else if (register === TDBAL) pair.txRing = value >>> 2;
    else if (register === TDLEN) pair.txMask = value / DESCRIPTOR_BYTES - 1;
    else if (register === TDWBAL) pair.writeBack = (value & ~3) >>> 2;
  }

  /** A burst's data goes to the buffers of the next descriptors, then those are done. */
  #arrive(pair) {
    if (this.left <= 0) return;
    this.left -= BURST;
    const ring = pair.rxRing | 0;
    const mask = pair.rxMask | 0;
    const bytes = this.#frameBytes | 0;
    let head = pair.rxHead | 0;
    let from = wire | 0;
    let transfer = list | 0;
    for (let index = 0; index < BURST; index++) {
      const d = (ring + Math.imul(head, DESCRIPTOR_WORDS)) | 0;
      m[transfer] = RxReadDescriptor.packetAddress.low.get(m, d);
      m[transfer + 1] = from;
      m[transfer + 2] = bytes;
      transfer = (transfer + TRANSFER_WORDS) | 0;
      from = (from + 2048) | 0;
      head = (head + 1) & mask;
    }
    copyAll(list << 2, BURST);
    head = pair.rxHead | 0;
    for (let index = 0; index < BURST; index++) {
      const d = (ring + Math.imul(head, DESCRIPTOR_WORDS)) | 0;
      RxWriteBack.information.set(m, d, 0);
      RxWriteBack.rssHash.set(m, d, 0);
      RxWriteBack.lengthTag.set(m, d, bytes);
      RxWriteBack.statusError.set(m, d, DONE);
      head = (head + 1) & mask;
    }
    pair.rxHead = head;
  }

  /** What was posted is read from where it lies; then the head is written back. */
  #send(pair, tail) {
    const ring = pair.txRing | 0;
    const mask = pair.txMask | 0;
    let head = pair.txHead | 0;
    const count = (tail - head) & mask;
    if (count > BURST) throw new Error(`${count} frames at once: more than a burst`);
    let to = wire | 0;
    let transfer = list | 0;
    for (let index = 0; index < count; index++) {
      const d = (ring + Math.imul(head, DESCRIPTOR_WORDS)) | 0;
      m[transfer] = to;
      m[transfer + 1] = TxData.bufferAddress.low.get(m, d);
      m[transfer + 2] = TxData.dtalen.get(m, d);
      transfer = (transfer + TRANSFER_WORDS) | 0;
      to = (to + 2048) | 0;
      head = (head + 1) & mask;
    }
    copyAll(list << 2, count);
    m[pair.writeBack] = tail;
    pair.txHead = tail;
    this.sent += count;
  }
}
