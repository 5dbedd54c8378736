/*
 * What should be on the wire for a packet, written from RFC 791, 8200, 9293, 768, 9260 and IEEE 802.1Q, a byte at a time
 * and with no knowledge of descriptors: every frame is built whole, and its checksums are computed over it from nothing.
 */

/** A packet and what a driver wishes for it. */
export interface Wish {
  /** Tags that stand in the frame already. */
  readonly tags: readonly number[];
  /** The tag that the chip is to insert; -1 for none. */
  readonly tag: number;
  readonly version: 4 | 6;
  /** IPv4: words of options. IPv6: 8-byte units of each extension header. */
  readonly options: readonly number[];
  readonly protocol: 'tcp' | 'udp' | 'sctp' | 'other';
  /** Words of TCP options. */
  readonly l4Options: number;
  /** TCP's flags. */
  readonly flags: number;
  /** TCP's sequence number, and IPv4's identification in its low half. */
  readonly number: number;
  readonly payload: Uint8Array;
  /** Bytes of payload a segment; 0 for a frame that leaves as it is. */
  readonly mss: number;
  /** Shortest frame that leaves. */
  readonly shortest: number;
}

const PROTOCOL = { tcp: 6, udp: 17, sctp: 132, other: 253 } as const;
const IPV4_TYPE = [8, 0];
const IPV6_TYPE = [0x86, 0xdd];
const FIN_PSH = 0x09;
const CWR = 0x80;
/** Extension headers in the order in which they stand: hop-by-hop, routing (nothing left to visit), destination. */
const EXTENSIONS = [0, 43, 60] as const;

/** Two bytes, high one first. */
export const bytes16 = (value: number): number[] => [(value >>> 8) & 255, value & 255];
const bytes32 = (value: number): number[] => [...bytes16(value >>> 16), ...bytes16(value)];

/** The Internet checksum (RFC 1071) over bytes, each carry taken in at once. */
export function naiveChecksum(data: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += 2) {
    sum += (data[at]! << 8) + (data[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return 0xffff - sum;
}

/** CRC32c (RFC 9260 Appendix A), a bit at a time, as the four bytes that stand in a packet. */
function naiveCrc32c(data: readonly number[]): number[] {
  let crc = 0xffff_ffff;
  for (const byte of data) {
    for (let bit = 0; bit < 8; bit++) {
      const low = (crc ^ (byte >> bit)) & 1;
      crc >>>= 1;
      if (low === 1) crc ^= 0x82f6_3b78;
    }
  }
  const value = ~crc >>> 0;
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
}

const address = (version: 4 | 6, host: number): number[] =>
  version === 4 ? [10, 0, 0, host] : [0xfd, 0x12, 0x34, ...new Array<number>(12).fill(0x56), host];

/** The pseudo header, with a length or, as segmentation wants it, with none. */
export function pseudoHeader(wish: Wish, length: number): number[] {
  const addresses = [...address(wish.version, 1), ...address(wish.version, 2)];
  const protocol = PROTOCOL[wish.protocol];
  return wish.version === 4
    ? [...addresses, 0, protocol, ...bytes16(length)]
    : [...addresses, ...bytes32(length), 0, 0, 0, protocol];
}

/** The addresses and the tags that stand in the frame, and the type behind them. */
export const linkHeader = (wish: Wish): number[] => [
  ...[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1],
  ...wish.tags.flatMap((tag) => [0x81, 0, ...bytes16(tag)]),
  ...(wish.version === 4 ? IPV4_TYPE : IPV6_TYPE),
];

/** The IP header of one frame with so many bytes behind it; its checksum is right. */
export function ipHeader(wish: Wish, length: number, segment: number): number[] {
  const protocol = PROTOCOL[wish.protocol];
  if (wish.version === 6) {
    const kinds = wish.options.map((_, index) => EXTENSIONS[index]!);
    const extensions = wish.options.flatMap((units, index) => [
      kinds[index + 1] ?? protocol,
      units - 1,
      ...(kinds[index] === 43 ? [253, 0, 0, 0, 0, 0] : [1, 4, 0, 0, 0, 0]),
      ...Array.from({ length: units - 1 }, () => (kinds[index] === 43 ? 0 : [1, 6, 0, 0, 0, 0, 0, 0])).flatMap((pad) =>
        pad === 0 ? new Array<number>(8).fill(0) : pad,
      ),
    ]);
    const payload = bytes16(extensions.length + length);
    const header = [0x60, 0, 0, 0, ...payload, kinds[0] ?? protocol, 64];
    return [...header, ...address(6, 1), ...address(6, 2), ...extensions];
  }
  const words = 5 + (wish.options[0] ?? 0);
  const options = new Array<number>((words - 5) * 4).fill(1); // no operation
  const identification = bytes16(wish.number + segment);
  const header = [0x40 | words, 0, ...bytes16(words * 4 + length), ...identification, 0x40, 0, 64, protocol];
  const addresses = [...address(4, 1), ...address(4, 2)];
  const sum = naiveChecksum([...header, 0, 0, ...addresses, ...options]);
  return [...header, ...bytes16(sum), ...addresses, ...options];
}

/** The L4 header of a frame that carries payload from `from` up to `to`, with zero for a checksum. */
export function l4Header(wish: Wish, from: number, to: number): number[] {
  const ports = [...bytes16(0xc000 | (wish.number & 0xfff)), 0x13, 0x88];
  const first = from === 0;
  const last = to === wish.payload.length;
  switch (wish.protocol) {
    case 'tcp': {
      const flags = wish.flags & ~(last ? 0 : FIN_PSH) & ~(first ? 0 : CWR);
      const options = new Array<number>(wish.l4Options * 4).fill(1); // no operation
      const numbers = [...bytes32((wish.number + from) >>> 0), 1, 2, 3, 4];
      return [...ports, ...numbers, (5 + wish.l4Options) << 4, flags, 0x20, 0, 0, 0, 0, 0, ...options];
    }
    case 'udp':
      return [...ports, ...bytes16(8 + to - from), 0, 0];
    case 'sctp':
      return [...ports, 9, 8, 7, 6, 0, 0, 0, 0];
    case 'other':
      return [1, 2, 3, 4];
  }
}

/** An L4 header with its payload and the right checksum. */
export function l4Packet(wish: Wish, from: number, to: number, zeroIsZero = false): number[] {
  const header = l4Header(wish, from, to);
  const packet = [...header, ...wish.payload.subarray(from, to)];
  if (wish.protocol === 'other') return packet;
  if (wish.protocol === 'sctp') {
    packet.splice(8, 4, ...naiveCrc32c(packet));
    return packet;
  }
  const sum = naiveChecksum([...pseudoHeader(wish, packet.length), ...packet]);
  const sent = sum === 0 && wish.protocol === 'udp' && !zeroIsZero ? 0xffff : sum;
  packet.splice(wish.protocol === 'udp' ? 6 : 16, 2, ...bytes16(sent));
  return packet;
}

/** The frames that are to leave, in order. */
export function naiveFrames(wish: Wish, zeroIsZero = false): number[][] {
  const total = wish.payload.length;
  const size = wish.mss === 0 ? Math.max(total, 1) : wish.mss;
  const frames: number[][] = [];
  for (let from = 0; from === 0 || from < total; from += size) {
    const packet = l4Packet(wish, from, Math.min(from + size, total), zeroIsZero);
    const frame = [...linkHeader(wish), ...ipHeader(wish, packet.length, frames.length), ...packet];
    if (wish.tag >= 0) frame.splice(12, 0, 0x81, 0, ...bytes16(wish.tag));
    while (frame.length < wish.shortest) frame.push(0);
    frames.push(frame);
  }
  return frames;
}
