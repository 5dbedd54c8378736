/*
 * What stands above an adapter: a bridge, a TAP, a test. It is called once for a burst, never for a frame, and never from
 * inside one of its own calls.
 */

import type { ProtocolNeeds } from '@netcx/buffers';
import type { PowerState } from '../device/power-state.ts';
import type { LinkState } from '../link-state.ts';
import type { WakeReason } from '../power/wake-reason.ts';
import type { OffloadSet } from '../offload/offload-set.ts';
import type { ReceiveEdge } from './receive-edge.ts';
import type { TransmitEdge } from './transmit-edge.ts';

/** A protocol, as its adapter calls it. */
export interface Protocol {
  /** What it needs of buffers: stated when it is attached, served from the adapter's next start on. */
  readonly needs?: ProtocolNeeds;
  /**
   * Frames have come in: the descriptors of `edge.ring` from `beginIndex` on.
   *
   * @param edge - the queue that they came by
   * @param count - how many descriptors are new
   */
  receive(edge: ReceiveEdge, count: number): void;
  /**
   * Asked before frames are shown, once for each burst of them: where they go unseen, as from a bridge or a router. They are
   * sent in the buffers that they lie in, in the order in which they came, behind what was submitted there; their completions
   * show up at that edge like any other's. Without room there they wait, and the NIC keeps what comes behind them.
   * In Linux this is XDP_REDIRECT, in DPDK a hairpin queue.
   *
   * @param edge - the queue that frames come by
   * @returns the transmit queue that they leave by, of any adapter of this process; `undefined`: they are shown to `receive`
   */
  redirect?(edge: ReceiveEdge): TransmitEdge | undefined;
  /**
   * Frames were sent, or given up: the first `count` descriptors of `edge.ring` from `processedIndex` on. They may be
   * looked at until this returns.
   *
   * @param edge - the queue that sent them
   * @param count - how many descriptors have completed
   */
  sent?(edge: TransmitEdge, count: number): void;
  /**
   * @param up - whether the link passes frames now
   */
  linkChanged?(up: boolean): void;
  /**
   * Other offloads are on than before: a protocol asked for them, or the driver paused or resumed what its NIC does.
   *
   * @param enabled - what is on now, whoever does it
   */
  offloadsChanged?(enabled: OffloadSet): void;
  /**
   * Any field of the link's state has changed; `linkChanged` follows when it is the connection.
   *
   * @param state - the link now
   */
  linkStateChanged?(state: LinkState): void;
  /**
   * Longer or shorter frames can be sent from now on. The adapter's queues are new: those that were there before are gone.
   *
   * @param mtu - payload bytes of the longest frame
   */
  mtuChanged?(mtu: number): void;
  /**
   * @param address - the adapter's link-layer address from now on; the callee's to keep
   */
  addressChanged?(address: Uint8Array): void;
  /**
   * The device changes its power. It is told before the queues go, when the device is to sleep or to stop, and once there are
   * new ones when it works again (`D0`). Buffers that were received must be released before the queues can go.
   *
   * @param state - what it changes to
   */
  powerChanged?(state: PowerState): void;
  /**
   * Why the device woke, as far as its driver knows; before `powerChanged` says `D0`.
   *
   * @param reason - the frame that matched, or the link's change
   */
  woken?(reason: WakeReason): void;
  /** The device was pulled out, or removed: the queues are gone, and none will come again. */
  removed?(): void;
}

/** The place above an adapter. Queues keep it, and look at each burst who stands there. */
export interface ProtocolPlace {
  /** Who; `undefined` = nobody. */
  readonly protocol: Protocol | undefined;
}
