/*
 * The driver: tells the framework what this NIC is, starts and stops it, and is the port that stands at the end of the wire.
 * It owns the receive buffers from start to stop; the framework only borrows them.
 */

import { DISCONNECTED, NetAdapter, RxCapabilities, TxCapabilities } from '@netcx/adapter';
import type { Clock } from '@netcx/clock';
import { ReceiveMemory } from './receive-memory.ts';
import { SoftwareRxQueue } from './rx-queue.ts';
import { SoftwareTxQueue } from './tx-queue.ts';
import type { Port, WireEnd } from './wire.ts';

/** Frames that the NIC can hold. */
const SLOTS = 512;
const RING = { fragmentRingNumberOfElementsHint: 128 };
const MTU = 1500;
const SHORTEST_FRAME = 60;
const LONGEST_FRAME = MTU + 14;
const SPEED = 1e9;

/** How a software NIC is made. */
export interface SoftwareNicOptions {
  /** For messages. */
  readonly name: string;
  /** Time, for the adapter. */
  readonly clock: Clock;
  /** The NIC's address, 6 bytes. */
  readonly macAddress: Uint8Array;
  /** What it is plugged into when it starts. */
  readonly wire: WireEnd;
  /** Whether the adapter compares everything that this driver does with what it may do; false when left out. */
  readonly verifier?: boolean;
}

/** A software NIC and its driver: there is no device behind it. */
export class SoftwareNicDriver implements Port {
  /** What a protocol attaches to. */
  readonly adapter: NetAdapter;
  readonly #wire: WireEnd;
  readonly #name: string;
  #memory: ReceiveMemory | undefined;
  #receive: SoftwareRxQueue | undefined;
  #removed = false;

  /**
   * @param options - name, time, address, wire
   */
  constructor(options: SoftwareNicOptions) {
    this.#name = options.name;
    this.#wire = options.wire;
    this.adapter = new NetAdapter({
      name: options.name,
      clock: options.clock,
      verifier: options.verifier ?? false,
      callbacks: {
        createTxQueue: (init) => void init.create((queue) => new SoftwareTxQueue(queue, this.#wire)),
        createRxQueue: (init) =>
          void init.create((queue) => {
            this.#memory?.close(); // the queue before this one is gone, and nobody holds its buffers
            this.#memory = new ReceiveMemory(SLOTS, this.#name);
            return (this.#receive = new SoftwareRxQueue(queue, this.#memory));
          }),
      },
    });
    const returned = (slot: number): void => this.#memory?.takeBack(slot);
    this.adapter.setDatapathCapabilities(
      TxCapabilities.withoutDma(1, RING),
      RxCapabilities.driverManaged(returned, LONGEST_FRAME, 1, RING),
    );
    this.adapter.setLinkLayerCapabilities(SPEED);
    this.adapter.setLinkLayerMtuSize(MTU);
    this.adapter.setPermanentLinkLayerAddress(options.macAddress);
  }

  /**
   * Creates the queues and plugs the NIC in.
   *
   * @throws Error when the NIC was pulled out; whatever the adapter's start throws
   */
  start(): void {
    if (this.#removed) throw new Error(`${this.#name} was pulled out`);
    try {
      this.adapter.start();
    } catch (error) {
      this.#close();
      throw error;
    }
    this.#wire.plug(this);
  }

  /**
   * Unplugs the NIC and stops the adapter.
   *
   * @returns when every buffer is back; rejects while a protocol holds some, and can be called again
   */
  async stop(): Promise<void> {
    if (!this.#removed) this.#wire.plug(undefined);
    await this.adapter.stop();
    this.#close();
  }

  #close(): void {
    this.#memory?.close();
    this.#memory = undefined;
    this.#receive = undefined;
  }

  /** The NIC is pulled out, as a dongle may be: the driver can be stopped, and not be started again. */
  remove(): void {
    if (!this.#removed) this.#wire.plug(undefined);
    this.#removed = true;
  }

  reserve(bytes: number): number {
    const sound = bytes >= SHORTEST_FRAME && bytes <= LONGEST_FRAME;
    return sound ? (this.#memory?.next ?? 0) : 0;
  }

  commit(bytes: number): void {
    this.#memory?.arrive(bytes);
    this.#receive?.interrupt();
  }

  linkChanged(up: boolean): void {
    this.adapter.setLinkState(
      up ? { connected: true, txLinkSpeed: SPEED, rxLinkSpeed: SPEED, duplex: 'full' } : DISCONNECTED,
    );
  }
}
