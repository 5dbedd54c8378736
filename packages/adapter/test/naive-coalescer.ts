/*
 * Coalescing as one would do it with paper and pencil: frames are taken apart into named fields, segments are looked for in
 * a list, and what they become is built anew with checksums summed over every byte. The other direction, too: a segmenter.
 */

import { be, join, naiveChecksum, pseudoHeader, withChecksum } from './wire-frames.ts';

/** What is coalesced, and how. */
export interface NaiveRules {
  readonly tcp: boolean;
  readonly udp: boolean;
  readonly timestamps: boolean;
  readonly forwarding: boolean;
}

/** A frame that was shown, and what was said of it. */
export interface NaiveResult {
  readonly bytes: Uint8Array;
  /** Segments; 0 = it is as it came. */
  readonly count: number;
  /** Duplicate acknowledgements, or the size of each segment. */
  readonly detail: number;
  readonly delta: number;
  /** Which frames it was, by number. */
  readonly from: readonly number[];
}

interface Taken {
  readonly link: Uint8Array;
  readonly ip: Uint8Array;
  readonly four: boolean;
  readonly protocol: number;
  /** The transport header. */
  readonly head: Uint8Array;
  readonly payload: Uint8Array;
  readonly timestampAt: number;
  readonly beyond: boolean;
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const half = (bytes: Uint8Array, at: number): number => view(bytes).getUint16(at);
const word = (bytes: Uint8Array, at: number): number => view(bytes).getUint32(at);
/** By how much a 32-bit number is ahead of another one. */
const ahead = (one: number, other: number): number => (one - other) | 0;

/** Where the timestamp option is in a TCP header: 0 = nowhere, -1 = the options make no sense. */
function timestampIn(head: Uint8Array): number {
  let found = 0;
  for (let at = 20; at < head.length;) {
    if (head[at] === 0) return found;
    if (head[at] === 1) {
      at++;
      continue;
    }
    const length = head[at + 1] ?? 0;
    if (length < 2 || at + length > head.length) return -1;
    if (head[at] === 8) {
      if (length !== 10 || found > 0) return -1;
      found = at;
    }
    at += length;
  }
  return found;
}

/** The fields of a frame of TCP or UDP over plain Ethernet (tags or not), `undefined` for everything else. */
function takeApart(frame: Uint8Array): Taken | undefined {
  let at = 14;
  while (at < 22 && [0x8100, 0x88a8].includes(half(frame, at - 2))) at += 4;
  const type = half(frame, at - 2);
  const four = type === 0x0800;
  if (!four && type !== 0x86dd) return undefined;
  const all = frame.subarray(at);
  const header = four ? (all[0]! & 15) * 4 : 40;
  const length = four ? half(all, 2) : 40 + half(all, 4);
  const protocol = four ? all[9]! : all[6]!;
  if (protocol !== 6 && protocol !== 17) return undefined;
  const transport = all.subarray(header, Math.max(length, header));
  const size = protocol === 6 ? (transport[12]! >> 4) * 4 : 8;
  const head = transport.subarray(0, size);
  return {
    link: frame.subarray(0, at),
    ip: all.subarray(0, header),
    four,
    protocol,
    head,
    payload: transport.subarray(size),
    timestampAt: protocol === 6 ? timestampIn(head) : 0,
    beyond: length > all.length,
  };
}

const isValid = (one: Taken): boolean => {
  const { ip, head, payload, protocol, four } = one;
  if (four && naiveChecksum(ip) !== 0) return false;
  if (protocol === 17 && half(head, 6) === 0) return four;
  return naiveChecksum(pseudoHeader(ip, protocol, head.length + payload.length), head, payload) === 0;
};

/**
 * @param frame - any
 * @returns what an honest NIC says of its checksums: that they are right, or nothing
 */
export function naiveFinding(frame: Uint8Array): number {
  const one = takeApart(frame);
  if (one === undefined || one.beyond || (one.four && (half(one.ip, 6) & 0x3fff) !== 0) || !isValid(one)) return 0;
  return (one.four ? 1 << 2 : 0) | (1 << 4);
}

function eligible(one: Taken, rules: NaiveRules): boolean {
  const { ip, head, payload, protocol, four, timestampAt, beyond } = one;
  if (beyond || (protocol === 6 ? !rules.tcp : !rules.udp)) return false;
  if (four && (ip.length !== 20 || (half(ip, 6) & 0xbfff) !== 0)) return false;
  if (!isValid(one)) return false;
  if (protocol === 17) return payload.length > 0 && half(head, 4) === 8 + payload.length;
  if ((head[12]! & 15) !== 0 || (head[13]! | 8) !== 24) return false;
  if (timestampAt < 0 || (timestampAt > 0 && !rules.timestamps)) return false;
  return payload.length > 0 || !rules.forwarding;
}

const flowOf = ({ link, ip, four, protocol, head }: Taken): string =>
  [link, four ? ip.subarray(12, 20) : ip.subarray(8, 40), head.subarray(0, 4)]
    .map((bytes) => Buffer.from(bytes).toString('hex'))
    .concat(String(protocol), String(four))
    .join(' ');

/** What must be the same in each IP header: all but length, identification and checksum. */
const fixedOf = ({ ip, four }: Taken): string =>
  Buffer.from(four ? join([ip[0]!, ip[1]!, ip[6]!, ip[7]!, ip[8]!]) : join(ip.subarray(0, 4), [ip[7]!])).toString(
    'hex',
  );

class Chain {
  readonly segments: Taken[] = [];
  readonly from: number[] = [];
  open = true;
  duplicates = 0;
  parts = 0;

  add(segment: Taken, number: number, parts: number): void {
    this.segments.push(segment);
    this.from.push(number);
    this.parts += parts;
  }

  get first(): Taken {
    return this.segments[0]!;
  }

  get last(): Taken {
    return this.segments.at(-1)!;
  }

  get bytes(): number {
    return this.segments.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  accepts(next: Taken, rules: NaiveRules): boolean {
    const { first } = this;
    if (fixedOf(first) !== fixedOf(next) || first.head.length !== next.head.length) return false;
    if (next.four && rules.forwarding && half(next.ip, 4) !== (half(first.ip, 4) + this.segments.length) % 65_536)
      return false;
    if (next.protocol === 6) return this.#acceptsTcp(next, rules);
    const summed = (one: Taken): boolean => half(one.head, 6) !== 0;
    return summed(first) === summed(next) && next.payload.length <= first.payload.length;
  }

  #acceptsTcp(next: Taken, rules: NaiveRules): boolean {
    const { first, last } = this;
    if (ahead(word(next.head, 4), word(first.head, 4)) !== this.bytes) return false;
    const options = ({ head, timestampAt }: Taken): string => {
      const copy = head.slice(20);
      if (timestampAt > 0) copy.fill(0, timestampAt - 18, timestampAt - 10);
      return `${timestampAt} ${Buffer.from(copy).toString('hex')}`;
    };
    if (options(first) !== options(next)) return false;
    const sameWindow = half(last.head, 14) === half(next.head, 14);
    const advance = ahead(word(next.head, 8), word(last.head, 8));
    const at = next.timestampAt;
    const newer = at === 0 ? 0 : ahead(word(next.head, at + 2), word(last.head, at + 2));
    const echoNewer = at === 0 ? 0 : ahead(word(next.head, at + 6), word(last.head, at + 6));
    if (rules.forwarding) {
      const same = sameWindow && advance === 0 && newer === 0 && echoNewer === 0;
      return same && next.payload.length <= first.payload.length;
    }
    if (newer < 0 || echoNewer < 0 || advance < 0) return false;
    if (advance > 0) return this.duplicates === 0;
    return next.payload.length > 0 || (this.bytes === 0 && sameWindow);
  }

  take(next: Taken, number: number, parts: number, rules: NaiveRules): void {
    const { first, last } = this;
    const tcp = next.protocol === 6;
    if (tcp && next.payload.length === 0 && word(next.head, 8) === word(last.head, 8)) this.duplicates++;
    this.add(next, number, parts);
    const pushed = tcp && (next.head[13]! & 8) !== 0;
    if ((rules.forwarding || !tcp) && (pushed || next.payload.length < first.payload.length)) this.open = false;
  }

  result(rules: NaiveRules): NaiveResult {
    const { first, last, segments, from } = this;
    const payload = Buffer.concat(segments.map((one) => one.payload));
    const ip = first.ip.slice();
    const head = first.head.slice();
    if (first.four) {
      ip.set(be(2, 20 + head.length + payload.length), 2);
      ip.set([0, 0], 10);
      ip.set(be(2, naiveChecksum(ip)), 10);
    } else ip.set(be(2, head.length + payload.length), 4);
    const at = first.timestampAt;
    if (first.protocol === 6) {
      head.set(last.head.subarray(8, 12), 8);
      if (segments.some((one) => (one.head[13]! & 8) !== 0)) head[13]! |= 8;
      head.set(last.head.subarray(14, 16), 14);
      if (at > 0) head.set(last.head.subarray(at + 2, at + 10), at + 2);
    } else head.set(be(2, 8 + payload.length), 4);
    const packet = join(ip, head, payload);
    const bare = first.protocol === 17 && half(first.head, 6) === 0;
    return {
      bytes: join(first.link, bare ? packet : withChecksum(packet)),
      count: segments.length,
      detail: rules.forwarding || first.protocol === 17 ? first.payload.length : this.duplicates,
      delta: at > 0 ? ahead(word(last.head, at + 2), word(first.head, at + 2)) : 0,
      from,
    };
  }
}

const isFragment = (frame: Uint8Array): boolean => {
  const one = takeApart(frame);
  return one !== undefined && one.four && (half(one.ip, 6) & 0x3fff) !== 0;
};

/** The frames of one poll, coalesced. `parts` says in how many parts each lies; no more than 64 go into one. */
export function naiveCoalesce(
  frames: readonly Uint8Array[],
  rules: NaiveRules,
  parts: readonly number[] = frames.map(() => 1),
): NaiveResult[] {
  const out: (NaiveResult | Chain)[] = [];
  for (const [number, frame] of frames.entries()) {
    const alone: NaiveResult = { bytes: frame, count: 0, detail: 0, delta: 0, from: [number] };
    const chains = out.filter((one): one is Chain => one instanceof Chain && one.open);
    const next = isFragment(frame) ? undefined : takeApart(frame);
    if (next === undefined) {
      if (isFragment(frame)) for (const chain of chains) chain.open = false;
      out.push(alone);
      continue;
    }
    const chain = chains.find((one) => flowOf(one.first) === flowOf(next));
    const fits = eligible(next, rules);
    if (chain !== undefined) {
      const total = next.ip.length + next.head.length + chain.bytes + next.payload.length;
      if (fits && chain.accepts(next, rules) && total <= 65_535 && chain.parts + parts[number]! <= 64) {
        chain.take(next, number, parts[number]!, rules);
        continue;
      }
      chain.open = false;
    }
    if (!fits) {
      out.push(alone);
      continue;
    }
    const opened = new Chain();
    opened.add(next, number, parts[number]!);
    if (rules.forwarding && next.protocol === 6 && (next.head[13]! & 8) !== 0) opened.open = false;
    out.push(opened);
  }
  return out.map((one) => {
    if (!(one instanceof Chain)) return one;
    if (one.segments.length > 1) return one.result(rules);
    return { bytes: frames[one.from[0]!]!, count: 0, detail: 0, delta: 0, from: one.from };
  });
}

/** Cuts a frame of TCP or UDP into segments of `size` bytes of payload, as segmentation offload does. */
export function naiveSegment(frame: Uint8Array, size: number): Uint8Array[] {
  const { link, ip, four, protocol, head, payload } = takeApart(frame)!;
  const count = Math.ceil(payload.length / size);
  return Array.from({ length: count }, (_, index) => {
    const piece = payload.subarray(index * size, (index + 1) * size);
    const outer = ip.slice();
    const inner = head.slice();
    if (four) {
      outer.set(be(2, 20 + head.length + piece.length), 2);
      outer.set(be(2, (half(ip, 4) + index) % 65_536), 4);
      outer.set([0, 0], 10);
      outer.set(be(2, naiveChecksum(outer)), 10);
    } else outer.set(be(2, head.length + piece.length), 4);
    if (protocol === 6) {
      inner.set(be(4, (word(head, 4) + index * size) >>> 0), 4);
      if (index + 1 < count) inner[13]! &= ~9; // FIN and PSH are the last one's
    } else inner.set(be(2, 8 + piece.length), 4);
    const packet = join(outer, inner, piece);
    return join(link, protocol === 17 && half(head, 6) === 0 ? packet : withChecksum(packet));
  });
}
