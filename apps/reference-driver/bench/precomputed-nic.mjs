/*
 * An 82576 whose work per packet was done beforehand: what is left is what driver, framework, rings and buffers cost. It comes
 * up as the model does, which it contains; then it answers doorbells itself. Posted frames are sent by writing the head back,
 * and nothing of them is read; with that the next 32 frames come: as many descriptors that lie ready are written back by one
 * copy of 512 bytes. `checked` compares each frame to send with the one that was received.
 */

import { copy } from '@netcx/dma/copy';
import * as dma from '@netcx/dma';
import * as memory from '@netcx/dma/memory';
import { Nic82576 } from '@netcx/nic-82576';
import * as registers from '@netcx/nic-82576/registers';

const { i32: m } = memory;
const { DESCRIPTOR_BYTES, REGISTERS, RX_STATUS, RxReadDescriptor, RxWriteBack, TxData } = registers;
const { EICS, RDBAL, RDLEN, RDT, TDBAL, TDLEN, TDT, TDWBAL } = REGISTERS;
export const BURST = 32;
const BURST_BYTES = BURST * DESCRIPTOR_BYTES;
/** Offsets of one register in all queues are equal but for these bits. */
const QUEUE_BITS = 0x3c0;
const QUEUE_SHIFT = 6;
/** Every vector but that of the link. */
const QUEUE_VECTORS = 0x1ff_fffe;

/** One queue pair, as the device sees it. Where frames lie that came and were not sent, is kept only when it is checked. */
const queuePair = ({ rxRing, rxBytes, txRing, txBytes, writeBack }) => ({
  ...{ rxRing, rxBytes, rxHead: 0 }, // the head in bytes from the ring's start
  ...{ txRing, txCount: txBytes / DESCRIPTOR_BYTES, txHead: 0, writeBack: writeBack >>> 2 },
  received: [],
});

/** Where a driver writes its tails, in the shape of the model's own (tail-port.ts). */
class TxDoorbell {
  constructor(nic, index, model) {
    this.nic = nic;
    this.index = index;
    this.model = model;
  }

  write(tail) {
    if (!this.nic.ring(this.index, tail)) this.model.write(tail);
  }
}

class RxDoorbell {
  constructor(nic, model) {
    this.nic = nic;
    this.model = model;
  }

  write(tail) {
    if (!this.nic.taken) this.model.write(tail); // afterwards there always are enough
  }
}

export class PrecomputedNic {
  /** Frames that may still come. */
  left = 0;
  /** Frames that left. */
  sent = 0;
  checked = false;
  #nic;
  #queues = [];
  #image;
  #length;

  constructor(options, length) {
    this.#nic = new Nic82576(options);
    this.#length = length;
    this.#image = dma.hostPages.allocate(BURST_BYTES, { owner: 'bench' });
    for (let index = 0; index < BURST; index++) {
      const d = (this.#image + index * DESCRIPTOR_BYTES) >>> 2;
      RxWriteBack.lengthTag.set(m, d, length);
      RxWriteBack.statusError.set(m, d, RX_STATUS.DD | RX_STATUS.EOP);
    }
  }

  /** The driver is up: from now on doorbells are answered here. Host offsets are logical addresses. */
  take(queues) {
    const get = (register, index) => this.#nic.registers.get(register, index);
    for (let index = 0; index < queues; index++) {
      this.#queues.push(
        queuePair({
          rxRing: get(RDBAL, index),
          rxBytes: get(RDLEN, index),
          txRing: get(TDBAL, index),
          txBytes: get(TDLEN, index),
          writeBack: get(TDWBAL, index) & ~3,
        }),
      );
    }
  }

  /** Frames come: as many, spread over all queues, which are woken. */
  begin(frames) {
    this.left += frames;
    for (const queue of this.#queues) this.#receive(queue);
    this.#nic.write32(0, EICS.offset, QUEUE_VECTORS);
  }

  #receive(queue) {
    if (this.left <= 0) return;
    this.left -= BURST;
    if (this.checked) this.#note(queue);
    copy(queue.rxRing + queue.rxHead, this.#image, BURST_BYTES);
    queue.rxHead += BURST_BYTES;
    if (queue.rxHead === queue.rxBytes) queue.rxHead = 0;
  }

  #send(queue, tail) {
    if (this.checked) this.#compare(queue, tail);
    this.sent += (tail - queue.txHead) & (queue.txCount - 1);
    queue.txHead = tail;
    m[queue.writeBack] = tail;
  }

  #note(queue) {
    for (let index = 0; index < BURST; index++)
      queue.received.push(
        RxReadDescriptor.packetAddress.get(m, (queue.rxRing + queue.rxHead + index * DESCRIPTOR_BYTES) >>> 2),
      );
  }

  #compare(queue, tail) {
    for (let at = queue.txHead; at !== tail; at = (at + 1) & (queue.txCount - 1)) {
      const d = (queue.txRing + at * DESCRIPTOR_BYTES) >>> 2;
      const address = TxData.bufferAddress.get(m, d);
      const expected = queue.received.shift();
      if (address !== expected || TxData.dtalen.get(m, d) !== this.#length)
        throw new Error(`a frame at ${address} was sent, not the one at ${expected}`);
    }
  }

  /** A tail register is written: what is to be sent is sent, and the next burst comes. */
  ring(index, tail) {
    const queue = this.#queues[index];
    if (queue === undefined) return false;
    this.#send(queue, tail);
    this.#receive(queue);
    return true;
  }

  port(bar, offset) {
    const port = this.#nic.port(bar, offset);
    const index = (offset & QUEUE_BITS) >> QUEUE_SHIFT;
    if ((offset & ~QUEUE_BITS) === TDT.offset) return new TxDoorbell(this, index, port);
    return (offset & ~QUEUE_BITS) === RDT.offset ? new RxDoorbell(this, port) : port;
  }

  /** Whether doorbells are answered here. */
  get taken() {
    return this.#queues.length > 0;
  }

  write32(bar, offset, value) {
    this.#nic.write32(bar, offset, value);
  }

  read32(bar, offset) {
    return this.#nic.read32(bar, offset);
  }

  readConfig(offset, size) {
    return this.#nic.readConfig(offset, size);
  }

  writeConfig(offset, size, value) {
    this.#nic.writeConfig(offset, size, value);
  }

  connect(upstream) {
    this.#nic.connect(upstream);
  }

  reset() {
    this.#nic.reset();
  }

  removed() {
    this.#nic.removed();
  }
}
