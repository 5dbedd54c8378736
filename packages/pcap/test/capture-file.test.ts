// Owns: captures in real files: reading, writing, back-pressure, and that a name never holds part of a capture.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PcapWriter, PcapngWriter, createCaptureFile, openCapture, parseCapture } from '../src/index.ts';
import { concat, pcapHeader, pcapRecord } from './bytes.ts';
import { faultOf, same } from './outcome.ts';
import { pcap } from './written.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netcx-pcap-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const frame = (length: number, value: number) => new Uint8Array(length).fill(value);
const ethernet = (sink: (chunk: Uint8Array) => void) => {
  const writer = new PcapngWriter(sink);
  writer.addInterface();
  return writer;
};

async function lengthsIn(path: string): Promise<number[]> {
  const lengths: number[] = [];
  for await (const packet of await openCapture(path)) {
    lengths.push(packet.data.length);
  }
  return lengths;
}

describe('reading a file', () => {
  it('gives its packets, its size and how far the reading is', async () => {
    const path = join(folder, 'a.pcap');
    const bytes = pcap(
      {},
      ...Array.from({ length: 3000 }, (_, i) => ({ timestamp: BigInt(i), data: frame(i % 900, i) })),
    );
    await writeFile(path, bytes);
    const capture = await openCapture(path);
    expect(capture).toMatchObject({ path, size: bytes.length, bytesRead: 0 });
    const timestamps: bigint[] = [];
    for await (const packet of capture) {
      expect(same(packet.data, frame(timestamps.length % 900, timestamps.length))).toBe(true);
      timestamps.push(packet.timestamp);
    }
    expect(timestamps).toEqual(Array.from({ length: 3000 }, (_, i) => BigInt(i)));
    expect(capture.bytesRead).toBe(bytes.length);
    expect(bytes.length).toBeGreaterThan(3 * 256 * 1024);
    await capture.close();
  });

  it('packets stay as they are while the reading goes on', async () => {
    const path = join(folder, 'a.pcap');
    const packets = Array.from({ length: 2000 }, (_, i) => ({ timestamp: 0n, data: frame(700, i) }));
    await writeFile(path, pcap({}, ...packets));
    const kept = [];
    for await (const packet of await openCapture(path)) {
      kept.push(packet.data);
    }
    expect(kept).toHaveLength(packets.length);
    expect(kept.every((data, i) => same(data, packets[i]!.data))).toBe(true);
  });

  it('keeps what came before a fault', async () => {
    const path = join(folder, 'a.pcap');
    await writeFile(path, concat(pcapHeader(), pcapRecord({ data: [1] }), pcapRecord({ data: [2], captured: 9 })));
    const lengths: number[] = [];
    await expect(async () => {
      for await (const packet of await openCapture(path)) {
        lengths.push(packet.data.length);
      }
    }).rejects.toMatchObject({ code: 'truncated', offset: 41 });
    expect(lengths).toEqual([1]);
  });

  it.each([
    { name: 'a file that is not there', path: 'none.pcap', got: /ENOENT/ },
    { name: 'a path through a file', path: 'file/none.pcap', got: /ENOTDIR/ },
    { name: 'a directory', path: '.', got: /directory/ },
  ])('refuses $name', async ({ path, got }) => {
    await writeFile(join(folder, 'file'), '');
    const whole = join(folder, path);
    await expect(openCapture(whole)).rejects.toMatchObject({
      code: 'unreadable',
      object: `capture file ${whole}`,
      got: expect.stringMatching(got) as string,
    });
  });

  it('can be closed without reading, and closing ends the reading', async () => {
    const path = join(folder, 'a.pcap');
    await writeFile(path, pcap({}, { timestamp: 0n, data: frame(1, 1) }));
    const unread = await openCapture(path);
    await unread.close();
    await unread.close();
    await expect(unread[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'unreadable' });
  });
});

describe('writing a file', () => {
  it('shows the file under its name only when it is closed', async () => {
    const path = join(folder, 'a.pcapng');
    await writeFile(path, 'what was there before');
    const file = await createCaptureFile(path, ethernet);
    file.writer.write({ timestamp: 1n, data: frame(5, 1) });
    file.writer.flush();
    await file.drain();
    expect(await readFile(path, 'latin1')).toBe('what was there before');
    expect(await readdir(folder)).toHaveLength(2);
    await file.close();
    await file.close();
    expect(await readdir(folder)).toEqual(['a.pcapng']);
    expect(await lengthsIn(path)).toEqual([5]);
    expect(faultOf(() => file.writer.write({ timestamp: 1n, data: frame(5, 1) }))).toMatchObject({ code: 'closed' });
  });

  it('leaves nothing behind when it is given up', async () => {
    const path = join(folder, 'a.pcap');
    await writeFile(path, 'what was there before');
    const file = await createCaptureFile(path, (sink) => new PcapWriter(sink));
    for (let i = 0; i < 100; i++) file.writer.write({ timestamp: 1n, data: frame(60_000, 1) });
    await file.abort();
    await file.close();
    expect(await readdir(folder)).toEqual(['a.pcap']);
    expect(await readFile(path, 'latin1')).toBe('what was there before');
  });

  it('says when too much waits for the disk, and loses nothing', async () => {
    const path = join(folder, 'a.pcap');
    const file = await createCaptureFile(path, (sink) => new PcapWriter(sink));
    const lengths = Array.from({ length: 4000 }, (_, i) => (i * 37) % 1500);
    let waits = 0;
    for (const length of lengths) {
      file.writer.write({ timestamp: 0n, data: frame(length, 1) });
      if (file.congested) {
        waits++;
        await file.drain();
        expect(file.congested).toBe(false);
      }
    }
    await file.close();
    expect(waits).toBeGreaterThan(0);
    expect(await lengthsIn(path)).toEqual(lengths);
  });

  it('replaces what a link points to, not the link', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real', 'a.pcap'), 'old');
    await symlink(join('real', 'a.pcap'), join(folder, 'link.pcap'));
    const file = await createCaptureFile(join(folder, 'link.pcap'), (sink) => new PcapWriter(sink));
    file.writer.write({ timestamp: 0n, data: frame(7, 1) });
    await file.close();
    expect((await readdir(folder)).sort()).toEqual(['link.pcap', 'real']);
    expect(await readdir(join(folder, 'real'))).toEqual(['a.pcap']);
    expect(await lengthsIn(join(folder, 'real', 'a.pcap'))).toEqual([7]);
  });

  it('two files of one name at once do not mix', async () => {
    const path = join(folder, 'a.pcap');
    const [first, second] = await Promise.all([
      createCaptureFile(path, (sink) => new PcapWriter(sink)),
      createCaptureFile(path, (sink) => new PcapWriter(sink)),
    ]);
    first.writer.write({ timestamp: 0n, data: frame(1, 1) });
    second.writer.write({ timestamp: 0n, data: frame(2, 1) });
    await first.close();
    expect(await lengthsIn(path)).toEqual([1]);
    await second.close();
    expect(await lengthsIn(path)).toEqual([2]);
  });

  it('refuses a folder that is not there', async () => {
    const path = join(folder, 'none', 'a.pcap');
    const made = createCaptureFile(path, (sink) => new PcapWriter(sink));
    await expect(made).rejects.toMatchObject({ code: 'unwritable', got: expect.stringMatching(/ENOENT/) as string });
  });

  it('refuses a directory', async () => {
    const made = createCaptureFile(folder, (sink) => new PcapWriter(sink));
    await expect(made).rejects.toMatchObject({ code: 'unwritable', got: expect.stringMatching(/EISDIR/) as string });
  });

  it('leaves nothing behind when the writer cannot be made', async () => {
    const path = join(folder, 'a.pcap');
    const made = createCaptureFile(path, (sink) => new PcapWriter(sink, { snapLength: 0 }));
    await expect(made).rejects.toMatchObject({ code: 'bad-value' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('leaves nothing behind when it cannot get its name', async () => {
    const path = join(folder, 'a.pcap');
    const file = await createCaptureFile(path, (sink) => new PcapWriter(sink));
    await mkdir(path);
    await expect(file.close()).rejects.toMatchObject({ code: 'unwritable' });
    expect(await readdir(folder)).toEqual(['a.pcap']);
    expect((await stat(path)).isDirectory()).toBe(true);
  });
});

describe.skipIf(process.platform !== 'linux')('devices and pipes of Linux', () => {
  it('a full disk is reported, by a later write and by closing', async () => {
    const file = await createCaptureFile('/dev/full', (sink) => new PcapWriter(sink));
    file.writer.write({ timestamp: 0n, data: frame(1000, 1) });
    file.writer.flush();
    await expect(file.drain()).rejects.toMatchObject({
      code: 'unwritable',
      got: expect.stringMatching(/ENOSPC/) as string,
    });
    file.writer.write({ timestamp: 0n, data: frame(1000, 1) });
    expect(faultOf(() => file.writer.flush())).toMatchObject({ code: 'unwritable' });
    await expect(file.close()).rejects.toMatchObject({ code: 'unwritable' });
    expect((await stat('/dev/full')).isCharacterDevice()).toBe(true);
  });

  it('a device is written to and not replaced', async () => {
    const file = await createCaptureFile('/dev/null', (sink) => new PcapWriter(sink));
    file.writer.write({ timestamp: 0n, data: frame(1000, 1) });
    await file.close();
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
  });

  it('a capture goes through a pipe', async () => {
    const path = join(folder, 'pipe');
    await new Promise((resolve) => spawn('mkfifo', [path]).once('close', resolve));
    const [reader, file] = await Promise.all([openCapture(path), createCaptureFile(path, ethernet)]);
    expect(reader.size).toBe(0);
    const reading = (async () => {
      const lengths: number[] = [];
      for await (const packet of reader) lengths.push(packet.data.length);
      return lengths;
    })();
    const lengths = Array.from({ length: 500 }, (_, i) => i * 3);
    for (const length of lengths) file.writer.write({ timestamp: 0n, data: frame(length, 1) });
    await file.close();
    expect(await reading).toEqual(lengths);
    expect(existsSync(path)).toBe(true);
  });
});

describe('a written file and the same bytes in memory', () => {
  it('hold the same packets', async () => {
    const path = join(folder, 'a.pcapng');
    const file = await createCaptureFile(path, ethernet);
    file.writer.write({ timestamp: 5n, data: frame(3, 1), comments: ['c'] });
    await file.close();
    const inFile = [];
    for await (const packet of await openCapture(path)) inFile.push(packet);
    expect(inFile).toEqual([...parseCapture(await readFile(path))]);
  });
});
