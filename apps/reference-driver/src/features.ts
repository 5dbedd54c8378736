/*
 * What the driver sets up in the chip besides queues and interrupts: address filter, flow control, receive scaling, offloads and
 * clock. A reset makes the chip forget all of it; what was asked for is remembered here, and `program` brings it back.
 */

import type { Device } from './device.ts';
import { Filter, USUAL_KINDS } from './filter.ts';
import { FlowControl } from './flow-control.ts';
import { OffloadSwitches } from './offload.ts';
import { Rss } from './rss.ts';
import type { Settings } from './settings.ts';
import { HardwareClock } from './timestamp.ts';

/** The features of one chip. */
export class Features {
  /** Which frames come in. */
  readonly filter: Filter;
  /** Who may ask whom to be silent. */
  readonly flow: FlowControl;
  /** Which queue a frame comes in by. */
  readonly rss: Rss;
  /** What the chip does of checksums, segmentation and tags. */
  readonly offloads: OffloadSwitches;
  /** The chip's clock, where time stamps were asked for. */
  readonly clock: HardwareClock | undefined;
  readonly #maximumMtu: number;

  /**
   * @param device - the chip
   * @param settings - what of it is used
   * @param agreed - told when both ends of the link may have agreed on something else
   */
  constructor(device: Device, settings: Settings, agreed: () => void) {
    const { flowControl, promiscuous, vlans, timestamps, maximumMtu } = settings;
    this.filter = new Filter(device, flowControl === 'receive' || flowControl === 'both');
    this.filter.keep({ ...USUAL_KINDS, promiscuous }, vlans);
    this.flow = new FlowControl(device, flowControl, agreed);
    this.rss = new Rss(device);
    this.offloads = new OffloadSwitches(device);
    this.clock = timestamps ? new HardwareClock(device) : undefined;
    this.#maximumMtu = maximumMtu;
  }

  /** After a reset: everything is as it was asked for. */
  program(): void {
    this.filter.program();
    this.flow.program(this.#maximumMtu);
    this.rss.program();
    this.offloads.program();
    this.clock?.start();
  }
}
