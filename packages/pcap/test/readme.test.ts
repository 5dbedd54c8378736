// Owns: the README's program is the example file, and the example does what it says.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { convert } from '../examples/convert.ts';
import { LinkType, parseCapture } from '../src/index.ts';
import { pcap } from './written.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'netcx-readme-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('the README', () => {
  it('shows the example file', async () => {
    const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
    const example = await readFile(new URL('../examples/convert.ts', import.meta.url), 'utf8');
    expect(readme).toContain('```ts\n' + example + '```');
  });

  it('shows an example that converts a capture', async () => {
    const packets = [1, 2, 3].map((value) => ({
      timestamp: BigInt(value),
      data: new Uint8Array(value),
      originalLength: 9,
    }));
    await writeFile(join(folder, 'a.pcap'), pcap({ linkType: LinkType.RAW, byteOrder: 'big' }, ...packets));
    expect(await convert(join(folder, 'a.pcap'), join(folder, 'a.pcapng'))).toBe(3);
    const converted = [...parseCapture(await readFile(join(folder, 'a.pcapng')))];
    expect(converted).toMatchObject(packets.map((packet) => ({ ...packet, linkType: LinkType.RAW })));
  });
});
