/*
 * One adapter's wishes for the time that its device sleeps: what its NIC can (said before start), what protocols ask for, and
 * what of that is on. The device's lists are made of it while power goes down; a reason to wake is told while it comes up.
 */

import { AdapterError } from '../adapter-error.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { StandardKeywords } from '../configuration/standard-keywords.ts';
import type { NetDevice } from '../device/net-device.ts';
import type { Protocol } from '../edge/protocol.ts';
import { violation } from '../verifier/violation.ts';
import { checkMediaExtension, type MediaExtension } from './media-extension.ts';
import {
  addressesOf,
  checkPowerOffload,
  type PowerOffload,
  type PowerOffloadCapabilities,
  type PowerOffloadRequest,
} from './power-offloads.ts';
import type { WakePacket, WakeReason } from './wake-reason.ts';
import {
  checkBitmapPattern,
  checkWakeCapabilities,
  type BitmapPattern,
  type BitmapWakeSource,
  type WakeCapabilities,
  type WakeSource,
} from './wake-sources.ts';

/** What a policy needs of its adapter. */
export interface PowerPolicyOptions {
  /** The adapter's name. */
  readonly name: string;
  readonly protocol: () => Protocol | undefined;
  readonly device: NetDevice | undefined;
  /** Its keywords turn off what the NIC can: `*WakeOnPattern`, `*WakeOnMagicPacket`, `*PMARPOffload`, `*PMNSOffload`. */
  readonly configuration: Configuration;
  /** Throws once the adapter was started. */
  readonly refuseWhenStarted: (what: string) => void;
}

/** What wakes the device: what a protocol turns on and off. */
export interface WakeSwitches {
  /** Bitmap patterns, magic and EAPOL packets that were asked for; on when left out. */
  readonly patterns?: boolean;
  /** The link's coming up; off when left out. */
  readonly mediaConnect?: boolean;
  /** The link's going down; off when left out. */
  readonly mediaDisconnect?: boolean;
  /** Any frame that passes the receive filter; off when left out. */
  readonly packetFilter?: boolean;
  /** What is answered for in sleep; on when left out. */
  readonly powerOffloads?: boolean;
}

/** The longest part of a frame that a report of a wake-up carries. */
const LONGEST_WAKE_FRAME = 1514;

/** What an adapter's NIC does while its device sleeps. */
export class PowerPolicy {
  readonly #options: PowerPolicyOptions;
  #offloadCapabilities: PowerOffloadCapabilities = {};
  #wakeCapabilities: WakeCapabilities = {};
  #switches: WakeSwitches = {};
  #offloads: PowerOffload[] = [];
  #patterns: Extract<WakeSource, { id: number }>[] = [];
  readonly #mediaExtensions: MediaExtension[] = [];
  #nextId = 1;
  #lastWakeReason: WakeReason | undefined;

  /**
   * @param options - the adapter's
   */
  constructor(options: PowerPolicyOptions) {
    this.#options = options;
  }

  /**
   * @param capabilities - how many addresses the NIC can answer for
   * @throws ViolationError `ADAPTER_STARTED`, or 0x58 for a kind of offload that is not known; AdapterError `CAPABILITIES_INVALID`
   */
  setPowerOffloadCapabilities(capabilities: PowerOffloadCapabilities): void {
    const { name, refuseWhenStarted } = this.#options;
    refuseWhenStarted('power.setPowerOffloadCapabilities');
    for (const [kind, count] of Object.entries(capabilities)) {
      if (kind !== 'arp' && kind !== 'ns')
        throw violation(0x58, `${name}: ${kind} is no power offload; expected arp, ns`, {
          object: name,
          expected: 'arp, ns',
          found: kind,
        });
      if (!Number.isInteger(count) || (count as number) < 0)
        throw new AdapterError('CAPABILITIES_INVALID', `${name}: ${kind} is ${String(count)}; expected 0 or more`);
    }
    this.#offloadCapabilities = { ...capabilities };
  }

  /**
   * @param capabilities - what the NIC can be woken by
   * @throws ViolationError `ADAPTER_STARTED`; AdapterError `CAPABILITIES_INVALID`
   */
  setWakeCapabilities(capabilities: WakeCapabilities): void {
    const { name, refuseWhenStarted } = this.#options;
    refuseWhenStarted('power.setWakeCapabilities');
    checkWakeCapabilities(name, capabilities);
    this.#wakeCapabilities = { ...capabilities };
  }

  /**
   * @param extension - what the extension for the adapter's medium says of sleep
   * @throws ViolationError `ADAPTER_STARTED`, 0x4F or 0x58
   */
  addMediaExtension(extension: MediaExtension): void {
    this.#options.refuseWhenStarted('power.addMediaExtension');
    checkMediaExtension(extension);
    this.#mediaExtensions.push({ ...extension });
  }

  /** What of the medium wakes the device, and what is done for it in sleep, as its extensions say. */
  get mediaExtensions(): readonly MediaExtension[] {
    return this.#mediaExtensions;
  }

  /** What the NIC can answer for, less what keywords turn off. */
  get powerOffloadCapabilities(): PowerOffloadCapabilities {
    const { arp = 0, ns = 0 } = this.#offloadCapabilities;
    return { arp: this.#isOn('*PMARPOffload') ? arp : 0, ns: this.#isOn('*PMNSOffload') ? ns : 0 };
  }

  /** What the NIC can be woken by, less what keywords turn off. */
  get wakeCapabilities(): WakeCapabilities {
    const { bitmap, magicPacket = false, ...rest } = this.#wakeCapabilities;
    return {
      ...rest,
      ...(bitmap !== undefined && this.#isOn('*WakeOnPattern') ? { bitmap } : {}),
      magicPacket: magicPacket && this.#isOn('*WakeOnMagicPacket'),
    };
  }

  #isOn(keyword: '*PMARPOffload' | '*PMNSOffload' | '*WakeOnPattern' | '*WakeOnMagicPacket'): boolean {
    return this.#options.configuration.query(StandardKeywords[keyword]) !== 0;
  }

  /** Why the device woke last, as its driver said; `undefined` before it said so. */
  get lastWakeReason(): WakeReason | undefined {
    return this.#lastWakeReason;
  }

  /**
   * For protocols: answer for addresses while the device sleeps.
   *
   * @param request - which
   * @returns its number, for `removePowerOffload`
   * @throws AdapterError `POWER_NOT_SUPPORTED`, `POWER_OFFLOAD_INVALID` or `POWER_LIST_FULL`; nothing changes
   */
  addPowerOffload(request: PowerOffloadRequest): number {
    const { name, device } = this.#options;
    const most = this.powerOffloadCapabilities[request.type] ?? 0;
    if (most === 0) throw this.#notSupported(request.type);
    checkPowerOffload(name, request);
    const same = this.#offloads.filter(({ type }) => type === request.type);
    const taken = same.reduce((sum, offload) => sum + addressesOf(offload), 0);
    if (taken + addressesOf(request) > most) throw this.#full(request.type, most);
    const offload: PowerOffload = { ...structuredClone(request), id: this.#nextId, adapter: name };
    if (device?.preview('previewPowerOffload', offload) === false) throw this.#full(request.type, taken);
    this.#offloads.push(offload);
    return this.#nextId++;
  }

  /**
   * @param id - what `addPowerOffload` returned
   * @returns whether there was one
   */
  removePowerOffload(id: number): boolean {
    const count = this.#offloads.length;
    this.#offloads = this.#offloads.filter((offload) => offload.id !== id);
    return this.#offloads.length < count;
  }

  /**
   * For protocols: wake the machine by frames.
   *
   * @param source - a pattern, or a kind of frame
   * @returns its number, for `removeWakePattern` and for the report of what woke
   * @throws AdapterError `POWER_NOT_SUPPORTED`, `WAKE_PATTERN_INVALID` or `POWER_LIST_FULL`; nothing changes
   */
  addWakePattern(source: BitmapPattern | 'magicPacket' | 'eapolPacket'): number {
    const { name, device } = this.#options;
    const id = this.#nextId;
    if (typeof source === 'string') {
      if (this.wakeCapabilities[source] !== true) throw this.#notSupported(source);
      this.#patterns.push({ type: source, id, adapter: name });
      return this.#nextId++;
    }
    const { bitmap } = this.wakeCapabilities;
    if (bitmap === undefined) throw this.#notSupported('bitmapPattern');
    checkBitmapPattern(name, source, bitmap.maximumPatternSize);
    const taken = this.#patterns.filter(({ type }) => type === 'bitmapPattern').length;
    if (taken >= bitmap.maximumPatternCount) throw this.#full('bitmapPattern', bitmap.maximumPatternCount);
    const pattern: BitmapWakeSource = {
      type: 'bitmapPattern',
      mask: source.mask.slice(),
      pattern: source.pattern.slice(),
      id,
      adapter: name,
    };
    if (device?.preview('previewBitmapPattern', pattern) === false) throw this.#full('bitmapPattern', taken);
    this.#patterns.push(pattern);
    return this.#nextId++;
  }

  /**
   * @param id - what `addWakePattern` returned
   * @returns whether there was one
   */
  removeWakePattern(id: number): boolean {
    const count = this.#patterns.length;
    this.#patterns = this.#patterns.filter((pattern) => pattern.id !== id);
    return this.#patterns.length < count;
  }

  /**
   * For protocols: what wakes the device, and whether it answers in sleep.
   *
   * @param switches - what is on from now on
   * @throws AdapterError `POWER_NOT_SUPPORTED` for what the NIC cannot be woken by; nothing changes
   */
  enable(switches: WakeSwitches): void {
    const { mediaChange, packetFilter = false } = this.#wakeCapabilities;
    if (switches.mediaConnect === true && mediaChange?.connect !== true) throw this.#notSupported('mediaConnect');
    if (switches.mediaDisconnect === true && mediaChange?.disconnect !== true)
      throw this.#notSupported('mediaDisconnect');
    if (switches.packetFilter === true && !packetFilter) throw this.#notSupported('packetFilter');
    this.#switches = { ...switches };
  }

  /** What the NIC shall answer for, now. */
  get enabledPowerOffloads(): readonly PowerOffload[] {
    return this.#switches.powerOffloads === false ? [] : this.#offloads;
  }

  /** What shall wake the device, now. */
  get enabledWakeSources(): readonly WakeSource[] {
    const { patterns = true, mediaConnect = false, mediaDisconnect = false, packetFilter = false } = this.#switches;
    const { name: adapter } = this.#options;
    const sources: WakeSource[] = patterns ? [...this.#patterns] : [];
    if (mediaConnect || mediaDisconnect)
      sources.push({ type: 'mediaChange', adapter, connect: mediaConnect, disconnect: mediaDisconnect });
    if (packetFilter) sources.push({ type: 'packetFilterMatch', adapter });
    return sources;
  }

  /**
   * The driver says which frame woke the device: in `d0Entry` or `disarmWake`. The protocol hears of it.
   *
   * @param packet - the pattern that matched, and what was kept of the frame; more than 1514 bytes are cut
   * @throws ViolationError 0x2F `WAKE_NOT_IN_PROGRESS`
   */
  reportWakeReasonPacket(packet: WakePacket): void {
    const { patternId, originalSize, frame } = packet;
    this.#report({ kind: 'packet', patternId, originalSize, frame: frame.slice(0, LONGEST_WAKE_FRAME) });
  }

  /**
   * The driver says that the link woke the device.
   *
   * @param change - what became of the link
   * @throws ViolationError 0x2F `WAKE_NOT_IN_PROGRESS`; 0x2D for a link that is neither
   */
  reportWakeReasonMediaChange(change: 'connected' | 'disconnected'): void {
    this.#requireWake();
    const { name } = this.#options;
    if (!['connected', 'disconnected'].includes(change))
      throw violation(0x2d, `${name}: the link is said to have woken the device, being ${JSON.stringify(change)}`, {
        object: name,
        expected: 'connected, disconnected',
        found: change,
      });
    this.#report({ kind: 'mediaChange', change });
  }

  #report(reason: WakeReason): void {
    this.#requireWake();
    this.#lastWakeReason = reason;
    this.#options.protocol()?.woken?.(reason);
  }

  #requireWake(): void {
    const { name, device } = this.#options;
    if (device?.waking !== true)
      throw violation(0x2f, `${name}: a reason to wake was reported, and the device is not waking`, { object: name });
  }

  #notSupported(what: string): AdapterError {
    return new AdapterError(
      'POWER_NOT_SUPPORTED',
      `${this.#options.name}: ${what} was asked for; expected what the NIC is said to do in sleep`,
    );
  }

  #full(what: string, most: number): AdapterError {
    return new AdapterError(
      'POWER_LIST_FULL',
      `${this.#options.name}: no room for another ${what}; expected at most ${String(most)}`,
    );
  }
}
