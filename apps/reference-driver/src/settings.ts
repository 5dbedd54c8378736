/*
 * What a user may set, with its defaults and limits. What cannot be is refused by name before anything touches the device.
 */

import type { VerifierOptions } from '@netcx/adapter';
import { RX_QUEUES, TX_QUEUES } from '@netcx/nic-82576/registers';
import type { Configuration } from '@netcx/adapter';
import { DriverError } from './driver-error.ts';
import { FLOW_CONTROL_MODES, type FlowControlMode } from './flow-control.ts';
import type { InterruptKind } from './interrupt.ts';
import { LONGEST_INTERVAL, type InterruptInterval } from './moderation.ts';

/** Longest payload: 9.5 KiB on the wire, less header, tag and check sequence (RLPML after reset). */
export const MAXIMUM_MTU = 9706;
/** Shortest payload that a frame must be able to carry, as for IPv4 (RFC 791). */
export const MINIMUM_MTU = 68;

/** The bit of an address's first byte that makes it a group's. */
const GROUP = 1;
/** Elements of a ring: the chip knows rings of 8 descriptors and more. */
export const MINIMUM_RING = 8;
export const MAXIMUM_RING = 4096;

/** What a user may set. */
export interface DriverOptions {
  /** For messages; the function's place on the bus when left out. */
  readonly name?: string;
  /** The adapter's keywords; what they say of the options below holds where those are left out. */
  readonly configuration?: Configuration;
  /** The station's address in place of the one in the EEPROM, 6 bytes. */
  readonly address?: Uint8Array;
  /** Payload of the longest frame, 68 to 9706; 1500 when left out. */
  readonly mtu?: number;
  /** Longest payload that `adapter.changeLinkLayerMtuSize` may ask for while the adapter runs; `mtu` when left out. */
  readonly maximumMtu?: number;
  /** Queues of each direction, 1 to 16; 1 when left out. */
  readonly queues?: number;
  /** Elements of each ring, a power of two from 8 to 4096; 256 when left out. */
  readonly ringSize?: number;
  /**
   * Least time between two interrupts of a queue, in microseconds, 0 to 8191, or `adaptive`: it follows the traffic; 20 when
   * left out.
   */
  readonly interruptInterval?: InterruptInterval;
  /** How the chip interrupts; the best way that the function has when left out. */
  readonly interrupts?: InterruptKind;
  /** Whether every good frame is received, whoever it is for; false when left out. */
  readonly promiscuous?: boolean;
  /** VLANs whose frames pass, 0 to 4095 each; every one when left out. */
  readonly vlans?: readonly number[];
  /** Whether the chip checks and inserts checksums; true when left out. */
  readonly checksumOffload?: boolean;
  /** Whether the chip cuts TCP and UDP packets into segments; true when left out, if it inserts checksums. */
  readonly segmentationOffload?: boolean;
  /** Whether the chip takes VLAN tags out of frames and puts them in; false when left out. */
  readonly vlanOffload?: boolean;
  /**
   * Who of the link's ends may ask the other to be silent, as far as the partner has it on offer: this one (`send`), the
   * partner (`receive`), `both` or nobody (`off`); `both` when left out.
   */
  readonly flowControl?: FlowControlMode;
  /** Whether frames are stamped with the time when they pass the wire; false when left out. */
  readonly timestamps?: boolean;
  /**
   * Whether the driver stands under a `NetDevice` (`driver.plugAndPlay`), which is started, put to sleep, woken and removed;
   * false when left out: then `start`, `stop` and `sleep` are the driver's own.
   */
  readonly plugAndPlay?: boolean;
  /** Milliseconds that a queue may stand still before the chip is reset, 1 to 60,000; 1,000 when left out. */
  readonly hangLimit?: number;
  /** Whether the adapter compares everything that this driver does to its queues with what it may do; false when left out. */
  readonly verifier?: boolean | VerifierOptions;
}

/** What stays open when nothing is said of it. */
type Open = 'name' | 'configuration' | 'address' | 'interrupts' | 'vlans' | 'verifier';

/** What was set, complete. */
export interface Settings extends Required<Omit<DriverOptions, Open>> {
  readonly address: Uint8Array | undefined;
  readonly interrupts: InterruptKind | undefined;
  readonly vlans: readonly number[] | undefined;
}

/**
 * @param name - the driver's, for messages
 * @param options - what a user says
 * @returns the same, complete
 * @throws DriverError `BAD_OPTION`
 */
export function settingsOf(name: string, options: DriverOptions): Settings {
  const { checksumOffload = true, mtu = 1500, ringSize = 256, interruptInterval = 20, vlans } = options;
  const settings: Settings = {
    address: options.address,
    mtu,
    maximumMtu: options.maximumMtu ?? mtu,
    queues: options.queues ?? 1,
    ringSize,
    interruptInterval,
    interrupts: options.interrupts,
    promiscuous: options.promiscuous ?? false,
    vlans,
    checksumOffload,
    segmentationOffload: options.segmentationOffload ?? checksumOffload,
    vlanOffload: options.vlanOffload ?? false,
    flowControl: options.flowControl ?? 'both',
    timestamps: options.timestamps ?? false,
    plugAndPlay: options.plugAndPlay ?? false,
    hangLimit: options.hangLimit ?? 1000,
  };
  const refuse = (what: string, value: unknown, expected: string): never => {
    throw new DriverError('BAD_OPTION', `${name}: ${what} is ${String(value)}; expected ${expected}`);
  };
  const inRange = (what: string, value: number, least: number, most: number): void => {
    if (!Number.isInteger(value) || value < least || value > most)
      refuse(what, value, `${String(least)} to ${String(most)}`);
  };
  inRange('mtu', mtu, MINIMUM_MTU, MAXIMUM_MTU);
  inRange('maximumMtu', settings.maximumMtu, mtu, MAXIMUM_MTU);
  inRange('queues', settings.queues, 1, Math.min(RX_QUEUES, TX_QUEUES));
  inRange('ringSize', ringSize, MINIMUM_RING, MAXIMUM_RING);
  if (interruptInterval !== 'adaptive') inRange('interruptInterval', interruptInterval, 0, LONGEST_INTERVAL);
  inRange('hangLimit', settings.hangLimit, 1, 60_000);
  for (const identifier of vlans ?? []) inRange('a VLAN', identifier, 0, 4095);
  if (!FLOW_CONTROL_MODES.includes(settings.flowControl))
    refuse('flowControl', settings.flowControl, FLOW_CONTROL_MODES.join(', '));
  const { address } = settings;
  if (address !== undefined && (address.length !== 6 || (address[0]! & GROUP) !== 0))
    refuse('address', address, "six bytes, and no group's");
  if ((ringSize & (ringSize - 1)) !== 0) refuse('ringSize', ringSize, 'a power of two');
  if (settings.segmentationOffload && !checksumOffload)
    refuse('segmentationOffload', true, 'false without checksumOffload: each segment needs a checksum');
  return settings;
}
