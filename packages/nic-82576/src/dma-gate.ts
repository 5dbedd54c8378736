/*
 * Between the DMA port and the function, while a fault counts memory accesses: every one of them passes here, so that the
 * device can be gone after exactly so many. At other times the port sees the function itself, and nothing is counted.
 */

import type { Direction, DmaDomain, DmaFault, ForeignMemory, LogicalAddress, MapLimits } from '@netcx/dma';
import type { BusMaster, DmaPort } from '@netcx/hardware';

/** The function as its DMA port sees it. */
export class DmaGate implements BusMaster {
  /** Nothing lies in plain sight: each access is asked for. */
  readonly directLimit = 0;
  readonly #device: BusMaster;
  readonly #port: DmaPort;
  readonly #counted: CountedDomain;
  #left = 0;
  #over: (() => void) | undefined;
  #shut = false;

  /**
   * @param device - whose memory accesses pass
   * @param port - where they come from
   */
  constructor(device: BusMaster, port: DmaPort) {
    this.#device = device;
    this.#port = port;
    this.#counted = new CountedDomain(() => this.#count());
  }

  get busMaster(): boolean {
    return this.#device.busMaster === true && this.#shut !== true;
  }

  get dma(): DmaDomain | undefined {
    const { dma } = this.#device;
    if (dma === undefined) return undefined;
    this.#counted.inner = dma;
    return this.#counted;
  }

  /**
   * Lets so many accesses pass and none after them.
   *
   * @param accesses - how many, 1 or more
   * @param over - called with the last one, before it is carried out
   */
  shutAfter(accesses: number, over: () => void): void {
    this.#left = accesses;
    this.#over = over;
    this.#port.reroute(this);
  }

  /** Counts no more, and lets everything pass. */
  open(): void {
    this.#over = undefined;
    this.#shut = false;
    this.#port.reroute(this.#device);
  }

  #count(): void {
    if (this.#over === undefined || --this.#left > 0) return;
    this.#shut = true;
    this.#over();
  }
}

/** A domain in which nothing goes unseen. */
class CountedDomain implements DmaDomain {
  inner: DmaDomain | undefined;
  /** Nothing lies in plain sight: each access is asked for. */
  readonly directLimit = 0;
  readonly #counted: () => void;

  constructor(counted: () => void) {
    this.#counted = counted;
  }

  get foreign(): ForeignMemory | undefined {
    const foreign = this.inner?.foreign;
    if (foreign === undefined) return undefined;
    return {
      reaches: (...place) => foreign.reaches(...place),
      read: (...access) => {
        const done = foreign.read(...access);
        this.#counted();
        return done;
      },
      write: (...access) => {
        const done = foreign.write(...access);
        this.#counted();
        return done;
      },
    };
  }

  get faultCount(): number {
    return this.inner?.faultCount ?? 0;
  }

  get faults(): readonly DmaFault[] {
    return this.inner?.faults ?? [];
  }

  translate(low: number, high: number, length: number, access: 'read' | 'write'): number {
    const offset = this.inner?.translate(low, high, length, access) ?? -1;
    this.#counted();
    return offset;
  }

  map(offset: number, length: number, direction: Direction, limits: MapLimits): LogicalAddress {
    return this.#domain.map(offset, length, direction, limits);
  }

  unmap(address: LogicalAddress, length: number): void {
    this.#domain.unmap(address, length);
  }

  get #domain(): DmaDomain {
    if (this.inner === undefined) throw new Error('a function that is not plugged in maps nothing');
    return this.inner;
  }
}
