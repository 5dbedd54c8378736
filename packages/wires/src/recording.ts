/*
 * A capture of everything that arrives at either end of a link, with the clock's times, in pcapng. Written as it happens
 * and without waiting: what was recorded is in the file even if nobody closes it.
 */

import { closeSync, openSync, writeSync } from 'node:fs';
import { PcapngWriter } from '@netcx/pcap';
import type { LinkTap } from '@netcx/hardware';
import { forEachFrame } from './frame-list.ts';
import { messageOf, WireError } from './wire-error.ts';

/** What a recording is made with. */
export interface RecordingOptions {
  /** Name of the file; what was there is replaced. */
  readonly file: string;
  /** Nanoseconds from 1970 to the clock's zero. */
  readonly epoch: bigint;
  /** Mbit/s. */
  readonly speed: number;
  /** Told once when the file takes no more. */
  readonly failed: (message: string) => void;
}

/** A capture file that grows. */
export class Recording {
  /** Told of what arrives: see `Link.tap`. */
  readonly tap: LinkTap;
  readonly #file: string;
  #failed: (message: string) => void;
  readonly #writer: PcapngWriter;
  #descriptor: number | undefined;
  #recorded = 0;
  #missed = 0;

  /**
   * @param options - file, times
   * @throws WireError `FILE` when there can be no such file, or it takes nothing
   */
  constructor(options: RecordingOptions) {
    const { file, epoch, speed } = options;
    this.#file = file;
    try {
      this.#descriptor = openSync(file, 'w');
    } catch (error) {
      throw new WireError('FILE', `pcap: expected a place for a file at ${file}: ${messageOf(error)}`, error);
    }
    let refusal = '';
    this.#failed = (message) => {
      refusal = message;
    };
    this.#writer = new PcapngWriter((chunk) => this.#write(chunk), { application: 'netcx' });
    this.#writer.addInterface({ name: 'wire', speed: BigInt(speed) * 1_000_000n });
    this.#writer.flush();
    if (refusal !== '') throw new WireError('FILE', refusal);
    this.#failed = options.failed;
    this.tap = (direction, offset, frames, time) => {
      const timestamp = epoch + BigInt(time);
      // Seen from the NIC at the end a.
      const way = direction === 'aToB' ? 'outbound' : 'inbound';
      const bad = forEachFrame(offset, frames, (frame) => {
        if (this.#descriptor === undefined) {
          this.#missed++;
          return;
        }
        this.#writer.write({ timestamp, data: frame, direction: way });
        this.#recorded++;
      });
      this.#missed += bad;
      if (this.#descriptor !== undefined) this.#writer.flush();
    };
  }

  /** Frames in the file, and frames that are not: with a wrong check sequence, or once the file took no more. */
  get counters(): { readonly recorded: number; readonly missed: number } {
    return { recorded: this.#recorded, missed: this.#missed };
  }

  /** Ends the file. */
  close(): void {
    if (this.#descriptor === undefined) return;
    this.#writer.close();
    this.#shut();
  }

  #write(chunk: Uint8Array): void {
    try {
      for (let at = 0; this.#descriptor !== undefined && at < chunk.length;) {
        at += writeSync(this.#descriptor, chunk, at);
      }
    } catch (error) {
      this.#shut();
      this.#failed(`pcap: ${this.#file} takes no more: ${messageOf(error)}`);
    }
  }

  #shut(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
