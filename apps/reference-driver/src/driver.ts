/*
 * The driver: one instance for each function it is given. `start` brings the chip up step by step and starts the adapter;
 * `stop` takes the same steps back. This is where reading starts: each step is one call into the file that owns it.
 */

import {
  dmaCapabilities,
  NetAdapter,
  RxCapabilities,
  TxCapabilities,
  type QueueInit,
  type RxQueue,
  type TxQueue,
} from '@netcx/adapter';
import type { PciSlot } from '@netcx/bus';
import type { Clock } from '@netcx/clock';
import { REGISTERS, RX_BUFFER_GRANULARITY, RX_QUEUES, TX_QUEUES } from '@netcx/nic-82576/registers';
import { Device } from './device.ts';
import { DriverError } from './driver-error.ts';
import { readPermanentAddress } from './eeprom.ts';
import { disableReceive, enableReceive, setStationAddress } from './filter.ts';
import { Interrupts } from './interrupt.ts';
import { readLinkState } from './link.ts';
import { startPhy } from './phy.ts';
import { ReceiveQueue, type RxQueueCounters } from './rx-queue.ts';
import { TransmitQueue, type TxQueueCounters } from './tx-queue.ts';

const { RXCSUM, TCTL } = REGISTERS;
const GIGABIT = 1e9;
/** Longest payload: 9.5 KiB on the wire, less header, tag and check sequence (RLPML after reset). */
const MAXIMUM_MTU = 9706;
const MINIMUM_MTU = 68;
/** Most buffers that one frame is sent from. */
const MAXIMUM_FRAGMENTS = 16;
/** Longest receive buffer that the chip can be told of, in its steps. */
const MAXIMUM_BUFFER = 127 * RX_BUFFER_GRANULARITY;
/** Bytes around the payload: header, VLAN tag. */
const FRAME_OVERHEAD = 14 + 4;

/** What a user may set. */
export interface DriverOptions {
  /** For messages; the function's place on the bus when left out. */
  readonly name?: string;
  /** Payload of the longest frame, 68 to 9706; 1500 when left out. */
  readonly mtu?: number;
  /** Queues of each direction, 1 to 16; 1 when left out. */
  readonly queues?: number;
  /** Elements of each ring, a power of two from 8 to 4096; 256 when left out. */
  readonly ringSize?: number;
  /** Least time between two interrupts of a queue, in microseconds, 0 to 8191; 20 when left out. */
  readonly interruptInterval?: number;
  /** Whether every good frame is received, whoever it is for; false when left out. */
  readonly promiscuous?: boolean;
  /** Whether the chip checks and inserts checksums; true when left out. */
  readonly checksumOffload?: boolean;
}

/** What the driver's queues count, summed. */
export interface DriverCounters {
  readonly transmit: TxQueueCounters;
  readonly receive: RxQueueCounters;
}

type Settings = Required<Omit<DriverOptions, 'name'>>;

function settingsOf(name: string, options: DriverOptions): Settings {
  const {
    mtu = 1500,
    queues = 1,
    ringSize = 256,
    interruptInterval = 20,
    promiscuous = false,
    checksumOffload = true,
  } = options;
  const inRange = (what: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new DriverError(
        'BAD_OPTION',
        `${name}: ${what} is ${String(value)}; expected ${String(least)} to ${String(most)}`,
      );
    }
  };
  inRange('mtu', mtu, MINIMUM_MTU, MAXIMUM_MTU);
  inRange('queues', queues, 1, Math.min(RX_QUEUES, TX_QUEUES));
  inRange('ringSize', ringSize, 8, 4096);
  inRange('interruptInterval', interruptInterval, 0, 8191);
  if ((ringSize & (ringSize - 1)) !== 0)
    throw new DriverError('BAD_OPTION', `${name}: ringSize is ${String(ringSize)}; expected a power of two`);
  return { mtu, queues, ringSize, interruptInterval, promiscuous, checksumOffload };
}

/** A client driver for one 82576 function. */
export class ReferenceDriver {
  /** The adapter that protocols attach to. */
  readonly adapter: NetAdapter;
  readonly #device: Device;
  readonly #settings: Settings;
  #started = false;
  #interrupts: Interrupts | undefined;
  #transmit: TransmitQueue[] = [];
  #receive: ReceiveQueue[] = [];

  /**
   * @param slot - the function and what its host gives
   * @param clock - every wait and every poll goes through it
   * @param options - what a user may set
   * @throws DriverError `WRONG_DEVICE`, `DEVICE_GONE` or `BAD_OPTION`
   */
  constructor(slot: PciSlot, clock: Clock, options: DriverOptions = {}) {
    const { name = slot.function.name } = options;
    this.#settings = settingsOf(name, options);
    this.#device = new Device(slot, clock);
    const { queues } = this.#settings;
    this.adapter = new NetAdapter({
      name,
      clock,
      queues: { transmit: queues, receive: queues },
      callbacks: {
        createTxQueue: (init) => {
          this.#createTxQueue(init);
        },
        createRxQueue: (init) => {
          this.#createRxQueue(init);
        },
      },
    });
    slot.onRemoval(() => {
      this.#linkChanged();
    });
  }

  /**
   * Brings the chip up and starts the adapter. The link comes up later; the adapter's link state tells.
   *
   * @throws DriverError `STARTED` when it is started already; any other code, or AdapterError or BusError, when the chip or
   * the adapter does not come up: everything is as before the start then
   */
  async start(): Promise<void> {
    if (this.#started) throw new DriverError('STARTED', `${this.adapter.name} is started; stop it first`);
    this.#started = true;
    try {
      await this.#bringUp();
    } catch (error) {
      const { removed } = this.#device;
      await this.stop();
      // Whatever step found it out first: a device that was pulled out is one error.
      throw removed
        ? new DriverError('DEVICE_GONE', `${this.adapter.name}: pulled out while it was started; ${String(error)}`)
        : error;
    }
  }

  async #bringUp(): Promise<void> {
    const { mtu, queues, interruptInterval, promiscuous, checksumOffload } = this.#settings;
    const device = this.#device;
    this.#transmit = [];
    this.#receive = [];
    await device.reset();
    const address = await readPermanentAddress(device);
    setStationAddress(device, address);
    this.#declareCapabilities(address);
    this.#interrupts = new Interrupts(device, queues, queues, interruptInterval, () => {
      this.#linkChanged();
    });
    device.write(RXCSUM, checksumOffload ? RXCSUM.IPOFL.mask | RXCSUM.TUOFL.mask : 0);
    this.adapter.start();
    enableReceive(device, mtu, promiscuous);
    device.write(TCTL, TCTL.EN.mask | TCTL.PSP.mask);
    this.#interrupts.enableOther();
    await startPhy(device);
    this.#linkChanged();
  }

  /**
   * Stops the adapter and quiets the chip. Frames that the chip was given are sent first, as long as the link is up and the
   * chip sends; what it does not send is given up and counted. Received buffers must have been released.
   *
   * @throws BufferError `STILL_HELD` when the protocol holds buffers: the chip is quiet then, their memory stays taken
   */
  async stop(): Promise<void> {
    const device = this.#device;
    // No more frames come in; those that the chip has are still shown.
    if (!device.gone) disableReceive(device);
    try {
      await this.adapter.stop();
    } finally {
      if (!device.gone) device.write(TCTL, TCTL.PSP.mask);
      this.#interrupts?.release();
      this.#interrupts = undefined;
      device.release();
      this.#started = false;
      this.#linkChanged();
    }
  }

  /** @returns what the queues counted besides the adapter's statistics, since the driver was started last */
  counters(): DriverCounters {
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const tx = this.#transmit.map((queue) => queue.counters);
    const rx = this.#receive.map((queue) => queue.counters);
    return {
      transmit: {
        invalidHeads: sum(tx.map((c) => c.invalidHeads)),
        contexts: sum(tx.map((c) => c.contexts)),
        unsent: sum(tx.map((c) => c.unsent)),
      },
      receive: { errors: sum(rx.map((c) => c.errors)), invalidLengths: sum(rx.map((c) => c.invalidLengths)) },
    };
  }

  /** Bytes of a buffer for the longest received frame, in steps that the chip knows. */
  get #longestFrame(): number {
    return Math.ceil((this.#settings.mtu + FRAME_OVERHEAD) / RX_BUFFER_GRANULARITY) * RX_BUFFER_GRANULARITY;
  }

  #declareCapabilities(address: Uint8Array): void {
    const { adapter } = this;
    const { mtu, ringSize, checksumOffload } = this.#settings;
    const dma = dmaCapabilities(this.#device.enabler);
    const hint = { fragmentRingNumberOfElementsHint: ringSize };
    adapter.setDatapathCapabilities(
      TxCapabilities.forDma(dma, TX_QUEUES, {
        ...hint,
        maximumNumberOfFragments: Math.min(MAXIMUM_FRAGMENTS, ringSize - 1),
        virtualAddress: false, // the chip finds every byte by its logical address
      }),
      RxCapabilities.systemManagedDma(dma, this.#longestFrame, RX_QUEUES, {
        ...hint,
        fragmentBufferAlignment: 64,
        virtualAddress: false,
        bufferSizes: {
          granularity: RX_BUFFER_GRANULARITY,
          minimum: RX_BUFFER_GRANULARITY,
          maximum: MAXIMUM_BUFFER,
          maximumFragments: Math.min(MAXIMUM_FRAGMENTS, ringSize - 1),
        },
      }),
    );
    adapter.setLinkLayerCapabilities(GIGABIT);
    adapter.setLinkLayerMtuSize(mtu);
    adapter.setPermanentLinkLayerAddress(address);
    if (checksumOffload) {
      const layers = { ipv4: true, tcp: true, udp: true };
      adapter.setOffloadCapabilities({
        txChecksum: { ...layers, layer4HeaderOffsetLimit: 127 + 511 },
        rxChecksum: layers,
      });
    }
  }

  #createTxQueue(init: QueueInit<TxQueue>): void {
    init.create((queue) => {
      const transmit = new TransmitQueue(this.#device, queue, (handler) => this.#connect('tx', queue.id, handler));
      this.#transmit.push(transmit);
      return transmit;
    });
  }

  #createRxQueue(init: QueueInit<RxQueue>): void {
    init.create((queue) => {
      const receive = new ReceiveQueue(this.#device, queue, (handler) => this.#connect('rx', queue.id, handler));
      this.#receive.push(receive);
      return receive;
    });
  }

  #connect(direction: 'rx' | 'tx', queue: number, handler: () => void): (enabled: boolean) => void {
    const interrupts = this.#interrupts;
    if (interrupts === undefined)
      throw new DriverError(
        'DEVICE_GONE',
        `${this.adapter.name}: a queue cannot be created before interrupts are set up`,
      );
    return interrupts.connectQueue(direction, queue, handler);
  }

  #linkChanged(): void {
    this.adapter.setLinkState(readLinkState(this.#device));
  }
}
