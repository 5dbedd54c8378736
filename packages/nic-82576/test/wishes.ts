/*
 * The driver's part of the transmit tests: how a wish becomes bytes in memory, context and data descriptors, as Linux's
 * driver does it, with the seeds that the chip wants. And wishes at random.
 */

import fc from 'fast-check';
import { TX_COMMAND, TX_L4_TYPE, TX_STATUS } from '../src/registers/index.ts';
import {
  bytes16,
  ipHeader,
  l4Header,
  l4Packet,
  linkHeader,
  naiveChecksum,
  pseudoHeader,
  type Wish,
} from './naive-transmit.ts';

const { DTYP_CONTEXT, DTYP_DATA, EOP, IFCS, RS, DEXT, VLE, TSE } = TX_COMMAND;
const LEGACY_IC = 0x400_0000;

/** How a wish reaches the chip. */
export interface Manner {
  readonly wish: Wish;
  /** Whether the chip computes the checksums; it does in any case when it segments. */
  readonly offload: boolean;
  /** Legacy descriptors; only for what they can do. */
  readonly legacy: boolean;
  /** Which context slot. */
  readonly slot: number;
  /** Where the packet is cut into buffers, each from 0 to 1 of its length. */
  readonly cuts: readonly number[];
}

/** The four words of a descriptor; an address is an offset into the packet's bytes. */
export interface Descriptor {
  readonly offset: number;
  readonly words: readonly [number, number];
}

/** What a driver puts into memory and into the ring. */
export interface Posted {
  readonly packet: Uint8Array;
  /** The words of a context descriptor, or none. */
  readonly context: readonly [number, number, number, number] | undefined;
  readonly data: readonly Descriptor[];
}

const L4_TYPE = { tcp: TX_L4_TYPE.TCP, udp: TX_L4_TYPE.UDP, sctp: TX_L4_TYPE.SCTP, other: 0 } as const;
const FIELD = { tcp: 16, udp: 6, sctp: 8, other: 0 } as const;
const NONE = 0xffff;

/** The sum of a pseudo header, as a driver leaves it in the checksum field. */
const seed = (wish: Wish, length: number): number => NONE - naiveChecksum(pseudoHeader(wish, length));

/** Whether legacy descriptors can do what is wished. */
const fitsLegacy = ({ wish }: Manner): boolean =>
  wish.mss === 0 && (wish.protocol === 'tcp' || wish.protocol === 'udp') && wish.options.every((units) => units < 5);

/**
 * @returns bytes, context and descriptors for a wish
 */
export function post(manner: Manner): Posted {
  const { wish, slot } = manner;
  const segmented = wish.mss > 0;
  const total = wish.payload.length;
  const known = wish.protocol !== 'other';
  const offload = (manner.offload || segmented) && known;
  const l4 = offload ? [...l4Header(wish, 0, total), ...wish.payload] : l4Packet(wish, 0, total);
  const link = linkHeader(wish);
  const ip = ipHeader(wish, l4.length, 0);
  const headers = l4.length - total;
  if (offload && wish.protocol !== 'sctp') {
    l4.splice(FIELD[wish.protocol], 2, ...bytes16(seed(wish, segmented ? 0 : l4.length)));
  }
  // The chip makes these: drivers leave 0, or ffff as Linux's does.
  if (offload && wish.version === 4 && !manner.legacy) ip.splice(10, 2, ...bytes16(slot === 0 ? 0 : NONE));
  if (segmented) ip.splice(wish.version === 4 ? 2 : 4, 2, 0, 0);
  const packet = Uint8Array.from([...link, ...ip, ...l4]);
  if (manner.legacy)
    return { packet, context: undefined, data: legacy(manner, packet, link.length + ip.length, offload) };
  const tagged = wish.tag >= 0;
  const context: Posted['context'] =
    offload || tagged
      ? [
          ip.length | (link.length << 9) | (Math.max(wish.tag, 0) << 16),
          0,
          // The IPV4 bit only where Linux sets it.
          DTYP_CONTEXT | DEXT | (L4_TYPE[wish.protocol] << 11) | (segmented && wish.version === 4 ? 0x400 : 0),
          (slot << 4) | (headers << 8) | (wish.mss << 16),
        ]
      : undefined;
  const status = offload ? TX_STATUS.TXSM | (wish.version === 4 ? TX_STATUS.IXSM : 0) : 0;
  const payload = segmented ? total : packet.length;
  const command = DTYP_DATA | DEXT | IFCS | (tagged ? VLE : 0) | (segmented ? TSE : 0);
  const data = buffers(manner, packet).map(({ offset, length, last }) => ({
    offset,
    words: [command | length | (last ? EOP | RS : 0), status | (slot << 4) | (payload << 14)] as const,
  }));
  return { packet, context, data };
}

function legacy(manner: Manner, packet: Uint8Array, transport: number, offload: boolean): Descriptor[] {
  const { wish } = manner;
  const place = transport + FIELD[wish.protocol];
  const command = IFCS | (wish.tag >= 0 ? VLE : 0) | (offload ? LEGACY_IC | (place << 16) : 0);
  return buffers(manner, packet).map(({ offset, length, last }) => ({
    offset,
    words: [command | length | (last ? EOP | RS : 0), (transport << 8) | (Math.max(wish.tag, 0) << 16)],
  }));
}

function buffers(manner: Manner, packet: Uint8Array): { offset: number; length: number; last: boolean }[] {
  const cuts = manner.cuts.map((cut) => Math.floor(cut * packet.length)).sort((a, b) => a - b);
  const ends = [...cuts, packet.length];
  return ends.map((end, index) => {
    const offset = ends[index - 1] ?? 0;
    return { offset, length: end - offset, last: index === ends.length - 1 };
  });
}

/** Payload that is as good as random, cheaply. */
function payload(length: number, start: number): Uint8Array {
  let state = start | 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 0x0019_660d) + 0x3c6e_f35f;
    return state >>> 24;
  });
}

const lengths = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 100 }) },
  { weight: 4, arbitrary: fc.nat({ max: 1400 }) },
  { weight: 2, arbitrary: fc.nat({ max: 9000 }) },
);

/** Wishes at random, in every manner that can express them. */
export const manners: fc.Arbitrary<Manner> = fc
  .record({
    tags: fc.array(fc.nat({ max: 0xffff }), { maxLength: 2 }),
    tag: fc.oneof(fc.constant(-1), fc.nat({ max: 0xffff })),
    version: fc.constantFrom(4 as const, 6 as const),
    options: fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 3 }),
    protocol: fc.constantFrom(
      'tcp' as const,
      'tcp' as const,
      'udp' as const,
      'udp' as const,
      'sctp' as const,
      'other' as const,
    ),
    l4Options: fc.nat({ max: 10 }),
    flags: fc.nat({ max: 255 }),
    number: fc.oneof(fc.nat({ max: 0xffff_ffff }), fc.constant(0xffff_fff0), fc.constant(0xffff)),
    length: lengths,
    start: fc.nat(),
    mss: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 1460 })),
    shortest: fc.constant(60),
    offload: fc.boolean(),
    legacy: fc.boolean(),
    slot: fc.nat({ max: 1 }),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
  })
  .map(({ offload, legacy: old, slot, cuts, length, start, mss, ...rest }) => {
    const segmented = mss > 0 && (rest.protocol === 'tcp' || rest.protocol === 'udp');
    const longest = segmented ? 9000 : 9200;
    const wish: Wish = {
      ...rest,
      options: rest.version === 4 ? rest.options.slice(0, 1) : rest.options,
      payload: payload(Math.min(length, longest), start),
      // Mostly few segments, now and then more than one burst of them.
      mss: segmented ? Math.max(mss, Math.ceil(length / (start % 8 === 0 ? 100 : 10))) : 0,
    };
    const manner: Manner = { wish, offload, legacy: false, slot, cuts };
    return old && fitsLegacy(manner) ? { ...manner, legacy: true } : manner;
  });
