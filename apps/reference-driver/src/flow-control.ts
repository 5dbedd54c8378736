/*
 * Flow control by PAUSE frames: what is offered to the link's partner, what comes of both offers, and when the chip asks for
 * silence (nic-82576 reference §2; marks and table as Linux's igb has them). The chip does not read its PHY, so this is done
 * for it each time the link comes up: until then it neither asks for silence nor heeds who asks.
 */

import type { LinkState, PauseFunctions } from '@netcx/adapter';
import { MICROSECOND, type Alarm } from '@netcx/clock';
import { FCS_BYTES, MAXIMUM_FRAME, PHY, REGISTERS, VLAN_TAG_BYTES } from '@netcx/nic-82576/registers';
import type { Device } from './device.ts';
import { answerOf, askPhy } from './phy.ts';

const { CTRL, FCAH, FCAL, FCRTH, FCRTL, FCRTV, FCT, FCTTV, RXPBS } = REGISTERS;
const { ANAR, ANLPAR } = PHY;

/** Who may ask whom to be silent: `send` asks the partner, `receive` heeds it. */
export type FlowControlMode = 'off' | 'send' | 'receive' | 'both';

/** Every {@link FlowControlMode}. */
export const FLOW_CONTROL_MODES: readonly FlowControlMode[] = ['off', 'send', 'receive', 'both'];

/** The group that PAUSE frames go to, 01-80-C2-00-00-01, as FCAL and FCAH have it, and their Ether type. */
const GROUP_LOW = 0x00c2_8001;
const GROUP_HIGH = 0x0100;
const MAC_CONTROL = 0x8808;
/** As long a silence as can be asked for: it ends by a frame that says so. */
const LONGEST_PAUSE = 0xffff;
/** Quanta before its end at which it is asked for again. */
const REFRESH_BEFORE = 0x8000;
/** Bytes between the mark above which silence is asked for and that below which it ends. */
const HYSTERESIS = 16;
const ETHERNET_HEADER_BYTES = 14;
/** How long the PHY may take to answer, in looks. */
const LOOK_INTERVAL = 50 * MICROSECOND;
const MOST_LOOKS = 40;

const PAUSE = ANAR.PAUSE.mask;
const ASM_DIR = ANAR.ASM_DIR.mask;
/** What is advertised. Who only heeds says that it would ask too: no offer says the one without the other. */
const ADVERTISED = { off: 0, send: ASM_DIR, receive: PAUSE | ASM_DIR, both: PAUSE | ASM_DIR } as const;

/**
 * @param wanted - what this end wants
 * @param partner - the partner's offer, as ANLPAR has it
 * @returns what works on a link in full duplex
 */
export function agreedPause(wanted: FlowControlMode, partner: number): Exclude<PauseFunctions, 'unknown'> {
  const ours = ADVERTISED[wanted];
  const symmetric = (ours & partner & PAUSE) !== 0;
  if (symmetric) return wanted === 'both' ? 'sendAndReceive' : 'receiveOnly';
  if ((ours & partner & ASM_DIR) === 0) return 'unsupported';
  if ((partner & PAUSE) !== 0) return 'sendOnly';
  return (ours & PAUSE) !== 0 ? 'receiveOnly' : 'unsupported';
}

/** Flow control of one device. */
export class FlowControl {
  /** Bits of ANAR. */
  readonly advertised: number;
  readonly #device: Device;
  readonly #wanted: FlowControlMode;
  readonly #alarm: Alarm;
  #pause: PauseFunctions = 'unknown';
  /** The PHY is set up, and nobody else asks it anything. */
  #started = false;
  #full = false;
  #looks = 0;

  /**
   * @param device - the device
   * @param wanted - what is offered to partners
   * @param changed - called when `pause` has changed, but not from inside `linkChanged`
   */
  constructor(device: Device, wanted: FlowControlMode, changed: () => void) {
    this.#device = device;
    this.#wanted = wanted;
    this.advertised = ADVERTISED[wanted];
    this.#alarm = device.clock.alarm(() => {
      if (this.#look()) changed();
    });
  }

  /** What works on the link as it is; `unknown` while there is none, or its partner's offer is still read. */
  get pause(): PauseFunctions {
    return this.#pause;
  }

  /**
   * Writes everything anew: the chip comes out of a reset. Nothing is agreed.
   *
   * @param maximumMtu - payload of the longest frame there will be
   */
  program(maximumMtu: number): void {
    const device = this.#device;
    this.end();
    this.#enable('unsupported');
    device.write(FCAL, GROUP_LOW);
    device.write(FCAH, GROUP_HIGH);
    device.write(FCT, MAC_CONTROL);
    device.write(FCTTV, LONGEST_PAUSE);
    device.write(FCRTV, REFRESH_BEFORE);
    // A frame of ours may be half sent when silence is asked for, and one of the partner's when it hears of it.
    const longest = maximumMtu + ETHERNET_HEADER_BYTES + VLAN_TAG_BYTES + FCS_BYTES;
    const high = Math.max(0, device.read(RXPBS) * 1024 - longest - MAXIMUM_FRAME) & FCRTH.RTH.mask & ~(HYSTERESIS - 1);
    device.write(FCRTH, high);
    device.write(FCRTL, high === 0 ? 0 : (high - HYSTERESIS) | FCRTL.XONE.mask);
  }

  /** The PHY negotiates, and is asked by nobody else from now on. */
  start(): void {
    this.#started = true;
  }

  /** Until the chip is programmed anew the PHY is asked nothing. */
  end(): void {
    this.#started = false;
    this.#pause = 'unknown';
    this.#alarm.cancel();
  }

  /**
   * Has the partner's offer read when there is a partner. Where the PHY answers at once, `pause` says so before this returns.
   *
   * @param link - the link as the MAC sees it
   */
  linkChanged(link: LinkState): void {
    const { connected, duplex } = link;
    if (!this.#started) return;
    this.#alarm.cancel();
    if (!connected) {
      this.#pause = 'unknown';
      return;
    }
    this.#full = duplex === 'full';
    this.#looks = 0;
    askPhy(this.#device, ANLPAR);
    this.#look();
  }

  /** @returns whether `pause` has changed */
  #look(): boolean {
    const device = this.#device;
    const offer = answerOf(device);
    if (offer === undefined && this.#looks++ < MOST_LOOKS && !device.gone) {
      this.#alarm.after(LOOK_INTERVAL);
      return false;
    }
    // Whoever says nothing, or cannot be asked, has nothing on offer: such a link is one without flow control.
    const pause = this.#full ? agreedPause(this.#wanted, offer ?? 0) : 'unsupported';
    const news = pause !== this.#pause;
    this.#pause = pause;
    if (!device.gone) this.#enable(pause);
    return news;
  }

  #enable(pause: PauseFunctions): void {
    const device = this.#device;
    let control = device.read(CTRL) & ~(CTRL.RFCE.mask | CTRL.TFCE.mask);
    if (pause === 'receiveOnly' || pause === 'sendAndReceive') control |= CTRL.RFCE.mask;
    if (pause === 'sendOnly' || pause === 'sendAndReceive') control |= CTRL.TFCE.mask;
    device.write(CTRL, control >>> 0);
  }
}
