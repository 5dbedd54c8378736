/*
 * Why a device woke, as its driver tells: NET_ADAPTER_WAKE_REASON_PACKET and the media change of the original. The frame may
 * be a part of what came, since hardware keeps only so much of it.
 */

/** Pattern ids of the wake sources that are no bitmap patterns. */
export const WakePatternId = {
  /** A frame matched the receive filter. */
  packetFilter: 0xffff_fffd,
  /** A magic packet. */
  magicPacket: 0xffff_fffe,
  /** An EAPOL request for identity. */
  eapolPacket: 0xffff_ffff,
} as const;

/** A frame woke the device. */
export interface WakePacket {
  /** The bitmap pattern that it matched, else one of {@link WakePatternId}. */
  readonly patternId: number;
  /** Bytes of the frame as it came. */
  readonly originalSize: number;
  /** What was kept of it, up to 1514 bytes; nothing where the hardware keeps nothing. */
  readonly frame: Uint8Array;
}

/** Why a device woke. */
export type WakeReason =
  | ({ readonly kind: 'packet' } & WakePacket)
  | { readonly kind: 'mediaChange'; readonly change: 'connected' | 'disconnected' };
