/*
 * What the chip itself counts (nic-82576 reference §2): frames that never reached a ring are found here and nowhere else.
 * Its counters are 32 bits wide and reading clears them, so they are added up; octets are pairs, low half first. A reset
 * clears them, too: they are collected before it.
 */

import { REGISTERS, RX_QUEUES } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';

const R = REGISTERS;
type Place = Parameters<Device['read']>[0];

/** Counters of the chip since the driver was made. Octets include the four bytes of frame check sequence. */
export interface HardwareCounters {
  /** Good frames received, and what was wrong with others. */
  readonly receive: {
    readonly frames: number;
    readonly octets: number;
    readonly broadcasts: number;
    readonly multicasts: number;
    /** Lost because the packet buffer was full. */
    readonly missed: number;
    /** Lost because their queue had no descriptor, where the queue may drop. */
    readonly dropped: number;
    /** Found no descriptor at first. */
    readonly noBuffers: number;
    readonly crcErrors: number;
    readonly lengthErrors: number;
    readonly undersize: number;
    readonly oversize: number;
    readonly fragments: number;
    readonly jabbers: number;
  };
  /** Good frames sent. */
  readonly transmit: {
    readonly frames: number;
    readonly octets: number;
    readonly broadcasts: number;
    readonly multicasts: number;
    /** Packets that left in segments. */
    readonly segmented: number;
    /** Frames that are too long for any wire. */
    readonly discarded: number;
  };
  /** Frames that asked a partner to stop or to go on. */
  readonly pause: {
    readonly sentOff: number;
    readonly sentOn: number;
    readonly receivedOff: number;
    readonly receivedOn: number;
  };
  /** Interrupts. */
  readonly interrupts: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends object ? Mutable<T[K]> : T[K] };

const none = (): Mutable<HardwareCounters> => ({
  receive: {
    frames: 0,
    octets: 0,
    broadcasts: 0,
    multicasts: 0,
    missed: 0,
    dropped: 0,
    noBuffers: 0,
    crcErrors: 0,
    lengthErrors: 0,
    undersize: 0,
    oversize: 0,
    fragments: 0,
    jabbers: 0,
  },
  transmit: { frames: 0, octets: 0, broadcasts: 0, multicasts: 0, segmented: 0, discarded: 0 },
  pause: { sentOff: 0, sentOn: 0, receivedOff: 0, receivedOn: 0 },
  interrupts: 0,
});

/** Adds up what the chip counts. */
export class HardwareStatistics {
  readonly #device: Device;
  readonly #total = none();

  /**
   * @param device - the device
   */
  constructor(device: Device) {
    this.#device = device;
  }

  /** @returns everything that the chip has counted up to now; what it had counted before it was gone, when it is */
  collect(): HardwareCounters {
    if (!this.#device.gone) this.#add();
    const { receive, transmit, pause, interrupts } = this.#total;
    return { receive: { ...receive }, transmit: { ...transmit }, pause: { ...pause }, interrupts };
  }

  #add(): void {
    const device = this.#device;
    const { receive, transmit, pause } = this.#total;
    receive.frames += device.read(R.GPRC);
    receive.octets += this.#octets(R.GORCL, R.GORCH);
    receive.broadcasts += device.read(R.BPRC);
    receive.multicasts += device.read(R.MPRC);
    receive.missed += device.read(R.MPC);
    for (let queue = 0; queue < RX_QUEUES; queue++) receive.dropped += device.read(R.RQDPC, queue);
    receive.noBuffers += device.read(R.RNBC);
    receive.crcErrors += device.read(R.CRCERRS);
    receive.lengthErrors += device.read(R.RLEC);
    receive.undersize += device.read(R.RUC);
    receive.oversize += device.read(R.ROC);
    receive.fragments += device.read(R.RFC);
    receive.jabbers += device.read(R.RJC);
    transmit.frames += device.read(R.GPTC);
    transmit.octets += this.#octets(R.GOTCL, R.GOTCH);
    transmit.broadcasts += device.read(R.BPTC);
    transmit.multicasts += device.read(R.MPTC);
    transmit.segmented += device.read(R.TSCTC);
    transmit.discarded += device.read(R.HTDPMC);
    pause.sentOff += device.read(R.XOFFTXC);
    pause.sentOn += device.read(R.XONTXC);
    pause.receivedOff += device.read(R.XOFFRXC);
    pause.receivedOn += device.read(R.XONRXC);
    this.#total.interrupts += device.read(R.IAC);
  }

  #octets(low: Place, high: Place): number {
    const lower = this.#device.read(low);
    return lower + this.#device.read(high) * 2 ** 32;
  }
}
