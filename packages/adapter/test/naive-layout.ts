/*
 * The headers of a frame, found in one piece of bytes by a parser that was written from the RFCs without a look at the
 * real one: it slices, recurses and throws.
 */

import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';

export interface NaiveLayout {
  readonly layer2Type: number;
  readonly layer2Length: number;
  readonly layer3Type: number;
  readonly layer3Length: number;
  readonly layer4Type: number;
  readonly layer4Length: number;
}

class Short extends Error {}

const take = (bytes: Uint8Array, from: number, to: number): Uint8Array => {
  if (to > bytes.length) throw new Short();
  return bytes.subarray(from, to);
};
const number = (bytes: Uint8Array, from: number, to: number): number =>
  take(bytes, from, to).reduce((value, byte) => value * 256 + byte, 0);

const NOTHING = { layer3Type: 0, layer3Length: 0, layer4Type: 0, layer4Length: 0 };

/** What `parse` returns, or what is known when the bytes end first. */
function orElse<T>(parse: () => T, otherwise: T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof Short) return otherwise;
    throw error;
  }
}

function layer4(bytes: Uint8Array, protocol: number) {
  const none = { layer4Type: Layer4Type.Unspecified as number, layer4Length: 0 };
  if (protocol === 17) return orElse(() => (take(bytes, 0, 8), { layer4Type: Layer4Type.Udp, layer4Length: 8 }), none);
  if (protocol !== 6) return { layer4Type: Layer4Type.IPNotFragment, layer4Length: 0 };
  return orElse(() => {
    const words = number(bytes, 12, 13) >> 4;
    if (words < 5) return none;
    take(bytes, 0, Math.max(20, words * 4));
    return { layer4Type: Layer4Type.Tcp, layer4Length: words * 4 };
  }, none);
}

function layer3v4(bytes: Uint8Array) {
  const version = number(take(bytes, 0, 20), 0, 1);
  const length = (version % 16) * 4;
  if (version >> 4 !== 4 || length < 20) return NOTHING;
  take(bytes, 0, length);
  const rest = bytes.subarray(length);
  const layer3Type = length === 20 ? Layer3Type.IPv4NoOptions : Layer3Type.IPv4WithOptions;
  const fragment = number(bytes, 6, 8) % 0x4000 !== 0;
  const above = fragment ? { layer4Type: Layer4Type.IPFragment, layer4Length: 0 } : layer4(rest, bytes[9]!);
  return { layer3Type, layer3Length: length, ...above };
}

const EXTENSIONS = new Map<number, (length: number) => number>([
  ...[0, 43, 60, 135, 139, 140].map((next) => [next, (length: number) => 8 * (length + 1)] as const),
  [44, () => 8],
  [51, (length: number) => 4 * (length + 2)],
]);

function layer3v6(bytes: Uint8Array) {
  take(bytes, 0, 40);
  if (bytes[0]! >> 4 !== 6) return NOTHING;
  const walk = (at: number, next: number): { end: number; protocol: number; fragment: boolean } => {
    const size = EXTENSIONS.get(next);
    if (size === undefined) return { end: at, protocol: next, fragment: false };
    const header = take(bytes, at, at + 8);
    const end = at + size(header[1]!);
    take(bytes, at, end);
    const field = number(header, 2, 4);
    const fragment = next === 44 && (field >> 3 !== 0 || field % 2 !== 0);
    return fragment ? { end, protocol: header[0]!, fragment } : walk(end, header[0]!);
  };
  const { end, protocol, fragment } = walk(40, bytes[6]!);
  if (end > 511) return NOTHING;
  const layer3Type = end === 40 ? Layer3Type.IPv6NoExtensions : Layer3Type.IPv6WithExtensions;
  if (fragment) return { layer3Type, layer3Length: end, layer4Type: Layer4Type.IPFragment, layer4Length: 0 };
  return { layer3Type, layer3Length: end, ...layer4(bytes.subarray(end), protocol) };
}

export function naiveLayout(frame: Uint8Array, medium: number = Layer2Type.Ethernet): NaiveLayout {
  const above = (at: number, type: number): NaiveLayout => ({
    layer2Type: medium,
    layer2Length: at,
    ...orElse<typeof NOTHING>(() => {
      if (type === 0x0800) return layer3v4(frame.subarray(at));
      return type === 0x86dd ? layer3v6(frame.subarray(at)) : NOTHING;
    }, NOTHING),
  });
  const snap = (at: number): number =>
    orElse(() => {
      const header = take(frame, at, at + 8);
      return header.subarray(0, 6).join() === '170,170,3,0,0,0' ? number(header, 6, 8) : 0;
    }, 0);
  const nothing = { layer2Type: medium, layer2Length: 0, ...NOTHING };
  if (medium === Layer2Type.Null) {
    const version = (frame[0] ?? 0) >> 4;
    return above(0, version === 4 ? 0x0800 : version === 6 ? 0x86dd : 0);
  }
  if (medium === Layer2Type.Ieee80211) {
    return orElse(() => {
      const [control, flags] = take(frame, 0, 24) as unknown as [number, number];
      if ((control >> 2) % 4 !== 2) return nothing;
      const quality = control >= 0x80;
      const length = 24 + (flags % 4 === 3 ? 6 : 0) + (quality ? 2 : 0) + (quality && flags >= 0x80 ? 4 : 0);
      take(frame, 0, length);
      const type = snap(length);
      return type === 0 ? above(length, 0) : above(length + 8, type);
    }, nothing);
  }
  const typeAt = (at: number, tags: number): number => {
    const tagged = [0x8100, 0x88a8, 0x9100].includes(number(frame, at, at + 2));
    return tagged && tags < 2 && at + 6 <= frame.length ? typeAt(at + 4, tags + 1) : at;
  };
  return orElse(() => {
    const at = typeAt(12, 0);
    const type = number(frame, at, at + 2);
    if (type >= 0x600) return above(at + 2, type);
    const inner = snap(at + 2);
    return inner === 0 ? above(at + 2, 0) : above(at + 10, inner);
  }, nothing);
}
