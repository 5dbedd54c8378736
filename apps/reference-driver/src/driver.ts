/*
 * The driver: one instance for each function it is given. `start` brings the chip up step by step and starts the adapter;
 * `stop` takes the same steps back; `reset` does the middle of it again under a running adapter. This is where reading
 * starts: each step is one call into the file that owns it.
 */

import { DISCONNECTED, NetAdapter, type LinkState, type NetDevice, type QueueInit, type RxQueue } from '@netcx/adapter';
import type { PciSlot } from '@netcx/bus';
import { MILLISECOND, type Clock } from '@netcx/clock';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { declareCapabilities } from './adapter.ts';
import { Device } from './device.ts';
import { DriverError } from './driver-error.ts';
import type { DriverCounters } from './driver-counters.ts';
import { readPermanentAddress } from './eeprom.ts';
import { Features } from './features.ts';
import { HangWatch } from './hang-watch.ts';
import { connectInterrupts, type InterruptKind, type Interrupts } from './interrupt.ts';
import { optionsFrom } from './keywords.ts';
import { isPaused, readLinkState } from './link.ts';
import { startPhy } from './phy.ts';
import { plugAndPlayDevice, type LifeSteps } from './plug-and-play.ts';
import { fallAsleep, wakeUp, type WakeOn, type WakeReason } from './power.ts';
import { Queues } from './queues.ts';
import { settingsOf, type DriverOptions, type Settings } from './settings.ts';
import { HardwareStatistics, type HardwareCounters } from './statistics.ts';
import type { HardwareClock } from './timestamp.ts';
import { Turns } from './turns.ts';

const { TCTL } = REGISTERS;

/** A client driver for one 82576 function. */
export class ReferenceDriver {
  /** The adapter that protocols attach to. */
  readonly adapter: NetAdapter;
  /** The device that takes the driver's steps, when that was asked for: it is started, put to sleep and removed. */
  readonly plugAndPlay: NetDevice | undefined;
  readonly #device: Device;
  readonly #settings: Settings;
  readonly #features: Features;
  readonly #statistics: HardwareStatistics;
  readonly #watch: HangWatch;
  readonly #queues: Queues;
  readonly #turns = new Turns();
  #state: 'stopped' | 'started' | 'asleep' = 'stopped';
  #interrupts: Interrupts | undefined;
  /** A reset has failed: whatever the chip says, no frame passes. */
  #broken = false;
  #resets = 0;
  #resetting: Promise<void> | undefined;
  #wakeReason: WakeReason | undefined;

  /**
   * @param slot - the function and what its host gives
   * @param clock - every wait and every poll goes through it
   * @param options - what a user may set
   * @throws DriverError `WRONG_DEVICE`, `DEVICE_GONE` or `BAD_OPTION`; KeywordError for a keyword that cannot be
   */
  constructor(slot: PciSlot, clock: Clock, options: DriverOptions = {}) {
    const { name = slot.function.name } = options;
    const { configuration } = options;
    const keywords = configuration === undefined ? {} : optionsFrom(configuration);
    const settings = settingsOf(name, { ...keywords, ...options });
    const device = new Device(slot, clock);
    this.#settings = settings;
    this.#device = device;
    this.#features = new Features(device, settings, () => {
      this.#reportLink();
    });
    this.#statistics = new HardwareStatistics(device);
    this.#watch = new HangWatch({
      clock,
      limit: settings.hangLimit * MILLISECOND,
      queues: () => this.#queues.transmit,
      wire: () => (this.adapter.linkState.connected ? (isPaused(device) ? 'paused' : 'open') : 'down'),
      hung: () => {
        // Nobody waits for this one: what it could not mend shows as a link that stays down.
        this.reset().catch(() => undefined);
      },
    });
    this.#queues = new Queues({
      device,
      clock: this.#features.clock,
      interrupts: () => this.#interrupts,
      sleeping: () => {
        this.#watch.begin();
      },
    });
    const { queues } = settings;
    this.plugAndPlay = settings.plugAndPlay
      ? plugAndPlayDevice(name, clock, () => this.adapter, this.#lifeSteps())
      : undefined;
    this.adapter = new NetAdapter({
      name,
      clock,
      ...(this.plugAndPlay === undefined ? {} : { device: this.plugAndPlay }),
      ...(configuration === undefined ? {} : { configuration }),
      queues: { transmit: queues, receive: queues },
      polling: { pairs: true }, // as Linux's igb does: one poll for both queues of a number
      ...(options.verifier === undefined ? {} : { verifier: options.verifier }),
      callbacks: {
        createTxQueue: (init) => {
          this.#queues.createTransmit(init);
        },
        createRxQueue: (init) => {
          this.#createRxQueue(init);
        },
      },
    });
    slot.onRemoval(() => {
      this.#linkChanged();
      // What it cannot do yet, the protocol holding buffers, `plugAndPlay.surpriseRemove` does again.
      void this.plugAndPlay?.surpriseRemove().catch(() => undefined);
    });
  }

  /**
   * Brings the chip up and starts the adapter. The link comes up later; the adapter's link state tells.
   *
   * @returns when the adapter has its queues
   * @throws DriverError `STARTED` when it is started already; any other code, or AdapterError or BusError, when the chip or
   * the adapter does not come up: everything is as before the start then
   */
  start(): Promise<void> {
    return this.plugAndPlay?.start() ?? this.#turns.take(() => this.#start());
  }

  async #start(): Promise<void> {
    if (this.#state === 'started') throw new DriverError('STARTED', `${this.adapter.name} is started; stop it first`);
    if (this.#state === 'asleep') this.#wakeReason = wakeUp(this.#device);
    this.#state = 'started';
    try {
      await this.#device.starting(this.#bringUp());
    } catch (error) {
      await this.#stop();
      throw error;
    }
  }

  async #bringUp(): Promise<void> {
    await this.#prepare();
    this.#connect();
    this.adapter.start();
    await this.#goOn();
  }

  /** The chip says who it is, and the adapter is told what it can do. */
  async #prepare(): Promise<void> {
    const device = this.#device;
    this.#broken = false;
    await device.reset();
    this.#features.rss.disable(); // until the adapter's protocol asks for it again
    const address = await readPermanentAddress(device);
    const current = this.#settings.address ?? address;
    this.#features.filter.setStation(current);
    declareCapabilities(this.adapter, device.enabler, this.#settings, address, this.#features);
    this.adapter.setCurrentLinkLayerAddress(current);
  }

  /** After a reset: everything that comes before queues. */
  #connect(): void {
    const { queues, interruptInterval: interval, interrupts: kind } = this.#settings;
    this.#queues.clear();
    this.#interrupts = connectInterrupts(this.#device, {
      ...{ kind, interval, receiveQueues: queues, transmitQueues: queues },
      linkChanged: () => {
        this.#linkChanged();
      },
    });
    this.#features.program();
  }

  /** With its queues set up, the chip receives and sends. */
  async #goOn(): Promise<void> {
    const device = this.#device;
    this.#features.filter.enable(this.adapter.mtu);
    device.write(TCTL, TCTL.EN.mask | TCTL.PSP.mask);
    this.#interrupts?.enableOther();
    await startPhy(device, this.#features.flow.advertised);
    this.#features.flow.start();
    this.#linkChanged();
  }

  /**
   * Stops the adapter and quiets the chip. Frames that the chip was given are sent first, as long as the link is up and the
   * chip sends; what it does not send is given up and counted. Received buffers must have been released.
   *
   * @returns when the chip is quiet
   * @throws BufferError `STILL_HELD` when the protocol holds buffers: the chip is quiet then, their memory stays taken
   */
  stop(): Promise<void> {
    if (this.plugAndPlay?.state === 'D0') return this.plugAndPlay.stop();
    return this.#turns.take(() => this.#stop());
  }

  async #stop(): Promise<void> {
    if (this.plugAndPlay !== undefined || this.#state === 'asleep') return;
    try {
      await this.#quiet();
    } finally {
      this.#device.release();
      this.#linkChanged();
    }
  }

  /** The way down, up to where only the function itself is left to be switched off. */
  async #quiet(): Promise<void> {
    await this.#suspend();
    try {
      await this.adapter.stop();
    } finally {
      this.#disconnect();
    }
  }

  /** No more frames come in; those that the chip has are still shown. */
  async #suspend(): Promise<void> {
    this.#watch.end();
    await this.#resetting?.catch(() => undefined); // a reset that fails is no reason to stay
    if (!this.#device.gone) this.#features.filter.disable();
  }

  /** The queues are gone. */
  #disconnect(): void {
    this.#features.flow.end();
    if (!this.#device.gone) this.#device.write(TCTL, TCTL.PSP.mask);
    this.#statistics.collect(); // before the chip forgets
    this.#interrupts?.release();
    this.#interrupts = undefined;
    this.#state = 'stopped';
  }

  /**
   * Resets the chip under the running adapter and goes on: frames that the chip had are given up and counted, the link goes
   * down and comes back. The watch over the queues does this by itself.
   *
   * @returns when the chip receives and sends again; the link needs longer
   * @throws DriverError when the chip does not come back; the link stays down then, until another reset, or `stop` and `start`, do
   * better
   */
  reset(): Promise<void> {
    if (this.#state !== 'started') return Promise.resolve();
    this.#resetting ??= this.#reset()
      .catch((error: unknown) => {
        this.#broken = true;
        this.#linkChanged();
        throw error;
      })
      .finally(() => {
        this.#resetting = undefined;
      });
    return this.#resetting;
  }

  async #reset(): Promise<void> {
    this.#resets++;
    this.#watch.end();
    this.#statistics.collect(); // before the chip forgets
    this.#queues.halt();
    await this.#device.reset();
    this.#broken = false; // whatever became of the reset before
    this.#linkChanged();
    this.#features.program();
    this.#interrupts?.program();
    this.#queues.restart();
    await this.#goOn();
  }

  /**
   * Stops the adapter and lets the chip sleep; `start` wakes it up.
   *
   * @param on - what wakes the host meanwhile
   * @returns when it sleeps
   * @throws what `stop` throws, and DriverError `NO_POWER_MANAGEMENT` or `DEVICE_GONE`: the driver is stopped then; `BAD_OPTION`
   * under plug and play
   */
  sleep(on: WakeOn): Promise<void> {
    return this.#turns.take(() => this.#sleep(on));
  }

  async #sleep(on: WakeOn): Promise<void> {
    if (this.plugAndPlay !== undefined)
      throw new DriverError('BAD_OPTION', `${this.adapter.name} sleeps when its device does: plugAndPlay.powerDown`);
    if (this.#state === 'asleep') return;
    try {
      await this.#quiet();
      this.#fallAsleep(on);
    } finally {
      if (this.#state === 'stopped') this.#device.release();
      this.#linkChanged();
    }
  }

  #fallAsleep(on: WakeOn): void {
    const device = this.#device;
    this.#features.filter.enable(this.adapter.mtu); // frames that wake pass the same filter
    device.maskInterrupts();
    fallAsleep(device, on);
    this.#state = 'asleep';
  }

  /** The same steps in the hands of a device that follows plug and play. */
  #lifeSteps(): LifeSteps {
    return {
      prepare: () => this.#device.starting(this.#prepare()),
      powerUp: () => this.#device.starting(this.#powerUp()),
      work: () => this.#device.starting(this.#goOn()),
      suspend: () => this.#suspend(),
      powerDown: (wake) => {
        try {
          this.#disconnect();
          if (wake !== undefined && !this.#device.gone) this.#fallAsleep(wake);
        } finally {
          if (this.#state === 'stopped') this.#device.release();
          this.#linkChanged();
        }
      },
      release: () => this.#device.release(),
      removed: () => this.#linkChanged(),
    };
  }

  /** @returns why the host woke up, where it did */
  async #powerUp(): Promise<WakeReason | undefined> {
    const woken = this.#state === 'asleep';
    if (woken) this.#wakeReason = wakeUp(this.#device);
    await this.#device.reset();
    this.#connect();
    this.#state = 'started';
    return woken ? this.#wakeReason : undefined;
  }

  /** Why the host woke up before the last start from sleep. */
  get wakeReason(): WakeReason | undefined {
    return this.#wakeReason;
  }

  /** How the chip interrupts, from start to stop. */
  get interruptKind(): InterruptKind | undefined {
    return this.#interrupts?.kind;
  }

  /** The chip's clock, where time stamps were asked for. */
  get hardwareClock(): HardwareClock | undefined {
    return this.#features.clock;
  }

  /** @returns what the driver counted besides the adapter's statistics: queues since the last start, the rest for ever */
  counters(): DriverCounters {
    const { lostInterrupts } = this.#watch;
    return { ...this.#queues.counters(), resets: this.#resets, lostInterrupts };
  }

  /** @returns what the chip counted */
  hardwareCounters(): HardwareCounters {
    return this.#statistics.collect();
  }

  #createRxQueue(init: QueueInit<RxQueue>): void {
    const { mtu, name } = this.adapter;
    const { maximumMtu } = this.#settings;
    if (mtu > maximumMtu)
      throw new DriverError('BAD_OPTION', `${name}: an MTU of ${String(mtu)}; maximumMtu is ${String(maximumMtu)}`);
    if (this.#features.filter.enabled) this.#features.filter.enable(mtu);
    this.#queues.createReceive(init);
  }

  #linkChanged(): void {
    this.#features.flow.linkChanged(this.#link);
    this.#reportLink();
  }

  get #link(): LinkState {
    return this.#broken ? DISCONNECTED : readLinkState(this.#device);
  }

  #reportLink(): void {
    const link = this.#link;
    this.adapter.setLinkState(link.connected ? { ...link, pause: this.#features.flow.pause } : link);
    if (this.adapter.linkState.connected && this.#queues.busy) this.#watch.begin();
  }
}
