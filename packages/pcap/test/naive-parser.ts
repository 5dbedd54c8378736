// Owns: a second, slow parser with which the real one is compared. It has the whole file at hand, reads bytes one by one
// into bigints, and shares no code with the package.
// Invariant: it stops at the first fault, like the real one, and names the fault's code and file position.

export interface NaivePacket {
  readonly offset: number;
  readonly timestamp: bigint;
  readonly data: readonly number[];
  readonly originalLength: number;
  readonly linkType: number;
  readonly flags: number | undefined;
  readonly queue: number | undefined;
  readonly packetId: bigint | undefined;
  readonly dropCount: bigint | undefined;
  readonly comments: readonly string[];
}

export interface NaiveOutcome {
  readonly packets: NaivePacket[];
  readonly fault: { readonly code: string; readonly offset: number } | undefined;
}

class Stop extends Error {
  readonly code: string;
  readonly offset: number;

  constructor(code: string, offset: number) {
    super(code);
    this.code = code;
    this.offset = offset;
  }
}

const LIMIT = 16 * 1024 * 1024;
const extras = { flags: undefined, queue: undefined, packetId: undefined, dropCount: undefined, comments: [] };

export function parseNaively(file: Uint8Array): NaiveOutcome {
  const packets: NaivePacket[] = [];
  try {
    if (file.length < 4) throw new Stop('truncated', 0);
    const magic = read(file, 0, 4, false);
    if (magic === 0x0a0d0d0an) readPcapng(file, packets);
    else if (magic === 0xa1b2c3d4n) readPcap(file, packets, false, 1000n);
    else if (magic === 0xd4c3b2a1n) readPcap(file, packets, true, 1000n);
    else if (magic === 0xa1b23c4dn) readPcap(file, packets, false, 1n);
    else if (magic === 0x4d3cb2a1n) readPcap(file, packets, true, 1n);
    else {
      const known = ['a1b2cd34', '34cdb2a1', 'a1b234cd', 'cd34b2a1', 'a12b3c4d', '4d3c2ba1', '28b52ffd'];
      const related = known.includes(magic.toString(16)) || magic >> 16n === 0x1f8bn;
      throw new Stop(related ? 'unsupported-format' : 'not-a-capture', 0);
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { packets, fault: { code: error.code, offset: error.offset } };
  }
  return { packets, fault: undefined };
}

function read(file: Uint8Array, at: number, size: number, little: boolean): bigint {
  let value = 0n;
  for (let i = 0; i < size; i++) {
    const byte = file[little ? at + size - 1 - i : at + i];
    if (byte === undefined) throw new Error(`the naive parser read past the end at ${at + i}`);
    value = value * 256n + BigInt(byte);
  }
  return value;
}

function readPcap(file: Uint8Array, packets: NaivePacket[], little: boolean, unit: bigint): void {
  const u32 = (at: number) => Number(read(file, at, 4, little));
  if (file.length < 24) throw new Stop('truncated', 0);
  const minor = Number(read(file, 6, 2, little));
  if (read(file, 4, 2, little) !== 2n || minor > 4) throw new Stop('unsupported-version', 4);
  const link = u32(20);
  const reserved = [16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27].some((bit) => Math.floor(link / 2 ** bit) % 2 === 1);
  if (reserved) throw new Stop('bad-header', 20);
  let at = 24;
  while (at < file.length) {
    if (file.length - at < 16) throw new Stop('truncated', at);
    let captured = u32(at + 8);
    let original = u32(at + 12);
    if (minor < 3 || (minor === 3 && captured > original)) [captured, original] = [original, captured];
    if (16 + captured > LIMIT) throw new Stop('record-too-long', at);
    if (at + 16 + captured > file.length) throw new Stop('truncated', at);
    packets.push({
      ...extras,
      offset: at,
      timestamp: BigInt(u32(at)) * 10n ** 9n + BigInt(u32(at + 4)) * unit,
      data: [...file.slice(at + 16, at + 16 + captured)],
      originalLength: original,
      linkType: link % 65536,
    });
    at += 16 + captured;
  }
}

interface NaiveInterface {
  readonly linkType: number;
  readonly snapLength: number;
  readonly unitsPerSecond: bigint;
  readonly offset: bigint;
}

const readTypes = [1, 2, 3, 5, 6, 0x0a0d0d0a];
const smallest = new Map([
  [0x0a0d0d0a, 28],
  [1, 20],
  [2, 32],
  [3, 16],
  [5, 24],
  [6, 32],
]);

function readPcapng(file: Uint8Array, packets: NaivePacket[]): void {
  let little = true;
  let interfaces: NaiveInterface[] = [];
  let at = 0;
  while (at < file.length) {
    const left = file.length - at;
    if (left < 8) throw new Stop('truncated', at);
    const type = Number(read(file, at, 4, little));
    if (type === 0x0a0d0d0a) {
      if (left < 12) throw new Stop('truncated', at);
      const magic = read(file, at + 8, 4, false);
      if (magic !== 0x1a2b3c4dn && magic !== 0x4d3c2b1an) throw new Stop('bad-header', at + 8);
      little = magic === 0x4d3c2b1an;
    }
    const order = little;
    const length = Number(read(file, at + 4, 4, order));
    if (length < 12 || length % 4 !== 0) throw new Stop('bad-block-length', at + 4);
    if (readTypes.includes(type) && length > LIMIT) throw new Stop('record-too-long', at);
    if (length > left) throw new Stop('truncated', at);
    if (read(file, at + length - 4, 4, order) !== BigInt(length)) throw new Stop('bad-block-length', at + length - 4);
    if (length < (smallest.get(type) ?? 0)) throw new Stop('bad-block-length', at);
    const body = { file, at, end: at + length - 4, little: order };
    if (type === 0x0a0d0d0a) {
      const version = [read(file, at + 12, 2, order), read(file, at + 14, 2, order)].join('.');
      if (version !== '1.0' && version !== '1.2') throw new Stop('unsupported-version', at + 12);
      readOptions(body, at + 24);
      interfaces = [];
    } else if (type === 1) {
      interfaces.push(readInterface(body));
    } else if (type === 2 || type === 3 || type === 6) {
      packets.push(readPacket(type, body, interfaces));
    } else if (type === 5) {
      if (Number(read(file, at + 8, 4, order)) >= interfaces.length) throw new Stop('unknown-interface', at);
      readOptions(body, at + 20);
    }
    at += length;
  }
}

interface Body {
  readonly file: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly little: boolean;
}

interface NaiveOption {
  readonly code: number;
  readonly at: number;
  readonly length: number;
}

function readOptions({ file, end, little }: Body, from: number): NaiveOption[] {
  const list: NaiveOption[] = [];
  for (let at = from; at < end;) {
    const code = Number(read(file, at, 2, little));
    const length = Number(read(file, at + 2, 2, little));
    const next = at + 4 + 4 * Math.ceil(length / 4);
    if (next > end) throw new Stop('bad-option', at);
    if (code === 0) break;
    list.push({ code, at: at + 4, length });
    at = next;
  }
  return list;
}

function readInterface(body: Body): NaiveInterface {
  const { file, at, little } = body;
  let unitsPerSecond = 10n ** 6n;
  let offset = 0n;
  for (const option of readOptions(body, at + 16)) {
    if (option.code === 9) {
      if (option.length !== 1) throw new Stop('bad-option', option.at - 4);
      const octet = read(file, option.at, 1, little);
      unitsPerSecond = octet >= 128n ? 2n ** (octet - 128n) : 10n ** octet;
    }
    if (option.code === 14) {
      if (option.length !== 8) throw new Stop('bad-option', option.at - 4);
      offset = BigInt.asIntN(64, read(file, option.at, 8, little));
    }
  }
  return {
    linkType: Number(read(file, at + 8, 2, little)),
    snapLength: Number(read(file, at + 12, 4, little)),
    unitsPerSecond,
    offset,
  };
}

function readPacket(type: number, body: Body, interfaces: readonly NaiveInterface[]): NaivePacket {
  const { file, at, end, little } = body;
  const u32 = (position: number) => Number(read(file, at + position, 4, little));
  const id = type === 3 ? 0 : type === 2 ? Number(read(file, at + 8, 2, little)) : u32(8);
  const from = interfaces[id];
  if (from === undefined) throw new Stop('unknown-interface', at);
  if (type === 3) {
    const length = from.snapLength === 0 || u32(8) < from.snapLength ? u32(8) : from.snapLength;
    if (at + 12 + length > end) throw new Stop('bad-packet-length', at + 8);
    const data = [...file.slice(at + 12, at + 12 + length)];
    return { ...extras, offset: at, timestamp: 0n, data, originalLength: u32(8), linkType: from.linkType };
  }
  const captured = u32(20);
  const optionsAt = at + 28 + 4 * Math.ceil(captured / 4);
  if (optionsAt > end) throw new Stop('bad-packet-length', at + 20);
  const units = BigInt(u32(12)) * 2n ** 32n + BigInt(u32(16));
  const found = readOptions(body, optionsAt);
  const value = (code: number, size: number) => {
    const option = found.findLast((candidate) => candidate.code === code && candidate.length === size);
    return option === undefined ? undefined : read(file, option.at, size, little);
  };
  const drops = type === 2 ? read(file, at + 10, 2, little) : 0xffffn;
  return {
    offset: at,
    timestamp: (units * 10n ** 9n) / from.unitsPerSecond + from.offset * 10n ** 9n,
    data: [...file.slice(at + 28, at + 28 + captured)],
    originalLength: u32(24),
    linkType: from.linkType,
    flags: toNumber(value(2, 4)),
    queue: toNumber(value(6, 4)),
    packetId: value(5, 8),
    dropCount: value(4, 8) ?? (drops === 0xffffn ? undefined : drops),
    comments: found
      .filter(({ code }) => code === 1)
      .map(
        (option) =>
          Buffer.from(file.slice(option.at, option.at + option.length))
            .toString('utf8')
            .split('\0')[0]!,
      ),
  };
}

function toNumber(value: bigint | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
