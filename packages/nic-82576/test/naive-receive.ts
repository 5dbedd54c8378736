/*
 * A second receive side, for comparison: byte by byte from the RFCs, slow and plain, and nothing of the model in it. It
 * says which descriptors and bytes a frame must become. Numbers of bits and types stand here once more, on purpose.
 */

/** How the chip is set up. */
export interface Settings {
  /** CTRL.VME, RCTL.VFE, CTRL_EXT.EXTENDED_VLAN with 88a8 outside, and the value that RCTL.CFI demands, if any. */
  readonly strip: boolean;
  readonly filter: boolean;
  readonly extended: boolean;
  readonly cfi: 0 | 1 | undefined;
  /** VLANs that pass. */
  readonly vlans: ReadonlySet<number>;
  /** RXCSUM. */
  readonly ip: boolean;
  readonly l4: boolean;
  readonly sctp: boolean;
  readonly pcsd: boolean;
  /** MRQC, RFCTL.IPV6_EX_DIS, RSSRK and RETA. */
  readonly rss: boolean;
  readonly fields: number;
  readonly noExtensions: boolean;
  readonly key: Uint8Array;
  readonly table: readonly number[];
  /** Whether the frame check sequence is taken off. */
  readonly crc: boolean;
  /** SRRCTL.DESCTYPE, bytes of header and packet buffers, PSRTYPE. */
  readonly type: 0 | 1 | 2 | 5;
  readonly header: number;
  readonly buffer: number;
  readonly splits: number;
}

/** One descriptor and its buffers, as `RxQueues` reports them; of a legacy descriptor only the last two words. */
export interface Expected {
  readonly queue: number;
  readonly words: string;
  readonly packet: Uint8Array;
  readonly header: Uint8Array;
}

/** What a parser sees of a frame. */
interface Packet {
  version: 0 | 4 | 6;
  l4: 'tcp' | 'udp' | 'sctp' | undefined;
  plain: boolean;
  fragment: boolean;
  source: Uint8Array;
  destination: Uint8Array;
  homeSource?: Uint8Array;
  homeDestination?: Uint8Array;
  routed: boolean;
  id: number;
  ipHeader: Uint8Array;
  /** What follows IP: a segment, or a fragment's data. */
  body: Uint8Array;
  bodyAt: number;
  /** Bytes of the L4 header. */
  l4Bytes: number;
}

const be16 = (bytes: Uint8Array, at: number): number => bytes[at]! * 256 + bytes[at + 1]!;
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** RFC 1071, with the carry taken in at once: ffff for what holds its own right checksum. */
export function onesSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return sum;
}

/** A reflected CRC, bit by bit. */
export function crc(bytes: Uint8Array, polynomial: number): number {
  let value = 0xffff_ffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const odd = ((value ^ (byte >> bit)) & 1) === 1;
      value = (value >>> 1) ^ (odd ? polynomial : 0);
    }
  }
  return ~value >>> 0;
}

/** The Toeplitz hash: for each bit of the input that is set, 32 bits of the key from there on. */
function toeplitz(key: Uint8Array, input: Uint8Array): number {
  const bits = BigInt(`0x${Buffer.from(key).toString('hex')}`);
  let hash = 0n;
  for (let bit = 0; bit < input.length * 8; bit++) {
    if (((input[bit >> 3]! >> (7 - (bit & 7))) & 1) === 0) continue;
    hash ^= (bits >> BigInt(key.length * 8 - 32 - bit)) & 0xffff_ffffn;
  }
  return Number(hash);
}

function nothing(): Packet {
  const none = new Uint8Array();
  const places = { source: none, destination: none, ipHeader: none, body: none, bodyAt: 0, l4Bytes: 0 };
  return { version: 0, l4: undefined, plain: true, fragment: false, routed: false, id: 0, ...places };
}

/** Parses what lies behind the tags; `start` is where that is. */
function parse(frame: Uint8Array, start: number): Packet {
  let at = start;
  let type = be16(frame, at);
  at += 2;
  const llc = Buffer.from(frame.subarray(at, at + 6)).toString('hex');
  if (type < 0x600 && llc === 'aaaa03000000' && frame.length >= at + 8) {
    type = be16(frame, at + 6);
    at += 8;
  }
  const ip = frame.subarray(at);
  if (type === 0x0800) return parse4(ip, at);
  return type === 0x86dd ? parse6(ip, at) : nothing();
}

function parse4(ip: Uint8Array, at: number): Packet {
  const packet = nothing();
  if (ip.length < 20 || ip[0]! >> 4 !== 4) return packet;
  const header = (ip[0]! % 16) * 4;
  const total = be16(ip, 2);
  if (header < 20 || total < header || total > ip.length) return packet;
  packet.version = 4;
  packet.plain = header === 20;
  packet.id = be16(ip, 4);
  packet.fragment = be16(ip, 6) % 0x4000 !== 0;
  packet.source = ip.subarray(12, 16);
  packet.destination = ip.subarray(16, 20);
  packet.ipHeader = ip.subarray(0, header);
  packet.body = ip.subarray(header, total);
  packet.bodyAt = at + header;
  if (!packet.fragment) findL4(packet, ip[9]!);
  return packet;
}

function parse6(ip: Uint8Array, at: number): Packet {
  const packet = nothing();
  if (ip.length < 40 || ip[0]! >> 4 !== 6 || 40 + be16(ip, 4) > ip.length) return packet;
  packet.version = 6;
  packet.source = ip.subarray(8, 24);
  packet.destination = ip.subarray(24, 40);
  packet.ipHeader = ip.subarray(0, 40);
  let rest = ip.subarray(40, 40 + be16(ip, 4));
  let where = at + 40;
  let next = ip[6]!;
  for (;;) {
    if (![0, 43, 44, 60].includes(next)) break;
    packet.plain = false;
    const size = next === 44 ? 8 : rest.length >= 8 ? (rest[1]! + 1) * 8 : Infinity;
    if (rest.length < size) {
      packet.body = rest;
      packet.bodyAt = where;
      return packet;
    }
    const header = rest.subarray(0, size);
    if (next === 43 && header[3] !== 0) {
      packet.routed = true;
      if (header[2] === 2 && header[3] === 1 && size === 24) packet.homeDestination = header.subarray(8, 24);
    }
    if (next === 60) {
      for (let option = 2; option < size;) {
        if (header[option] === 0) {
          option++;
          continue;
        }
        const length = header[option + 1];
        if (length === undefined || option + 2 + length > size) break;
        if (header[option] === 0xc9 && length === 16) packet.homeSource = header.subarray(option + 2, option + 18);
        option += 2 + length;
      }
    }
    if (next === 44) packet.fragment = true;
    next = header[0]!;
    rest = rest.subarray(size);
    where += size;
    if (packet.fragment) break;
  }
  packet.body = rest;
  packet.bodyAt = where;
  if (!packet.fragment) findL4(packet, next);
  return packet;
}

function findL4(packet: Packet, protocol: number): void {
  const { body } = packet;
  if (protocol === 6 && body.length >= 20) {
    packet.l4 = 'tcp';
    const size = (body[12]! >> 4) * 4;
    packet.l4Bytes = size >= 20 && size <= body.length ? size : 0;
  } else if (protocol === 17 && body.length >= 8) {
    packet.l4 = 'udp';
    packet.l4Bytes = 8;
  } else if (protocol === 132 && body.length >= 12) {
    packet.l4 = 'sctp';
  }
}

/** Status and error bits of the checksums. */
function checksums(packet: Packet, s: Settings): number {
  let bits = 0;
  if (packet.version === 4 && s.ip) bits += 0x40 + (onesSum(packet.ipHeader) === 0xffff ? 0 : 2 ** 30);
  const { l4, body } = packet;
  if (l4 === 'sctp' && s.sctp) {
    const blank = Uint8Array.from(body);
    blank.fill(0, 8, 12);
    bits += 0x20 + (crc(blank, 0x82f6_3b78) === Buffer.from(body).readUInt32LE(8) ? 0 : 2 ** 29);
  }
  if ((l4 !== 'tcp' && l4 !== 'udp') || !s.l4 || packet.routed || packet.homeSource !== undefined) return bits;
  let segment = body;
  if (l4 === 'udp') {
    const length = be16(body, 4);
    if (be16(body, 6) === 0 || length < 8 || length > body.length) return bits;
    segment = body.subarray(0, length);
    bits += 0x410;
  }
  const protocol = Uint8Array.of(0, l4 === 'tcp' ? 6 : 17, segment.length >> 8, segment.length & 255);
  const right = onesSum(join(packet.source, packet.destination, protocol, segment)) === 0xffff;
  return bits + 0x20 + (right ? 0 : 2 ** 29);
}

/** Type of hash and hash, by Microsoft's definition of the types. */
function hashOf(packet: Packet, s: Settings): { type: number; hash: number } {
  const on = (bit: number): boolean => ((s.fields >> bit) & 1) === 1;
  const { source, destination, body, l4 } = packet;
  const ports = body.subarray(0, 4);
  const make = (type: number, ...parts: Uint8Array[]): { type: number; hash: number } => ({
    type,
    hash: toeplitz(s.key, join(...parts)),
  });
  if (packet.version === 4) {
    if (l4 === 'tcp' && on(16)) return make(1, source, destination, ports);
    if (l4 === 'udp' && on(22)) return make(7, source, destination, ports);
    if (on(17)) return make(2, source, destination);
  } else if (packet.version === 6) {
    const home = packet.homeSource !== undefined || packet.homeDestination !== undefined;
    const from = packet.homeSource ?? source;
    const to = packet.homeDestination ?? destination;
    const through = packet.plain || !s.noExtensions;
    if (through && home) {
      if (l4 === 'tcp' && on(18)) return make(6, from, to, ports);
      if (l4 === 'udp' && on(24)) return make(9, from, to, ports);
      if (on(19)) return make(4, from, to);
    }
    if (through && !home) {
      if (l4 === 'tcp' && (on(21) || on(18))) return make(3, source, destination, ports);
      if (l4 === 'udp' && (on(23) || on(24))) return make(8, source, destination, ports);
      if (on(19)) return make(5, source, destination);
    }
    if (on(20)) return make(5, source, destination);
  }
  return { type: 0, hash: 0 };
}

/** How many bytes of a frame PSRTYPE calls headers. */
function headerBytes(packet: Packet, s: Settings): number {
  if (packet.version === 0) return 0;
  const bit = (packet.version === 4 ? 1 : 7) + (packet.l4 === 'tcp' ? 1 : packet.l4 === 'udp' ? 2 : 0);
  if (((s.splits >> bit) & 1) === 0) return 0;
  return packet.bodyAt + (packet.l4 === 'sctp' ? 0 : packet.l4Bytes);
}

/** The frame as it lies in memory, tag and all dealt with. */
function tagOf(frame: Uint8Array, s: Settings): { at: number; behind: number; control: number } {
  let at = 12;
  if (s.extended) {
    if (be16(frame, 12) !== 0x88a8) return { at: 0, behind: 12, control: 0 };
    at = 16;
  }
  if (be16(frame, at) !== 0x8100) return { at: 0, behind: at, control: 0 };
  return { at, behind: at + 4, control: be16(frame, at + 2) };
}

const littleEndian = (...words: number[]): string =>
  words
    .map((word) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(word % 2 ** 32);
      return bytes.toString('hex');
    })
    .join(' ');

const padded = (bytes: Uint8Array, size: number): Uint8Array => {
  const whole = new Uint8Array(size);
  whole.set(bytes);
  return whole;
};

/** What becomes of a frame whose address passes: nothing, when the VLAN filter keeps it out. */
export function naiveReceive(frame: Uint8Array, s: Settings): readonly Expected[] {
  const tag = tagOf(frame, s);
  if (s.filter && tag.at > 0) {
    if (s.cfi !== undefined && ((tag.control >> 12) & 1) !== s.cfi) return [];
    if (!s.vlans.has(tag.control % 4096)) return [];
  }
  // A choice of the model: while nothing needs the headers they are not looked at.
  const idle = s.type === 1 && !s.ip && !s.l4 && !s.sctp && !s.rss && !s.strip && !s.filter;
  const packet = idle ? nothing() : parse(frame, tag.behind);
  const cut = s.strip && tag.at > 0;
  const { type, hash } = s.rss ? hashOf(packet, s) : { type: 0, hash: 0 };
  const queue = type === 0 ? 0 : s.table[hash % 128]! % 16;
  let status = checksums(packet, s) + (cut ? 8 : 0);
  let second = s.rss ? hash : 0;
  if (!s.pcsd) {
    if (packet.version === 4) status += 0x200;
    second = (packet.version === 4 ? packet.id : 0) + (packet.fragment ? onesSum(packet.body) * 65536 : 0);
  }
  const kind =
    (packet.version === 4 ? (packet.plain ? 1 : 3) : packet.version === 6 ? (packet.plain ? 4 : 12) : 0) +
    { none: 0, tcp: 16, udp: 32, sctp: 64 }[packet.l4 ?? 'none'];
  const information = kind * 16 + (s.pcsd ? type : 0);
  const stripped = cut ? join(frame.subarray(0, tag.at), frame.subarray(tag.at + 4)) : frame;
  const fcs = new Uint8Array(4);
  new DataView(fcs.buffer).setUint32(0, crc(frame, 0xedb8_8320), true);
  let image = s.crc ? stripped : join(stripped, fcs);
  // Header split.
  let header = new Uint8Array();
  let headerWord = 0;
  let overflow = 0;
  if (s.type === 2 || s.type === 5) {
    const size = headerBytes(packet, s);
    const wanted = size === 0 ? 0 : size - (cut ? 4 : 0);
    if (wanted > 0) {
      headerWord = (wanted % 1024) * 2 ** 21 + 2 ** 31;
      if (wanted > s.header) overflow = 2 ** 23;
    }
    let bytes = wanted > 0 && wanted <= s.header ? wanted : 0;
    if (s.type === 5 && bytes === 0) bytes = Math.min(s.header, image.length);
    if (s.type === 5 && wanted === 0) headerWord = bytes * 2 ** 21;
    header = image.slice(0, bytes);
    image = image.subarray(bytes);
  }
  const out: Expected[] = [];
  const count = Math.max(1, Math.ceil(image.length / s.buffer));
  for (let number = 0; number < count; number++) {
    const part = image.subarray(number * s.buffer, (number + 1) * s.buffer);
    const last = number === count - 1;
    const bits = last ? status + 3 : 1;
    const tagged = part.length + (last && cut ? tag.control * 65536 : 0);
    const words =
      s.type === 0
        ? littleEndian(part.length, tagged - part.length + Math.floor(bits / 2 ** 24) * 256 + (bits % 256))
        : littleEndian((last ? information : 0) + headerWord, last ? second : 0, bits + overflow, tagged);
    out.push({
      queue,
      words,
      packet: padded(part, 2048),
      header: padded(number === 0 ? header : new Uint8Array(), 1024),
    });
  }
  return out;
}
