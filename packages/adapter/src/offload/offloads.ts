/*
 * The offloads of an adapter: what its driver advertises, what a protocol may ask for, what is on, and what of that the
 * hardware does. What the hardware lacks, or cannot do to a particular frame, software does. Whatever a driver was handed
 * under one setting it completes under that setting. Follows reference netadaptercx §6.1 and §1.10.
 */

import { AdapterError } from '../adapter-error.ts';
import type { OffloadCapabilities } from '../offload-capabilities.ts';
import { ReceiveOffloads } from '../receive-offload/receive-offloads.ts';
import { violation } from '../verifier/violation.ts';
import { spellOut, switchesOf, type AdvertisedOffloads } from './advertised.ts';
import {
  combine,
  namesOn,
  switchesIn,
  OFFLOAD_NAMES,
  turned,
  uniformSet,
  type OffloadChange,
  type OffloadName,
  type OffloadSet,
} from './offload-set.ts';
import { SOFTWARE_MAXIMUM_OFFLOAD_SIZE, TransmitOffloads, type SoftwareOffloads } from './transmit-offloads.ts';

/** What offloads depend on. */
export interface OffloadsOptions {
  /** The adapter's name, for messages. */
  readonly name: string;
  /** Throws while the adapter's queues exist. */
  readonly refuseWhenStarted: () => void;
  /** What software may do in the hardware's place; everything when left out. */
  readonly software?: boolean | Partial<SoftwareOffloads> | undefined;
  /** What may be on at all; everything when left out. */
  readonly allowed?: OffloadSet;
}

/** The adapter while it runs, as its offloads see it. */
export interface OffloadPort {
  /** Resolves once every packet that drivers have now is back, or the queues are cancelled. */
  readonly settle: () => Promise<void>;
  /** Whether drivers have any packet now. */
  readonly busy: () => boolean;
  /** Tells whoever stands above. */
  readonly changed: (enabled: OffloadSet) => void;
}

/** What a packet that shall be cut may be. */
export interface SegmentationRange {
  /** Most bytes of payload. */
  readonly maximumOffloadSize: number;
  /** Fewest segments. */
  readonly minimumSegmentCount: number;
}

const ALL_SOFTWARE: SoftwareOffloads = { txChecksum: true, rxChecksum: true, gso: true, rsc: true, ieee8021qTag: true };
const NO_SOFTWARE: SoftwareOffloads = {
  txChecksum: false,
  rxChecksum: false,
  gso: false,
  rsc: false,
  ieee8021qTag: false,
};

/** The offloads of one adapter. */
export class Offloads {
  /** What software may do in the hardware's place. */
  readonly software: SoftwareOffloads;
  /** What transmit queues go by. */
  readonly transmit: TransmitOffloads;
  /** What receive queues do in software. */
  readonly receive = new ReceiveOffloads();
  readonly #name: string;
  readonly #refuseWhenStarted: () => void;
  readonly #allowed: OffloadSet;
  #advertised: OffloadCapabilities = {};
  #hardware: AdvertisedOffloads = {};
  /** What was advertised when the queues that exist were laid out. */
  #laidOut: AdvertisedOffloads = {};
  /** What was asked for; the rest is as the hardware has it. */
  #asked: OffloadChange = {};
  #inHardware = uniformSet(false);
  #paused = false;
  #port: OffloadPort | undefined;
  #changing: Promise<void> | undefined;

  /**
   * @param options - name, and what software may do
   */
  constructor(options: OffloadsOptions) {
    const { name, refuseWhenStarted, software = true, allowed = uniformSet(true) } = options;
    this.#allowed = allowed;
    this.#name = name;
    this.#refuseWhenStarted = refuseWhenStarted;
    this.software =
      typeof software === 'boolean' ? (software ? ALL_SOFTWARE : NO_SOFTWARE) : { ...ALL_SOFTWARE, ...software };
    this.transmit = new TransmitOffloads(this.software);
  }

  /**
   * Says what the NIC can do; the extensions that it takes are registered on the driver's behalf. What is left out the NIC
   * cannot do. Comes before start, or while offloads are paused: then with no offload that takes another extension.
   *
   * @param offloads - what the NIC can do, and whom to tell what of it is used
   * @throws ViolationError for capabilities that cannot be (0x2A, 0x5B, 0x5C, 0x5E, 0x5F, 0x62) or come too late (0x03);
   * AdapterError `CAPABILITIES_INVALID` for values that are none. Nothing changes then
   */
  advertise(offloads: OffloadCapabilities): void {
    const hardware = spellOut(this.#name, offloads);
    if (!this.#paused || OFFLOAD_NAMES.some((name) => hardware[name] !== undefined && !this.#isLaidOut(name, hardware)))
      this.#refuseWhenStarted();
    this.#advertised = offloads;
    this.#hardware = hardware;
    if (this.#port === undefined) this.#use(this.#target());
  }

  /** Whether the elements of the queues that exist have what an offload needs. */
  #isLaidOut(name: OffloadName, wanted: AdvertisedOffloads): boolean {
    const { txChecksum, rxChecksum, rsc } = this.#laidOut;
    if (name === 'txChecksum' || name === 'rxChecksum') return (txChecksum ?? rxChecksum) !== undefined;
    if (name === 'rsc' && wanted.rsc?.tcpTimestampOption === true) return rsc?.tcpTimestampOption === true;
    return this.#laidOut[name] !== undefined;
  }

  /** What the driver advertised, as it did. */
  get advertised(): OffloadCapabilities {
    return this.#advertised;
  }

  /** What the hardware can do, to some frames at least. */
  get hardware(): OffloadSet {
    return switchesOf(this.#hardware);
  }

  /** What a protocol may ask for: what hardware or software does. Nothing of the hardware's while offloads are paused. */
  get available(): OffloadSet {
    return this.#had(this.#paused ? uniformSet(false) : this.hardware);
  }

  /** What is on, whoever does it. From the start that is what the hardware can do. */
  get enabled(): OffloadSet {
    return combine((_offload, _name, on, can) => on && can, turned(this.hardware, this.#asked), this.available);
  }

  /** What the hardware does now, to the frames that it can; the rest of what is on, and the other frames, are software's. */
  get inHardware(): OffloadSet {
    return this.#inHardware;
  }

  /** Whether the driver has paused what its hardware does. */
  get paused(): boolean {
    return this.#paused;
  }

  /** What a packet that shall be cut may be: what the hardware cuts, or more where software cuts. */
  get segmentation(): SegmentationRange {
    const { maximumOffloadSize = 0, minimumSegmentCount = 1 } = this.#hardware.gso ?? {};
    if (!this.software.gso) return { maximumOffloadSize, minimumSegmentCount };
    return {
      maximumOffloadSize: Math.max(maximumOffloadSize, SOFTWARE_MAXIMUM_OFFLOAD_SIZE),
      minimumSegmentCount: 1,
    };
  }

  /**
   * Turns offloads on and off, now or while the adapter runs. Packets that a driver has keep the setting that they were
   * handed over with: what goes off is told to it once they are back, and frames behind them do without at once.
   *
   * @param change - what to turn; the rest stays
   * @returns a promise that resolves when the driver was told
   * @throws AdapterError `OFFLOAD_UNAVAILABLE`, naming each switch that neither hardware nor software has; nothing
   * changes then
   */
  enable(change: OffloadChange): Promise<void> {
    const on = turned(uniformSet(false), change);
    const lacking = namesOn(combine((_offload, _name, wanted, can) => wanted && !can, on, this.#had(this.hardware)));
    if (lacking.length > 0)
      throw new AdapterError(
        'OFFLOAD_UNAVAILABLE',
        `${this.#name}: ${lacking.join(', ')} cannot be had: neither hardware nor software does it here, or a keyword has it off`,
      );
    this.#asked = merge(this.#asked, change);
    return this.#apply();
  }

  /** What hardware or software does, as far as it may be on. */
  #had(hardware: OffloadSet): OffloadSet {
    return combine((offload, _name, can, may) => may && (can || this.software[offload]), hardware, this.#allowed);
  }

  /**
   * For drivers: the hardware does nothing from now on, until `resume`, over stops and starts. Software goes on in its place. Meanwhile `advertise` may be
   * called again.
   *
   * @returns a promise that resolves when the driver has back what was under way
   * @throws ViolationError 0x60 before start
   */
  pause(): Promise<void> {
    this.#checkStarted('pause');
    this.#paused = true;
    return this.#apply();
  }

  /**
   * For drivers: the hardware does again what is on.
   *
   * @returns a promise that resolves when the driver was told
   * @throws ViolationError 0x60 before start, 0x61 when offloads are not paused
   */
  resume(): Promise<void> {
    this.#checkStarted('resume');
    if (!this.#paused)
      throw violation(0x61, 'there is nothing to resume', {
        object: this.#name,
        field: 'paused',
        expected: true,
        found: false,
      });
    this.#paused = false;
    return this.#apply();
  }

  #checkStarted(what: string): void {
    if (this.#port === undefined)
      throw violation(0x60, `offloads.${what} is for adapters that run`, {
        object: this.#name,
        field: 'started',
        expected: true,
        found: false,
      });
  }

  /**
   * The adapter starts: the driver is told what of its offloads is used.
   *
   * @param port - the adapter while it runs
   */
  start(port: OffloadPort): void {
    this.#port = port;
    this.#laidOut = this.#hardware;
    const target = this.#target();
    this.#use(target);
    for (const name of OFFLOAD_NAMES) if (this.#hardware[name] !== undefined) this.#tell(name, target);
  }

  /** The adapter has stopped. */
  stop(): void {
    this.#port = undefined;
    this.#use(this.#target());
  }

  /** @returns a line for each offload: what is on, and who does it */
  explain(): string {
    const { enabled, available, hardware } = this;
    const by = combine((_offload, _name, on, does) => on && does, enabled, this.#inHardware);
    return OFFLOAD_NAMES.map((offload) => {
      const switches = Object.entries(switchesIn(enabled, offload)).map(([name, on]) => {
        const at = (set: OffloadSet): boolean => switchesIn(set, offload)[name] === true;
        if (on === true) return `${name} ${at(by) ? 'hardware' : 'software'}`;
        return `${name} ${at(available) ? 'off' : at(hardware) ? 'paused' : 'unavailable'}`;
      });
      return `${offload}: ${switches.join(', ')}`;
    }).join('\n');
  }

  /** What the hardware shall do. */
  #target(): OffloadSet {
    if (this.#paused) return uniformSet(false);
    const { hardware } = this;
    const on = turned(hardware, this.#asked);
    return combine((_offload, _name, is, can, may) => is && can && may, on, hardware, this.#allowed);
  }

  #use(set: OffloadSet): void {
    this.#inHardware = set;
    this.transmit.use(this.#hardware, set);
    this.receive.use(this.enabled, set, this.#asked, this.software);
  }

  /** One change after the other. */
  #apply(): Promise<void> {
    const run = (): Promise<void> => this.#change();
    const change = (this.#changing === undefined ? run() : this.#changing.then(run, run)).finally(() => {
      if (this.#changing === change) this.#changing = undefined;
    });
    this.#changing = change;
    return change;
  }

  async #change(): Promise<void> {
    const target = this.#target();
    const before = this.#inHardware;
    const port = this.#port;
    if (port === undefined) {
      this.#use(target);
      return;
    }
    // From the next burst on frames do without what goes off; what the driver has was promised it.
    const both = combine((_offload, _name, was, will) => was && will, before, target);
    this.transmit.use(this.#hardware, both);
    const goesOff = TRANSMIT.some((name) => !isSame(before, both, name));
    if (goesOff && port.busy()) await port.settle();
    if (this.#port !== port) return; // it has stopped; the next start tells everything
    for (const name of OFFLOAD_NAMES) if (!isSame(before, target, name)) this.#tell(name, target);
    this.#use(target);
    port.changed(this.enabled);
  }

  #tell(name: OffloadName, set: OffloadSet): void {
    const told = this.#hardware[name]?.set as ((enabled: OffloadSet[OffloadName]) => void) | undefined;
    told?.(set[name]);
  }
}

/** The offloads of which drivers have packets under way. */
const TRANSMIT: readonly OffloadName[] = ['txChecksum', 'gso', 'ieee8021qTag'];

const isSame = (a: OffloadSet, b: OffloadSet, name: OffloadName): boolean =>
  Object.entries(switchesIn(a, name)).every(([key, on]) => switchesIn(b, name)[key] === on);

/** Both changes, the later one above the earlier one. */
const merge = (earlier: OffloadChange, later: OffloadChange): OffloadChange =>
  Object.fromEntries(OFFLOAD_NAMES.map((name) => [name, { ...earlier[name], ...later[name] }]));
