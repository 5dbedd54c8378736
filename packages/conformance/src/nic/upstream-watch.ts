/*
 * Stands between a NIC and its bus and takes down everything that the NIC does there: accesses to memory, messages, and
 * the level of its pin. It changes nothing; every access is translated one by one, so that none goes unseen.
 */

import type { AccessSize, PciEndpoint, Upstream } from '@netcx/bus';
import type { Direction, DmaDomain, DmaFault, LogicalAddress, MapLimits } from '@netcx/dma';

/** A memory write that is an interrupt message. */
export interface Message {
  readonly addressLow: number;
  readonly addressHigh: number;
  readonly data: number;
}

/** A domain whose every translation is counted. */
class WatchedDomain implements DmaDomain {
  /** None: a device that takes the short way would not be seen. */
  readonly directLimit = 0;
  accesses = 0;
  readonly #domain: DmaDomain;

  constructor(domain: DmaDomain) {
    this.#domain = domain;
  }

  get faultCount(): number {
    return this.#domain.faultCount;
  }

  get faults(): readonly DmaFault[] {
    return this.#domain.faults;
  }

  translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
    this.accesses++;
    return this.#domain.translate(low, high, length, access);
  }

  map(offset: number, length: number, direction: Direction, limits: MapLimits): LogicalAddress {
    return this.#domain.map(offset, length, direction, limits);
  }

  unmap(address: LogicalAddress, length: number): void {
    this.#domain.unmap(address, length);
  }
}

/** A NIC with its doings on the bus taken down. */
export class WatchedEndpoint implements PciEndpoint {
  /** The messages that it wrote, oldest first. */
  readonly messages: Message[] = [];
  /** Changes of its INTx pin. */
  pinChanges = 0;
  readonly #endpoint: PciEndpoint;
  #domain: WatchedDomain | undefined;

  /**
   * @param endpoint - the NIC
   */
  constructor(endpoint: PciEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Accesses to memory that it has tried. */
  get accesses(): number {
    return this.#domain?.accesses ?? 0;
  }

  /** Accesses to memory, messages and changes of the pin, all together. */
  get doings(): number {
    return this.accesses + this.messages.length + this.pinChanges;
  }

  connect(upstream: Upstream): void {
    const domain = new WatchedDomain(upstream.dma);
    this.#domain = domain;
    this.#endpoint.connect({
      dma: domain,
      writeMessage: (addressLow, addressHigh, data) => {
        this.messages.push({ addressLow, addressHigh, data });
        upstream.writeMessage(addressLow, addressHigh, data);
      },
      setIntx: (asserted) => {
        this.pinChanges++;
        upstream.setIntx(asserted);
      },
    });
  }

  readConfig(offset: number, size: AccessSize): number {
    return this.#endpoint.readConfig(offset, size);
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    this.#endpoint.writeConfig(offset, size, value);
  }

  read32(bar: number, offset: number): number {
    return this.#endpoint.read32(bar, offset);
  }

  write32(bar: number, offset: number, value: number): void {
    this.#endpoint.write32(bar, offset, value);
  }

  reset(): void {
    this.#endpoint.reset();
  }

  removed(): void {
    this.#endpoint.removed();
  }
}
