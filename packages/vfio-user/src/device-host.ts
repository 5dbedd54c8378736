/*
 * The host of one function, as far as vfio-user makes it one: regions that are read and written at any offset and size,
 * memory that is somewhere else, and interrupts that end in event descriptors. As a kernel's vfio driver does, it programs
 * the function's MSI-X table itself: entry n writes n to an address that nothing else has, and is masked while nobody asked
 * for it. So any model can be served without knowing of this protocol.
 */

import {
  CapabilityId,
  Configuration,
  findCapability,
  Msi,
  Msix,
  MSIX_ENTRY_BYTES,
  MsixEntry,
  sizeBars,
  type AccessSize,
  type PciEndpoint,
  type PciFunction,
} from '@netcx/bus';
import { ForeignDomain } from '@netcx/dma';
import { ConfigView } from './config-view.ts';
import { Errno, Refusal } from './errno.ts';
import { Interrupts } from './interrupts.ts';
import { IrqIndex, Region, RegionFlag } from './protocol.ts';

const { INTERRUPT } = Configuration;
const { MSI_CONTROL } = Msi;
const { MSIX_CONTROL, MSIX_TABLE } = Msix;
/** Where the MSI-X entries point: what the function writes there is the vector's number. */
const VECTOR_ADDRESS = 0xfee0_0000;
const CONFIG_BYTES = 4096;

/** What the peer may know of the function. */
export interface DeviceHostOptions {
  /** Whether the function's MSI and MSI-X capabilities are hidden, so that its driver has nothing but the INTx pin. */
  readonly intxOnly?: boolean;
}

/** A region as the peer sees it. */
export interface RegionInfo {
  /** Bytes; 0 when there is none. */
  readonly size: number;
  /** `RegionFlag` bits. */
  readonly flags: number;
}

/** One function and what hosts it. */
export class DeviceHost {
  /** What the function reaches: pieces of memory come and go in its table. */
  readonly domain: ForeignDomain;
  /** Its interrupts. */
  readonly interrupts: Interrupts;
  readonly #endpoint: PciEndpoint;
  readonly #config: ConfigView;
  readonly #sizes: readonly number[];
  readonly #vectors: number;
  readonly #table: { readonly bar: number; readonly offset: number } | undefined;
  readonly #msix: number | undefined;
  readonly #msi: number | undefined;
  #gone = false;

  /**
   * @param endpoint - the function, not plugged in anywhere else
   * @param options - what the peer may know of it
   */
  constructor(endpoint: PciEndpoint, options: DeviceHostOptions = {}) {
    const { intxOnly = false } = options;
    this.#endpoint = endpoint;
    this.domain = new ForeignDomain();
    endpoint.connect({
      dma: this.domain,
      writeMessage: (addressLow, addressHigh, data) => this.#writeMessage(addressLow, addressHigh, data),
      setIntx: (asserted) => this.interrupts.setPin(asserted),
    });
    const fn: PciFunction = {
      name: 'vfio-user',
      readConfig: (offset, size) => endpoint.readConfig(offset, size),
      writeConfig: (offset, size, value) => endpoint.writeConfig(offset, size, value),
      read32: (bar, offset) => endpoint.read32(bar, offset),
      write32: (bar, offset, value) => endpoint.write32(bar, offset, value),
    };
    const sizes = new Array<number>(Region.COUNT).fill(0);
    for (const { index, size } of sizeBars(fn)) sizes[index] = size;
    sizes[Region.CONFIG] = CONFIG_BYTES;
    this.#sizes = sizes;
    this.#config = new ConfigView(endpoint, intxOnly ? [CapabilityId.msi, CapabilityId.msix] : []);
    this.#msix = intxOnly ? undefined : findCapability(fn, CapabilityId.msix);
    this.#msi = intxOnly ? undefined : findCapability(fn, CapabilityId.msi);
    this.#vectors = this.#msix === undefined ? 0 : MSIX_CONTROL.LAST.get(endpoint.readConfig(this.#msix, 4)) + 1;
    const table = this.#msix === undefined ? undefined : endpoint.readConfig(this.#msix + MSIX_TABLE.offset, 4);
    this.#table = table === undefined ? undefined : { bar: MSIX_TABLE.BAR.get(table), offset: (table & ~7) >>> 0 };
    const messages = this.#msi === undefined ? 0 : 1 << MSI_CONTROL.CAPABLE.get(endpoint.readConfig(this.#msi, 4));
    const pins = INTERRUPT.PIN.get(endpoint.readConfig(INTERRUPT.offset, 4)) === 0 ? 0 : 1;
    const counts = [pins, messages, this.#vectors];
    this.interrupts = new Interrupts(counts, (index) => {
      if (index === IrqIndex.MSIX) this.#programVectors();
    });
  }

  /** Whether the function was pulled out. */
  get gone(): boolean {
    return this.#gone;
  }

  /**
   * @param index - which region
   * @returns what it is
   * @throws Refusal EINVAL for no region
   */
  region(index: number): RegionInfo {
    const size = this.#sizes[index];
    if (size === undefined) throw new Refusal(Errno.EINVAL, `there is no region ${String(index)}`);
    return { size, flags: size === 0 ? 0 : RegionFlag.READ | RegionFlag.WRITE };
  }

  /**
   * The peer reads.
   *
   * @param index - which region
   * @param offset - its first byte
   * @param target - filled with what is there; all ones once the function is gone
   * @throws Refusal EINVAL outside the region
   */
  read(index: number, offset: number, target: Uint8Array): void {
    this.#check(index, offset, target.length);
    if (this.#gone) target.fill(0xff);
    else if (index === Region.CONFIG) this.#config.read(offset, target);
    else {
      let value = 0;
      for (let byte = 0; byte < target.length; byte++) {
        const at = offset + byte;
        if (byte === 0 || (at & 3) === 0) value = this.#endpoint.read32(index, at & ~3);
        target[byte] = value >>> ((at & 3) * 8);
      }
    }
  }

  /**
   * The peer writes. A register that is written in part gets zeros in its other bytes: it has no byte enables.
   *
   * @param index - which region
   * @param offset - its first byte
   * @param source - what is written
   * @throws Refusal EINVAL outside the region
   */
  write(index: number, offset: number, source: Uint8Array): void {
    this.#check(index, offset, source.length);
    if (this.#gone) return;
    if (index === Region.CONFIG) {
      pieces(offset, source.length, (at, size) => {
        this.#endpoint.writeConfig(at, size, littleEndian(source, at - offset, size));
      });
      // Decoding may have been switched on, or a reset may have masked everything.
      this.#programVectors();
      return;
    }
    let value = 0;
    for (let byte = 0; byte < source.length; byte++) {
      const at = offset + byte;
      if (byte === 0 || (at & 3) === 0) value = 0;
      value |= source[byte]! << ((at & 3) * 8);
      if ((at & 3) === 3 || byte === source.length - 1) this.#endpoint.write32(index, at & ~3, value >>> 0);
    }
  }

  /** The function is reset; memory and interrupts stay as the peer has set them. */
  reset(): void {
    if (this.#gone) return;
    this.#endpoint.reset();
    this.#programVectors();
  }

  /** The function is pulled out without warning, for good. */
  remove(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#endpoint.removed();
  }

  /** The peer is gone: nothing of its memory or of its interrupts is left, and the function is reset. */
  detach(): void {
    this.domain.regions.clear();
    this.interrupts.clear();
    this.reset();
  }

  #check(index: number, offset: number, length: number): void {
    const { size } = this.region(index);
    if (length > 0 && offset + length <= size) return;
    throw new Refusal(
      Errno.EINVAL,
      `${String(length)} bytes at 0x${offset.toString(16)} of region ${String(index)}, which has ${String(size)}`,
    );
  }

  #writeMessage(addressLow: number, addressHigh: number, data: number): void {
    const enabled = (capability: number | undefined, mask: number): boolean =>
      capability !== undefined && (this.#endpoint.readConfig(capability, 4) & mask) !== 0;
    if (enabled(this.#msix, MSIX_CONTROL.ENABLE.mask)) {
      const ours = addressLow >>> 0 === VECTOR_ADDRESS && addressHigh === 0;
      this.interrupts.fire(IrqIndex.MSIX, ours ? data : this.#vectors);
    } else if (this.#msi !== undefined && enabled(this.#msi, MSI_CONTROL.ENABLE.mask)) {
      const granted = 1 << MSI_CONTROL.ENABLED.get(this.#endpoint.readConfig(this.#msi, 4));
      this.interrupts.fire(IrqIndex.MSI, data & (granted - 1));
    }
  }

  #programVectors(): void {
    if (this.#table === undefined || this.#gone) return;
    const { bar, offset } = this.#table;
    const write = (at: number, value: number): void => this.#endpoint.write32(bar, at, value);
    for (let vector = 0; vector < this.#vectors; vector++) {
      const entry = offset + vector * MSIX_ENTRY_BYTES;
      const wanted = this.interrupts.wanted(IrqIndex.MSIX, vector);
      if (!wanted) write(entry + MsixEntry.CONTROL.offset, 1);
      write(entry + MsixEntry.ADDRESS_LOW.offset, VECTOR_ADDRESS);
      write(entry + MsixEntry.ADDRESS_HIGH.offset, 0);
      write(entry + MsixEntry.DATA.offset, vector);
      if (wanted) write(entry + MsixEntry.CONTROL.offset, 0);
    }
  }
}

/** Cuts a range into accesses that configuration space knows: 1, 2 or 4 bytes, each at a multiple of its size. */
function pieces(offset: number, length: number, visit: (at: number, size: AccessSize) => void): void {
  for (let at = offset; at < offset + length;) {
    const left = offset + length - at;
    const size: AccessSize = (at & 3) === 0 && left >= 4 ? 4 : (at & 1) === 0 && left >= 2 ? 2 : 1;
    visit(at, size);
    at += size;
  }
}

function littleEndian(bytes: Uint8Array, at: number, size: AccessSize): number {
  let value = 0;
  for (let byte = 0; byte < size; byte++) value |= bytes[at + byte]! << (byte * 8);
  return value >>> 0;
}
