/*
 * TCP and UDP frames as a protocol leaves them to a NIC, and as they must come out of it: with checksums, and cut into
 * segments. Written plainly, word by word (RFC 1071, RFC 9293), and shares nothing with the framework's own way.
 */

/** A frame's headers, and how much follows them. */
export interface IpShape {
  readonly ip: 4 | 6;
  readonly protocol: 'tcp' | 'udp';
  /** Bytes of TCP options, a multiple of 4 up to 40; padding, all of it. */
  readonly options?: number;
  readonly payload: number;
  /** TCP flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. ACK alone when left out. */
  readonly flags?: number;
  readonly sequence?: number;
}

const ETHERNET = 14;
const FIN_PSH = 0x09;
const CWR = 0x80;

/** Lengths of the headers of a shape, in bytes from the frame's beginning. */
export interface HeaderEnds {
  readonly layer3: number;
  readonly layer4: number;
  readonly payload: number;
}

/**
 * @param shape - a frame's headers
 * @returns where they begin and end
 */
export function headerEnds(shape: IpShape): HeaderEnds {
  const layer4 = ETHERNET + (shape.ip === 4 ? 20 : 40);
  return { layer3: ETHERNET, layer4, payload: layer4 + (shape.protocol === 'tcp' ? 20 + (shape.options ?? 0) : 8) };
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += ((bytes[at] ?? 0) << 8) | (at + 1 < to ? (bytes[at + 1] ?? 0) : 0);
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000);
  return ~folded & 0xffff;
}

/** The sum over the pseudo-header and layer 4, as it lies in the frame. */
function layer4Sum(frame: Uint8Array, shape: IpShape, end: number): number {
  const { layer4 } = headerEnds(shape);
  const addresses = shape.ip === 4 ? sumOf(frame, 26, 34) : sumOf(frame, 22, 54);
  return addresses + (shape.protocol === 'tcp' ? 6 : 17) + (end - layer4) + sumOf(frame, layer4, end);
}

/**
 * @param frame - a frame of this shape, changed in place
 * @param shape - its headers
 * @returns the frame, with every checksum that it has room for
 */
export function withChecksums(frame: Uint8Array, shape: IpShape): Uint8Array {
  const view = viewOf(frame);
  const { layer3, layer4 } = headerEnds(shape);
  if (shape.ip === 4) {
    view.setUint16(layer3 + 10, 0);
    view.setUint16(layer3 + 10, fold(sumOf(frame, layer3, layer4)));
  }
  const at = layer4 + (shape.protocol === 'tcp' ? 16 : 6);
  view.setUint16(at, 0);
  const sum = fold(layer4Sum(frame, shape, frame.length));
  view.setUint16(at, shape.protocol === 'udp' && sum === 0 ? 0xffff : sum); // RFC 768: 0 would say that there is none
  return frame;
}

/**
 * @param frame - a frame of this shape without checksums, changed in place
 * @param shape - its headers
 * @param length - whether the length is part of the sum; of a frame that is to be cut each segment adds its own
 * @returns the frame as a protocol hands it over: in place of layer 4's checksum the sum of its pseudo-header
 */
export function withSeed(frame: Uint8Array, shape: IpShape, length: boolean): Uint8Array {
  const { layer4 } = headerEnds(shape);
  const addresses = shape.ip === 4 ? sumOf(frame, 26, 34) : sumOf(frame, 22, 54);
  const sum = addresses + (shape.protocol === 'tcp' ? 6 : 17) + (length ? frame.length - layer4 : 0);
  viewOf(frame).setUint16(layer4 + (shape.protocol === 'tcp' ? 16 : 6), ~fold(sum) & 0xffff);
  return frame;
}

/** Lengths in the headers, for so many bytes of payload. */
function setLengths(frame: Uint8Array, shape: IpShape): void {
  const view = viewOf(frame);
  const { layer3, layer4 } = headerEnds(shape);
  if (shape.ip === 4) view.setUint16(layer3 + 2, (frame.length - layer3) & 0xffff);
  else view.setUint16(layer3 + 4, (frame.length - layer4) & 0xffff);
  if (shape.protocol === 'udp') view.setUint16(layer4 + 4, (frame.length - layer4) & 0xffff);
}

/**
 * @param shape - what the frame is like
 * @param number - makes it different from others
 * @returns a frame without checksums: what is left to the NIC. Their fields are 0
 */
export function ipFrame(shape: IpShape, number: number): Uint8Array {
  const { layer3, layer4, payload } = headerEnds(shape);
  const frame = Uint8Array.from({ length: payload + shape.payload }, (_, at) => (at * 7 + number * 13) & 0xff);
  frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, ...(shape.ip === 4 ? [8, 0] : [0x86, 0xdd])]);
  const next = shape.protocol === 'tcp' ? 6 : 17;
  const view = viewOf(frame);
  if (shape.ip === 4) {
    frame.set([0x45, 0, 0, 0, number >>> 8, number & 0xff, 0x40, 0, 64, next, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], layer3);
  } else {
    frame.set([0x60, 0, 0, 0, 0, 0, next, 64], layer3);
    frame.set([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], layer3 + 8);
    frame.set([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], layer3 + 24);
  }
  frame.fill(0, layer4, payload);
  view.setUint16(layer4, 5000);
  view.setUint16(layer4 + 2, 6000);
  if (shape.protocol === 'tcp') {
    const { options = 0, flags = 0x10, sequence = 1 } = shape;
    view.setUint32(layer4 + 4, sequence >>> 0);
    view.setUint32(layer4 + 8, 77);
    frame[layer4 + 12] = ((20 + options) / 4) << 4;
    frame[layer4 + 13] = flags;
    view.setUint16(layer4 + 14, 4096);
    frame.fill(1, layer4 + 20, payload); // no-operation, all of them
  }
  setLengths(frame, shape);
  return frame;
}

/**
 * @param frame - one that is to be cut
 * @param shape - its headers
 * @param size - payload of each segment, in bytes
 * @returns the frames that must come out: with lengths, sequence numbers, flags, identifications and checksums of their own
 */
export function segmentsOf(frame: Uint8Array, shape: IpShape, size: number): Uint8Array[] {
  const { layer3, layer4, payload } = headerEnds(shape);
  const whole = viewOf(frame);
  const segments: Uint8Array[] = [];
  for (let at = payload, number = 0; at < frame.length; at += size, number++) {
    const last = at + size >= frame.length;
    const segment = new Uint8Array(payload + Math.min(size, frame.length - at));
    segment.set(frame.subarray(0, payload));
    segment.set(frame.subarray(at, at + size), payload);
    setLengths(segment, shape);
    const view = viewOf(segment);
    if (shape.ip === 4) view.setUint16(layer3 + 4, (whole.getUint16(layer3 + 4) + number) & 0xffff);
    if (shape.protocol === 'tcp') {
      view.setUint32(layer4 + 4, (whole.getUint32(layer4 + 4) + at - payload) >>> 0);
      const flags = whole.getUint8(layer4 + 13);
      view.setUint8(layer4 + 13, flags & ~(last ? 0 : FIN_PSH) & ~(number === 0 ? 0 : CWR));
    }
    segments.push(withChecksums(segment, shape));
  }
  return segments;
}
