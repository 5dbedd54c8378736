/*
 * NETADAPTER_INIT: what a driver fills in before it makes an adapter, for drivers that are written the original's way
 * (reference netadaptercx §5.2). One init makes one adapter, and is freed afterwards; `new NetAdapter` does the same in one step.
 */

import { NetAdapter } from '../net-adapter.ts';
import type { NetAdapterOptions } from '../net-adapter-options.ts';
import { checkMediaExtension, type MediaExtension } from '../power/media-extension.ts';
import type { AdapterCallbacks } from '../queue-creation.ts';
import type { TxDemuxConfig } from '../tx-demux/tx-demux.ts';
import { violation } from '../verifier/violation.ts';
import { checkCallbacks } from './default-datapath.ts';
import type { NetDevice } from './net-device.ts';

/** What an adapter is made from. */
export class NetAdapterInit {
  readonly #device: NetDevice;
  readonly #lightweight: boolean;
  readonly #extensions: MediaExtension[] = [];
  readonly #demuxes: TxDemuxConfig[] = [];
  #callbacks: AdapterCallbacks | undefined;
  #created: NetAdapter | undefined;
  #freed = false;

  private constructor(device: NetDevice, lightweight: boolean) {
    this.#device = device;
    this.#lightweight = lightweight;
  }

  /**
   * NetAdapterInitAllocate.
   *
   * @param device - the device that the adapter will be one of
   * @returns an init, to be freed
   */
  static allocate(device: NetDevice): NetAdapterInit {
    return new NetAdapterInit(device, false);
  }

  /**
   * NetAdapterLightweightInitAllocate.
   *
   * @param device - the device that the adapter will be one of
   * @returns an init for an adapter without a data path of its driver's, to be freed
   */
  static allocateLightweight(device: NetDevice): NetAdapterInit {
    return new NetAdapterInit(device, true);
  }

  /**
   * @param callbacks - both callbacks that create queues; without, the adapter has the default data path
   * @throws ViolationError 0x26 when one is missing, or the adapter is a lightweight one; 0x27, 0x28
   */
  setDatapathCallbacks(callbacks: AdapterCallbacks): void {
    this.#requireUnused('setDatapathCallbacks');
    const { name } = this.#device;
    if (this.#lightweight)
      throw violation(0x26, `${name}: a lightweight adapter has no data path of its driver's`, { object: name });
    checkCallbacks(name, callbacks);
    this.#callbacks = callbacks;
  }

  /**
   * @param extension - for the adapter's kind of medium: must want the adapter started, too, and says what of the medium wakes it
   * @throws ViolationError 0x4F or 0x58 for flags that the medium does not have; 0x27, 0x28
   */
  addExtension(extension: MediaExtension): void {
    this.#requireUnused('addExtension');
    checkMediaExtension(extension);
    this.#extensions.push({ ...extension });
  }

  /**
   * NetAdapterInitAddTxDemux.
   *
   * @param config - what the adapter's transmit queues are told apart by
   * @throws ViolationError 0x27, 0x28
   */
  addTxDemux(config: TxDemuxConfig): void {
    this.#requireUnused('addTxDemux');
    this.#demuxes.push(config);
  }

  /**
   * NetAdapterCreate.
   *
   * @param options - what else the adapter is made from
   * @returns the adapter
   * @throws ViolationError 0x27 after `free`; 0x28 for a second adapter; what `new NetAdapter` and `txDemux.add` throw
   */
  createAdapter(options: Omit<NetAdapterOptions, 'callbacks' | 'device'>): NetAdapter {
    this.#requireUnused('createAdapter');
    const adapter = new NetAdapter({
      ...options,
      device: this.#device,
      ...(this.#callbacks === undefined ? {} : { callbacks: this.#callbacks }),
    });
    this.#created = adapter;
    for (const config of this.#demuxes) adapter.txDemux.add(config);
    for (const extension of this.#extensions) {
      adapter.power.addMediaExtension(extension);
      adapter.requestor(extension.name);
    }
    return adapter;
  }

  /**
   * NetAdapterInitGetCreatedAdapter.
   *
   * @returns the adapter that was made from it; `undefined` before that
   * @throws ViolationError 0x27 after `free`
   */
  get createdAdapter(): NetAdapter | undefined {
    this.#requireAllocated('createdAdapter');
    return this.#created;
  }

  /**
   * NetAdapterInitFree: also after the adapter was made.
   *
   * @throws ViolationError 0x27 the second time
   */
  free(): void {
    this.#requireAllocated('free');
    this.#freed = true;
  }

  #requireAllocated(what: string): void {
    const { name } = this.#device;
    if (this.#freed) throw violation(0x27, `${name}: ${what} of an init that was freed`, { object: name, found: what });
  }

  #requireUnused(what: string): void {
    this.#requireAllocated(what);
    const { name } = this.#device;
    if (this.#created !== undefined)
      throw violation(0x28, `${name}: ${what} of an init that made ${this.#created.name} already`, {
        object: name,
        found: what,
      });
  }
}
