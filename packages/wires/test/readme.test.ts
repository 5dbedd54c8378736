// Owns: the README's program is the example file, and the example does what it says.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCapture } from '@netcx/pcap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whoHas } from '../examples/who-has.ts';

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
    const example = await readFile(new URL('../examples/who-has.ts', import.meta.url), 'utf8');
    expect(readme).toContain('```ts\n' + example + '```');
  });

  it('shows an example that asks, loses some answers, and records the rest, the same every time', async () => {
    const file = join(folder, 'a.pcapng');
    const answers = await whoHas(file);
    expect(answers.length).toBeGreaterThan(2);
    expect(answers.length).toBeLessThan(10);
    expect(answers[0]).toMatch(/^\d+\.\d+ ms: 10\.0\.2\.2 is at 52550a000202$/);
    expect(await whoHas(file)).toEqual(answers);
    const packets = [...parseCapture(await readFile(file))];
    expect(packets.filter(({ direction }) => direction === 'inbound')).toHaveLength(answers.length);
    expect(packets.length).toBeGreaterThanOrEqual(2 * answers.length);
  });
});
