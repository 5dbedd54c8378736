/* Random frames for the receive side: mostly whole packets of all kinds, then cut, bent and spoilt. */

import fc from 'fast-check';
import { crc, onesSum } from './naive-receive.ts';

const STATION = [2, 0, 0, 0, 0, 1];
const two = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const fixed = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

/** A header of IPv6 that may stand between others: its protocol number, and its bytes but for the first. */
const extension: fc.Arbitrary<readonly [protocol: number, rest: Uint8Array]> = fc.oneof(
  fc.nat({ max: 2 }).chain((more) => fixed(6 + 8 * more).map((rest) => [0, Uint8Array.of(more, ...rest)] as const)),
  fc
    .tuple(fc.constantFrom(0, 2, 3), fc.constantFrom(0, 1, 2), fixed(20))
    .map(([type, left, rest]) => [43, Uint8Array.of(2, type, left, ...rest)] as const),
  fc
    .tuple(fixed(16), fc.boolean())
    .map(([home, pad]) => [60, Uint8Array.of(2, ...(pad ? [0, 0] : [1, 0]), 0xc9, 16, ...home, 0, 0)] as const),
  fixed(7).map((rest) => [44, rest] as const),
  fixed(7).map((rest) => [51, rest] as const),
);

const layers = fc.record({
  tags: fc.constantFrom(
    '',
    '',
    '',
    '',
    '',
    '8100',
    '8100',
    '8100',
    '88a8 8100',
    '88a8 8100',
    '88a8',
    '8100 8100',
    '9100',
  ),
  vid: fc.constantFrom(0, 1, 5, 100, 4095),
  priority: fc.nat({ max: 15 }),
  network: fc.constantFrom(4, 4, 4, 4, 6, 6, 6, 6, 6, 0),
  options: fc.constantFrom(0, 0, 0, 1, 10),
  fragment: fc.constantFrom(0, 0, 0, 0, 0x4000, 0x2000, 0x0007),
  extensions: fc.array(extension, { maxLength: 3 }),
  protocol: fc.constantFrom(6, 6, 17, 17, 132, 1, 58),
  tcpOptions: fc.constantFrom(0, 0, 3, 10),
  addresses: fixed(32),
  ports: fixed(4),
  payload: fc.oneof(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 1300 })),
  blank: fc.constantFrom(false, false, false, true),
  padding: fc.constantFrom(0, 0, 3, 18),
  spoil: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.tuple(fc.nat({ max: 90 }), fc.nat({ max: 255 })) },
  ),
  cut: fc.constantFrom(0, 0, 0, 0, 1, 30),
  snap: fc.constantFrom(false, false, false, true),
});

/** TCP, UDP, SCTP or something else, its checksum right over these addresses. */
function transport(parts: {
  protocol: number;
  ports: Uint8Array;
  payload: Uint8Array;
  tcpOptions: number;
  blank: boolean;
  addresses: Uint8Array;
}): Uint8Array {
  const { protocol, ports, payload, addresses } = parts;
  let body = join(ports, payload);
  let field = -1;
  if (protocol === 6) {
    const rest = Buffer.alloc(16 + 4 * parts.tcpOptions, 0x11);
    rest[8] = (5 + parts.tcpOptions) << 4;
    rest.fill(0, 12, 14);
    body = join(ports, rest, payload);
    field = 16;
  } else if (protocol === 17) {
    body = join(ports, two(8 + payload.length), two(0), payload);
    field = 6;
  } else if (protocol === 132) {
    body = join(ports, Uint8Array.of(1, 2, 3, 4), new Uint8Array(4), payload);
    new DataView(body.buffer).setUint32(8, crc(body, 0x82f6_3b78), true);
  }
  if (field < 0 || (parts.blank && protocol === 17)) return body;
  const pseudo = join(addresses, Uint8Array.of(0, protocol), two(body.length), body);
  const sum = ~onesSum(pseudo) & 0xffff;
  body.set(two(sum === 0 ? 0xffff : sum), field);
  return body;
}

function build(parts: typeof layers extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const { network, addresses, extensions } = parts;
  const used = network === 4 ? addresses.subarray(0, 8) : addresses;
  const body = transport({ ...parts, addresses: used });
  let type = 0x88b5;
  let packet = join(addresses, body);
  if (network === 4) {
    type = 0x0800;
    const header = Buffer.alloc(20 + 4 * parts.options, 1);
    header[0] = 0x45 + parts.options;
    header.writeUInt16BE(header.length + body.length, 2);
    header.writeUInt16BE(parts.vid * 3, 4);
    header.writeUInt16BE(parts.fragment, 6);
    header[9] = parts.protocol;
    header.writeUInt16BE(0, 10);
    header.set(used, 12);
    header.writeUInt16BE(~onesSum(header) & 0xffff, 10);
    packet = join(header, body);
  } else if (network === 6) {
    type = 0x86dd;
    const chain = [...extensions.map(([number]) => number), parts.protocol];
    const headers = extensions.map(([, bytes], index) => join(Uint8Array.of(chain[index + 1]!), bytes));
    const rest = join(...headers, body);
    packet = join(Uint8Array.of(0x60, 0, 0, 0), two(rest.length), Uint8Array.of(chain[0]!, 64), addresses, rest);
  }
  const control = two((parts.priority << 12) | parts.vid);
  const tags = parts.tags
    .split(' ')
    .filter((tag) => tag !== '')
    .map((tag) => join(two(parseInt(tag, 16)), control));
  const llc = parts.snap
    ? join(two(Math.min(packet.length + 8, 1500)), Uint8Array.of(0xaa, 0xaa, 3, 0, 0, 0))
    : new Uint8Array();
  let frame = join(
    Uint8Array.from([...STATION, 2, 0, 0, 0, 0, 2]),
    ...tags,
    llc,
    two(type),
    packet,
    new Uint8Array(parts.padding).fill(0xee),
  );
  if (parts.spoil !== undefined) {
    const [at, value] = parts.spoil;
    if (at >= 12) frame[at % frame.length] = at % frame.length >= 12 ? value : frame[at % frame.length]!;
  }
  frame = frame.subarray(0, Math.max(60, frame.length - parts.cut));
  return frame.length >= 60 ? frame : join(frame, new Uint8Array(60 - frame.length));
}

/** Frames to the station, 60 to about 1514 bytes long. */
export const frames = layers.map(build);
