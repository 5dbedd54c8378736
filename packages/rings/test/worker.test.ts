/*
 * Two workers, one ring: the memory and an offset are all that the second one is handed. Every element carries its number
 * both ways, and both sides sleep and are woken many times. NETCX_EFFORT below 1 sends a tenth, above 1 twenty times as
 * much.
 */

import { execFile } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const effort = Number(process.env['NETCX_EFFORT'] ?? 1);
const seed = Number(process.env['NETCX_SEED'] ?? 1);
const total = effort < 1 ? 200_000 : effort > 1 ? 40_000_000 : 2_000_000;

interface Report {
  readonly sleeps: number;
  readonly most: number;
  readonly driver: { readonly sleeps: number };
}

it(`carries ${total} elements from one worker to the other and back, in order`, async () => {
  const program = fileURLToPath(new URL('./programs/producer.ts', import.meta.url));
  const options = ['--import', 'tsx', '--conditions=@netcx/source', program, String(total), String(seed)];
  const { stdout } = await promisify(execFile)(execPath, options, {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    timeout: 280_000,
  });
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({
    reaped: total,
    wrong: 0,
    driver: { inOrder: total },
    untouched: 'tx 0 fragments: 64 x 8 B, processed 0 begin 0 next 0 end 0',
  });
  expect(report.most).toBeLessThanOrEqual(63);
  // Whoever is quicker sleeps, and a wake-up that is lost would be the end of it.
  expect(report.sleeps + report.driver.sleeps).toBeGreaterThan(10);
}, 300_000);
