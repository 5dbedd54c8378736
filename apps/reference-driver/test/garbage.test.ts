/*
 * The data path allocates nothing: bench/garbage.mjs measures it on the built package, in a process of its own. Without a
 * build there is nothing to measure; `npm test` builds first.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const built = existsSync(new URL('../dist/index.js', import.meta.url));
const program = fileURLToPath(new URL('../bench/garbage.mjs', import.meta.url));

interface Found {
  readonly code: number;
  readonly packets: number;
  readonly collections: number;
  readonly bytesPerPacket: number;
  readonly clean: boolean;
}

function measure(...args: readonly string[]): Promise<Found> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...args], { env: {} }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr));
      else resolve({ code: Number(error?.code ?? 0), ...(JSON.parse(stdout) as Omit<Found, 'code'>) });
    });
  });
}

it.runIf(built)(
  'nothing is allocated per packet on the data path',
  async () => {
    const found = await measure('--tries', '5');
    expect(found).toMatchObject({ code: 0, packets: 2_000_000, collections: 0, clean: true });
  },
  60_000,
);

it.runIf(built)(
  'one object for a burst would be found',
  async () => {
    const found = await measure('--litter', '--tries', '5');
    expect(found).toMatchObject({ code: 1, clean: false });
    expect(found.bytesPerPacket).toBeGreaterThan(0.3);
  },
  60_000,
);
