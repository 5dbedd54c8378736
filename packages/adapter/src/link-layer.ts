/*
 * An adapter's link layer: the fastest speed, the MTU, the two addresses and the state of the link. Addresses and link may
 * change while the adapter runs; the protocol above hears of every change, and of nothing that stays as it was.
 */

import { FRAGMENT_MAXIMUM_LENGTH } from '@netcx/rings';
import { AdapterError } from './adapter-error.ts';
import type { Protocol } from './edge/protocol.ts';
import { checkLinkState, DISCONNECTED, linkStateChanged, type LinkState } from './link-state.ts';
import { violation } from './verifier/violation.ts';

/** Bytes of an Ethernet header: what a frame is longer than its MTU. */
export const ETHERNET_HEADER_BYTES = 14;
/** The longest frame that a fragment can say, without its header. */
const MAXIMUM_MTU = FRAGMENT_MAXIMUM_LENGTH - ETHERNET_HEADER_BYTES;
/** NDIS_MAX_PHYS_ADDRESS_LENGTH. */
const MAXIMUM_ADDRESS_BYTES = 32;

/** Speed, MTU, addresses and link of one adapter. */
export class LinkLayer {
  readonly #name: string;
  readonly #protocol: () => Protocol | undefined;
  #speed: number | undefined;
  #mtu: number | undefined;
  #permanent: Uint8Array | undefined;
  #current: Uint8Array | undefined;
  #state: LinkState = DISCONNECTED;

  /**
   * @param name - the adapter's, for messages
   * @param protocol - whom changes are told to
   */
  constructor(name: string, protocol: () => Protocol | undefined) {
    this.#name = name;
    this.#protocol = protocol;
  }

  /** The fastest that the link can be, in bits per second; `undefined` before it was set. */
  get speed(): number | undefined {
    return this.#speed;
  }

  /**
   * @param speed - the fastest that the link can be, in bits per second
   * @throws AdapterError `CAPABILITIES_INVALID`
   */
  setSpeed(speed: number): void {
    if (!Number.isFinite(speed) || speed <= 0)
      throw new AdapterError(
        'CAPABILITIES_INVALID',
        `${this.#name}: linkSpeed is ${String(speed)} bit/s; expected more than 0`,
      );
    this.#speed = speed;
  }

  /** Payload bytes of the longest frame; `undefined` before it was set. */
  get mtu(): number | undefined {
    return this.#mtu;
  }

  /**
   * @param mtu - payload bytes of the longest frame
   * @throws what `checkMtu` throws
   */
  setMtu(mtu: number): void {
    this.checkMtu(mtu);
    this.#mtu = mtu;
  }

  /**
   * @param mtu - payload bytes of the longest frame
   * @throws ViolationError 0x13 `CAPABILITIES_INVALID` for 0; AdapterError `CAPABILITIES_INVALID` for what no frame can have
   */
  checkMtu(mtu: number): void {
    const expected = `1 to ${String(MAXIMUM_MTU)}`;
    const message = `${this.#name}: an MTU of ${String(mtu)}; expected ${expected}`;
    if (mtu === 0)
      throw violation(0x13, message, {
        as: 'CAPABILITIES_INVALID',
        object: this.#name,
        field: 'mtu',
        expected,
        found: mtu,
      });
    if (!Number.isInteger(mtu) || mtu < 0 || mtu > MAXIMUM_MTU) throw new AdapterError('CAPABILITIES_INVALID', message);
  }

  /** The address that the NIC was made with, else the current one; empty before either was set. */
  get permanentAddress(): Uint8Array {
    return (this.#permanent ?? this.#current ?? new Uint8Array(0)).slice();
  }

  set permanentAddress(address: Uint8Array) {
    this.#checkAddress(address);
    this.#permanent = address.slice();
  }

  /** The address that it uses, else the permanent one; empty before either was set. */
  get currentAddress(): Uint8Array {
    return (this.#current ?? this.#permanent ?? new Uint8Array(0)).slice();
  }

  /**
   * @param address - the address that the NIC uses from now on; told to the protocol if it is another
   * @param running - whether the adapter was started: then the length stays
   * @throws AdapterError `ADDRESS_INVALID`; nothing changes
   */
  setCurrentAddress(address: Uint8Array, running: boolean): void {
    this.#checkAddress(address);
    const before = this.currentAddress;
    if (running && before.length !== address.length)
      throw new AdapterError(
        'ADDRESS_INVALID',
        `${this.#name}: an address of ${String(address.length)} bytes; expected ${String(before.length)}, as before`,
      );
    this.#current = address.slice();
    const changed = before.length !== address.length || before.some((byte, index) => byte !== address[index]);
    if (changed) this.#protocol()?.addressChanged?.(address.slice());
  }

  #checkAddress(address: Uint8Array): void {
    const found = address.length;
    const message = `${this.#name}: an address of ${String(found)} bytes; expected 1 to 32`;
    if (found > MAXIMUM_ADDRESS_BYTES)
      throw violation(0x0a, message, { as: 'ADDRESS_INVALID', object: this.#name, expected: '1 to 32 bytes', found });
    if (found === 0) throw new AdapterError('ADDRESS_INVALID', message);
  }

  /**
   * @returns the names of the adapter's setters that must still be called before it starts
   * @throws AdapterError `ADDRESS_INVALID` when the two addresses are not equally long
   */
  missing(): string[] {
    const missing: string[] = [];
    if (this.#speed === undefined) missing.push('setLinkLayerCapabilities');
    if (this.#mtu === undefined) missing.push('setLinkLayerMtuSize');
    if (this.#permanent === undefined && this.#current === undefined) missing.push('setPermanentLinkLayerAddress');
    const [permanent, current] = [this.permanentAddress.length, this.currentAddress.length];
    if (permanent !== current)
      throw new AdapterError(
        'ADDRESS_INVALID',
        `${this.#name}: a permanent address of ${String(permanent)} bytes and a current one of ${String(current)}; expected equal lengths`,
      );
    return missing;
  }

  /** The link, as the driver last reported it. */
  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    checkLinkState(this.#name, state);
    const before = this.#state;
    if (!linkStateChanged(before, state)) return;
    this.#state = state;
    this.#protocol()?.linkStateChanged?.(state);
    if (before.connected !== state.connected) this.#protocol()?.linkChanged?.(state.connected);
  }
}
