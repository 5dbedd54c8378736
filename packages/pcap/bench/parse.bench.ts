/*
 * How fast captures are read and written: ns per packet and MB/s on the built package, and reading as a ratio to
 * pcap-parser, the npm package with the most downloads that reads pcap, in turns within one run. It reads microsecond pcap only.
 * Run from the package's folder after a build: npx tsx bench/parse.bench.ts [rounds]
 */
import { createRequire } from 'node:module';
import { argv, hrtime } from 'node:process';
import { Readable } from 'node:stream';
import type { CaptureWriter, PacketToWrite } from '@netcx/pcap';
import { CaptureParser, PcapWriter, PcapngWriter, readCapture } from '@netcx/pcap';

const ROUNDS = Number(argv[2] ?? 9);
const CHUNK = 64 * 1024;
const BYTES = 16 * 1024 * 1024;

/** Takes chunks of a capture, gives the number of packets. */
type Work = (chunks: readonly Uint8Array[]) => number | Promise<number>;

interface Peer {
  parse(stream: Readable): {
    on(event: 'packet', listener: () => void): void;
    on(event: 'end' | 'error', listener: (error?: Error) => void): void;
  };
}

function loadPeer(): Peer | undefined {
  try {
    return createRequire(import.meta.url)('pcap-parser') as Peer;
  } catch {
    return undefined;
  }
}

const parser: Work = (chunks) => {
  const reading = new CaptureParser();
  let packets = 0;
  for (const chunk of chunks) packets += reading.push(chunk).length;
  reading.end();
  return packets;
};

const stream: Work = async (chunks) => {
  let packets = 0;
  for await (const packet of readCapture(Readable.from(chunks))) packets += packet.data.length > 0 ? 1 : 0;
  return packets;
};

const batches: Work = async (chunks) => {
  let packets = 0;
  for await (const list of readCapture(Readable.from(chunks)).batches()) packets += list.length;
  return packets;
};

const peerWork = (peer: Peer): Work => {
  return (chunks) =>
    new Promise((resolve, reject) => {
      let packets = 0;
      const parsing = peer.parse(Readable.from(chunks.map((chunk) => Buffer.from(chunk.buffer))));
      parsing.on('packet', () => packets++);
      parsing.on('end', () => resolve(packets));
      parsing.on('error', reject);
    });
};

const frames = (length: number): PacketToWrite[] =>
  Array.from({ length: Math.floor(BYTES / (length + 16)) }, (_, i) => ({
    timestamp: 1_700_000_000_000_000_000n + BigInt(i) * 1000n,
    data: new Uint8Array(length).fill(i),
    queue: i % 4,
    direction: 'inbound',
  }));

function capture(make: (sink: (chunk: Uint8Array) => void) => CaptureWriter, packets: readonly PacketToWrite[]) {
  const whole: Uint8Array[] = [];
  const writer = make((chunk) => whole.push(chunk));
  for (const packet of packets) writer.write(packet);
  writer.close();
  const bytes = Buffer.concat(whole);
  return Array.from(
    { length: Math.ceil(bytes.length / CHUNK) },
    (_, i) => new Uint8Array(bytes.subarray(i * CHUNK, (i + 1) * CHUNK)),
  );
}

const microsecondPcap = (sink: (chunk: Uint8Array) => void) => new PcapWriter(sink, { resolution: 'microsecond' });
const pcapng = (sink: (chunk: Uint8Array) => void) => {
  const writer = new PcapngWriter(sink);
  writer.addInterface();
  return writer;
};

async function nanosecondsPerPacket(work: Work, chunks: readonly Uint8Array[], expected: number): Promise<number> {
  const begin = hrtime.bigint();
  const packets = await work(chunks);
  const elapsed = Number(hrtime.bigint() - begin);
  if (packets !== expected) throw new Error(`expected ${expected} packets, got ${packets}`);
  return elapsed / packets;
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function compare(title: string, chunks: readonly Uint8Array[], packets: number, works: Record<string, Work>) {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const samples = new Map(Object.keys(works).map((name) => [name, [] as number[]]));
  for (let round = -2; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(works)) {
      const sample = await nanosecondsPerPacket(work, chunks, packets);
      if (round >= 0) samples.get(name)?.push(sample);
    }
  }
  const peer = samples.get('pcap-parser');
  for (const [name, values] of samples) {
    const each = median(values);
    const megabytes = (bytes / packets / each) * 1000;
    const ratio = peer === undefined || values === peer ? '' : `  ${(median(peer) / each).toFixed(1)} x pcap-parser`;
    const spread = `${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)}`;
    console.log(
      `${title.padEnd(22)} ${name.padEnd(14)} ${each.toFixed(0).padStart(6)} ns/packet (${spread})  ` +
        `${(1000 / each).toFixed(2).padStart(6)} Mpackets/s  ${megabytes.toFixed(0).padStart(6)} MB/s${ratio}`,
    );
  }
}

const peer = loadPeer();
if (peer === undefined) console.log('pcap-parser is not installed: no ratios');

for (const length of [64, 1514]) {
  const packets = frames(length);
  const readers = { CaptureParser: parser, 'batches()': batches, readCapture: stream };
  const peers = peer === undefined ? {} : { 'pcap-parser': peerWork(peer) };
  const writing = (make: (sink: (chunk: Uint8Array) => void) => CaptureWriter): Work => {
    return () => {
      const writer = make(() => undefined);
      for (const packet of packets) writer.write(packet);
      writer.close();
      return packets.length;
    };
  };
  const classic = capture(microsecondPcap, packets);
  const modern = capture(pcapng, packets);
  await compare(`read pcap, ${length} B`, classic, packets.length, { ...readers, ...peers });
  await compare(`read pcapng, ${length} B`, modern, packets.length, readers);
  await compare(`write pcap, ${length} B`, classic, packets.length, { PcapWriter: writing(microsecondPcap) });
  await compare(`write pcapng, ${length} B`, modern, packets.length, { PcapngWriter: writing(pcapng) });
}
