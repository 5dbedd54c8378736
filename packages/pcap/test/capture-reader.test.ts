// Owns: reading from sources of every kind, and what becomes of packets and source when something goes wrong.
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CapturePacket } from '../src/index.ts';
import { parseCapture, readCapture } from '../src/index.ts';
import { concat, pcapHeader, pcapRecord } from './bytes.ts';
import { piecesOf } from './outcome.ts';

const file = concat(pcapHeader(), ...[1, 2, 3].map((byte) => pcapRecord({ data: [byte] })));

async function collect(source: AsyncIterable<CapturePacket>): Promise<number[]> {
  const bytes: number[] = [];
  for await (const packet of source) {
    bytes.push(packet.data[0]!);
  }
  return bytes;
}

describe('reading a capture', () => {
  it('from bytes, chunks, a generator, a stream, and a web stream', async () => {
    async function* generator() {
      for (const piece of piecesOf(file, 7)) {
        await Promise.resolve();
        yield piece;
      }
    }
    const sources = [
      file,
      [...piecesOf(file, 5)],
      generator(),
      Readable.from(piecesOf(Buffer.from(file), 5)),
      new Blob([file.slice()]).stream(),
    ];
    for (const source of sources) {
      expect(await collect(readCapture(source))).toEqual([1, 2, 3]);
    }
  });

  it('from shared memory', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    expect([...parseCapture(shared)].map((packet) => packet.data[0])).toEqual([1, 2, 3]);
  });

  it('tells how far it is and what the section says', async () => {
    const reader = readCapture(piecesOf(file, 24));
    expect(reader.section).toBeUndefined();
    const progress: number[] = [];
    for await (const packet of reader) {
      expect(reader.section?.interfaces[0]).toBe(packet.interface);
      progress.push(reader.bytesRead);
    }
    expect(progress).toEqual([41, 58, 75]);
  });

  it('gives packets in lists, and lists of a bounded length from one big chunk', async () => {
    const many = concat(pcapHeader(), ...Array.from({ length: 20_000 }, () => pcapRecord({ data: [7] })));
    const lengths: number[] = [];
    for await (const packets of readCapture(many).batches()) {
      lengths.push(packets.length);
    }
    expect(lengths.reduce((sum, length) => sum + length)).toBe(20_000);
    expect(Math.max(...lengths)).toBeLessThan(16_000);
  });

  it('views the chunk and never writes it', () => {
    const copy = file.slice();
    const [first] = parseCapture(copy);
    expect(first?.data.buffer).toBe(copy.buffer);
    expect(copy).toEqual(file);
  });

  it('delivers what came before a fault, then the fault', async () => {
    const delivered: number[] = [];
    await expect(async () => {
      for await (const packet of readCapture(concat(file, [1, 2, 3]))) {
        delivered.push(packet.data[0]!);
      }
    }).rejects.toMatchObject({ code: 'truncated', offset: 75 });
    expect(delivered).toEqual([1, 2, 3]);
  });

  it('throws a fault at once, without waiting for more of a live source', async () => {
    let returned = false;
    async function* live() {
      try {
        yield concat(file, pcapRecord({ data: [], captured: 0xffff_ffff }));
        await new Promise(() => undefined);
      } finally {
        returned = true;
      }
    }
    await expect(collect(readCapture(live()))).rejects.toMatchObject({ code: 'record-too-long', offset: 75 });
    expect(returned).toBe(true);
  });

  it('ends the source when the reader is left early', async () => {
    let returned = false;
    function* source() {
      try {
        yield* piecesOf(file, 30);
      } finally {
        returned = true;
      }
    }
    for await (const packet of readCapture(source())) {
      expect(packet.data[0]).toBe(1);
      break;
    }
    expect(returned).toBe(true);
  });

  it('passes on what the source throws, after the packets before it', async () => {
    async function* broken() {
      await Promise.resolve();
      yield file;
      throw new RangeError('the wire broke');
    }
    const reader = readCapture(broken())[Symbol.asyncIterator]();
    expect((await reader.next()).done).toBe(false);
    expect((await reader.next()).done).toBe(false);
    expect((await reader.next()).done).toBe(false);
    await expect(reader.next()).rejects.toThrow('the wire broke');
  });

  it('refuses chunks that are not bytes', async () => {
    const stream = Readable.from(['text']) as AsyncIterable<Uint8Array>;
    await expect(collect(readCapture(stream))).rejects.toMatchObject({
      code: 'bad-chunk',
      got: 'a chunk of type string',
    });
  });

  it('refuses a second reading', async () => {
    const reader = readCapture(file);
    await collect(reader);
    await expect(collect(reader)).rejects.toMatchObject({ code: 'already-read' });
  });
});
