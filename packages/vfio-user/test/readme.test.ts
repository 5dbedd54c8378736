// Owns: the README's program is the example file, and the example does what it says.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { VfioUserClient } from '../src/index.ts';

const example = new URL('../examples/looped-nic.ts', import.meta.url);

it('the README shows the example file', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(readme).toContain('```ts\n' + readFileSync(example, 'utf8') + '```');
});

it('the README shows an example that serves, says who comes and goes, and counts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-readme-'));
  const options = ['--conditions=@netcx/source', '--import', import.meta.resolve('tsx'), fileURLToPath(example)];
  const child = spawn(process.execPath, options, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const socket = join(folder, 'nic.sock');
  try {
    for (let wait = 0; wait < 2400 && !existsSync(socket); wait++) await sleep(50);
    const client = new VfioUserClient({ socket, patience: 120_000 });
    expect(client.read32(7, 0)).toBe(0x10c9_8086);
    client.close();
    for (let wait = 0; wait < 2400 && !said.includes('detached'); wait++) await sleep(50);
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(said).toMatch(/^attached \ndetached closed by the peer\n\{\n {2}attached: 1,/);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});
