/*
 * What the chip does to every frame, as the adapter's offloads are turned on and off: it judges checksums (RXCSUM), and takes
 * tags out and puts them in (CTRL.VME). What it does to single frames, descriptors say (tx-packet.ts). Follows nic-82576
 * reference §2.
 */

import type { ChecksumSwitches, TagSwitches } from '@netcx/adapter';
import { REGISTERS } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import { handleTags } from './vlan.ts';

const { RXCSUM } = REGISTERS;

/** The chip's switches, which a reset turns off and this object does not forget. */
export class OffloadSwitches {
  readonly #device: Device;
  #checksums = 0;
  #tags = false;

  /**
   * @param device - the device
   */
  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * @param enabled - checksums that received frames are to be judged by: one bit stands for IPv4's, one for all others
   */
  readonly judgeChecksums = (enabled: ChecksumSwitches): void => {
    const { ipv4, tcpIPv4, tcpIPv6, udpIPv4, udpIPv6 } = enabled;
    const layer4 = tcpIPv4 || tcpIPv6 || udpIPv4 || udpIPv6;
    this.#checksums = (ipv4 ? RXCSUM.IPOFL.mask : 0) | (layer4 ? RXCSUM.TUOFL.mask : 0);
    this.#writeChecksums();
  };

  /**
   * @param enabled - what of tags is taken out and put in: the chip knows whole tags only
   */
  readonly handleTags = (enabled: TagSwitches): void => {
    this.#tags = enabled.priority || enabled.vlan;
    handleTags(this.#device, this.#tags);
  };

  /** Writes everything anew: the chip comes out of a reset. */
  program(): void {
    this.#writeChecksums();
    handleTags(this.#device, this.#tags);
  }

  #writeChecksums(): void {
    // PCSD: descriptors carry the hash where they could carry a sum of fragments. QEMU's chip has no RSS without it.
    this.#device.write(RXCSUM, this.#checksums | RXCSUM.PCSD.mask);
  }
}
