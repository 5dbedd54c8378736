/*
 * One replay on one machine, from start to end: paces the frames, sends them, compares what arrives, and counts. The
 * machine is its own from `start` on: `finish` stops the drivers and takes it apart, whatever happened before.
 */

import type { AdapterStatistics } from '@netcx/adapter';
import { FrameDescriptor, type Protocol } from '@netcx/adapter/edge';
import { MICROSECOND, MILLISECOND, SECOND, type Random, type VirtualClock } from '@netcx/clock';
import { i32, u8 } from '@netcx/dma/memory';
import { DriverError } from '../driver-error.ts';
import type { Machine } from '../machine.ts';
import { ReplayChecker } from './checker.ts';
import type { ReplayFrame, ReplayOptions } from './options.ts';
import type { Difference, ReplayReport } from './report.ts';
import { ReplaySender } from './sender.ts';

/** Bytes of a frame that are not its payload. */
export const ETHERNET_HEADER_BYTES = 14;
/** How long the link may take to come up. */
const LINK_LIMIT = 10 * SECOND;
/** With frames on their way and none arriving for this long, they are lost. */
const STALL_LIMIT = SECOND;
/** Time for what nobody expects to arrive, once everything else has. */
const SETTLE_TIME = MILLISECOND;
/** Distances in a capture longer than this are shortened to it: nothing happens in them. */
const LONGEST_GAP = SECOND;
const PROGRESS_EVERY = 512;

/** One replay from start to end. */
export class ReplayRun {
  readonly #clock: VirtualClock;
  readonly #machine: Machine;
  readonly #longest: number;
  readonly #options: ReplayOptions;
  readonly #checker = new ReplayChecker();
  readonly #began = performance.now();
  readonly #random: Random;
  #sender: ReplaySender | undefined;
  #read = 0;
  #tooLong = 0;
  #empty = 0;
  #sentBytes = 0;
  #receivedBytes = 0;
  #lastTimestamp: bigint | undefined;
  /** When the next frame is due, in the machine's time. */
  #due = 0;
  /** What the callback for received frames threw first. */
  #callbackFailure: { readonly error: unknown } | undefined;

  /**
   * @param clock - the machine's time
   * @param machine - frames go from its station a to its station b; not started
   * @param longest - bytes of the longest frame that its NICs send
   * @param options - timing, and who wants to see what arrives
   */
  constructor(clock: VirtualClock, machine: Machine, longest: number, options: ReplayOptions) {
    this.#clock = clock;
    this.#machine = machine;
    this.#longest = longest;
    this.#options = options;
    this.#random = clock.random('replay timing');
  }

  /**
   * Starts both drivers and waits for the link.
   *
   * @throws DriverError or whatever else keeps the machine from coming up; it is taken apart then
   */
  async start(): Promise<void> {
    try {
      await this.#bringUp();
    } catch (error) {
      await this.#takeApart();
      throw error;
    }
  }

  async #bringUp(): Promise<void> {
    const { a, b } = this.#machine;
    b.driver.adapter.attachProtocol(this.#receiver());
    // One after the other, so that a failure of one leaves no start of the other behind.
    for (const station of [a, b]) await this.#clock.drive(station.driver.start());
    const limit = this.#clock.now() + LINK_LIMIT;
    while (!a.driver.adapter.linkState.connected || !b.driver.adapter.linkState.connected) {
      if (this.#clock.now() > limit) throw new DriverError('TIMEOUT', 'the link between the two NICs did not come up');
      this.#clock.advance(MILLISECOND);
    }
    this.#sender = new ReplaySender(a.driver.adapter);
    this.#due = this.#clock.now();
  }

  #receiver(): Protocol {
    return {
      receive: (edge, count) => {
        const first = edge.ring.beginIndex;
        for (let index = 0; index < count; index++) {
          const at = edge.ring.at(first + index);
          const address = FrameDescriptor.address.get(i32, at);
          const length = FrameDescriptor.length.get(i32, at);
          this.#receivedBytes += length;
          this.#checker.arrived(u8, address, length);
          this.#handOver(address, length);
          edge.release(FrameDescriptor.buffer.get(i32, at));
        }
        edge.complete(count);
      },
    };
  }

  /** What throws here must not leave the receive ring half done: it ends the replay at the next frame. */
  #handOver(address: number, length: number): void {
    const { onReceived } = this.#options;
    if (onReceived === undefined || this.#callbackFailure !== undefined) return;
    try {
      onReceived(u8.slice(address, address + length), BigInt(Math.round(this.#clock.now())));
    } catch (error) {
      this.#callbackFailure = { error };
    }
  }

  /** @throws whatever `onReceived` threw, if it did */
  check(): void {
    if (this.#callbackFailure !== undefined) throw this.#callbackFailure.error;
  }

  /**
   * Sends a frame when it is due.
   *
   * @param frame - its bytes must not change until the replay is over
   * @throws DriverError `TIMEOUT` when the NIC takes nothing any more; whatever `onReceived` threw
   */
  send(frame: ReplayFrame): void {
    this.check();
    const { bytes } = frame;
    const sender = this.#started();
    this.#pace(sender, frame.timestamp);
    const limit = this.#clock.now() + STALL_LIMIT;
    while (!sender.trySend(bytes)) {
      if (this.#clock.now() > limit)
        throw new DriverError('TIMEOUT', `the transmit queue of ${this.#machine.a.driver.adapter.name} does not move`);
      this.#clock.advance(10 * MICROSECOND);
    }
    if (bytes.length === 0) this.#empty++;
    else if (bytes.length > this.#longest) this.#tooLong++;
    else {
      this.#checker.expect(this.#read, bytes);
      this.#sentBytes += bytes.length;
    }
    this.#read++;
    if (this.#read % PROGRESS_EVERY === 0) this.#options.onProgress?.(this.#read);
  }

  /** Lets time pass until the frame is due. */
  #pace(sender: ReplaySender, timestamp: bigint | undefined): void {
    const { timing = 'captured' } = this.#options;
    if (timing === 'none' || timestamp === undefined) return;
    const gap = this.#lastTimestamp === undefined ? 0 : Number(timestamp - this.#lastTimestamp);
    this.#lastTimestamp = timestamp;
    const stretch = timing === 'varied' ? 2 * this.#random.fraction() : 1;
    // Captures of several interfaces may step back in time: such a frame follows at once.
    this.#due += Math.round(Math.min(LONGEST_GAP, Math.max(0, gap)) * stretch);
    const wait = this.#due - this.#clock.now();
    if (wait <= 0) return;
    sender.flush();
    this.#clock.advance(wait);
  }

  #started(): ReplaySender {
    if (this.#sender === undefined) throw new DriverError('BAD_OPTION', 'the replay is not started');
    return this.#sender;
  }

  /**
   * Waits for what is on its way, then takes the machine apart.
   *
   * @returns what became of every frame
   */
  async finish(): Promise<ReplayReport> {
    const sender = this.#started();
    sender.flush();
    this.#options.onProgress?.(this.#read);
    let waiting = this.#checker.pending;
    let limit = this.#clock.now() + STALL_LIMIT;
    while ((this.#checker.pending > 0 || sender.pending > 0) && this.#clock.now() < limit) {
      this.#clock.advance(100 * MICROSECOND);
      if (this.#checker.pending < waiting) limit = this.#clock.now() + STALL_LIMIT;
      waiting = this.#checker.pending;
    }
    this.#clock.advance(SETTLE_TIME);
    this.#checker.finish();
    const { a, b } = this.#machine;
    const report = this.#report([a, b].map((station) => station.driver.adapter.statistics()));
    const failure = await this.#takeApart();
    if (failure === undefined) return report;
    const difference: Difference = { frame: -1, what: `the machine did not stop: ${failure.message}` };
    return { ...report, ok: false, differences: [...report.differences, difference] };
  }

  /** @returns what went wrong with stopping, if anything did */
  async #takeApart(): Promise<Error | undefined> {
    let failure: Error | undefined;
    for (const { driver } of [this.#machine.a, this.#machine.b]) {
      try {
        await this.#clock.drive(driver.stop());
      } catch (error) {
        failure ??= error instanceof Error ? error : new Error(String(error));
      }
    }
    this.#sender?.close();
    this.#machine.close();
    return failure;
  }

  #report(statistics: readonly AdapterStatistics[]): ReplayReport {
    const { equal, padded, lost, altered, reordered, unexpected, differences } = this.#checker;
    const total = (of: (one: AdapterStatistics) => number): number => statistics.reduce((sum, one) => sum + of(one), 0);
    const pools = statistics.flatMap((one) => Object.values(one.buffers));
    const leaked = pools.reduce((sum, pool) => sum + pool.protocol + pool.transmit, 0);
    const frames = {
      read: this.#read,
      equal,
      padded,
      tooLong: this.#tooLong,
      empty: this.#empty,
      lost,
      altered,
      reordered,
    };
    const refused = {
      tooLong: total((one) => one.transmit.dropped.tooLong),
      empty: total((one) => one.transmit.dropped.empty),
    };
    const refusalsAgree = refused.tooLong === frames.tooLong && refused.empty === frames.empty;
    const slots = [this.#machine.a.slot, this.#machine.b.slot];
    return {
      frames,
      unexpected,
      bytes: { sent: this.#sentBytes, received: this.#receivedBytes },
      drops: this.#drops(statistics),
      interrupts: slots.reduce((sum, slot) => sum + slot.counters().interrupts, 0),
      polls: total((one) => one.polls),
      buffers: { inUse: pools.reduce((sum, pool) => sum + pool.nic, 0), leaked },
      virtualTime: this.#clock.now(),
      wallTime: performance.now() - this.#began,
      seed: this.#clock.seed,
      ok: lost + altered + reordered + unexpected + leaked === 0 && refusalsAgree,
      differences,
    };
  }

  /** Every counter of a dropped frame on the way, if it is not zero. */
  #drops(statistics: readonly AdapterStatistics[]): Readonly<Record<string, number>> {
    const { a, b } = this.#machine;
    const drops: Record<string, number> = {};
    [a, b].forEach((station, index) => {
      const { name } = station.driver.adapter;
      const one = statistics[index];
      const { receive } = station.driver.counters();
      const reasons = {
        'adapter: too long to send': one?.transmit.dropped.tooLong,
        'adapter: empty': one?.transmit.dropped.empty,
        'adapter: invalid packet': one?.receive.dropped.invalid,
        'driver: receive error': receive.errors,
        'driver: invalid length': receive.invalidLengths,
        ...station.nic.drops(),
      };
      for (const [reason, count] of Object.entries(reasons))
        if (count !== undefined && count > 0) drops[`${name} ${reason}`] = count;
    });
    return drops;
  }
}
