/*
 * A long run of the main job: the shipped captures, replayed again and again with another seed, timing, frame length and
 * IOMMU each round, on the built packages. Stops at the first round that is not as it must be, and says how to repeat it.
 *
 *     npm run soak -- replay [--minutes 5] [--seed 1]
 */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

interface Report {
  readonly ok: boolean;
  readonly verdict: string;
  readonly frames: { readonly read: number };
  readonly buffers: { readonly leaked: number };
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
const first = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(first)) {
  throw new RangeError(`--minutes ${values.minutes} --seed ${values.seed}: expected a positive number and an integer`);
}

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'netcx-soak-'));
const end = Date.now() + minutes * 60_000;
let frames = 0;
let seed = first;

try {
  for (; Date.now() < end; seed++) {
    const options = [
      ...['--seed', String(seed), '--repeat', '40'],
      ...['--timing', seed % 3 === 0 ? 'none' : 'varied'],
      ...['--mtu', seed % 5 === 0 ? '1500' : '9706'],
      ...(seed % 2 === 0 ? ['--iommu'] : []),
    ];
    const args = [main, 'replay', ...options, '--verify', '--json', '--out', join(folder, 'out.pcapng')];
    // A replay that finds something ends with an error, and its report with it.
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 26 }).catch(
      (error: unknown) => error as { stdout: string },
    );
    const report = JSON.parse(stdout) as Report;
    if (!report.ok || report.buffers.leaked !== 0) {
      console.error(`${report.verdict}\nTo repeat: npm run netcx -- replay ${options.join(' ')} --verify`);
      process.exitCode = 1;
      break;
    }
    frames += report.frames.read;
    console.log(`seed ${seed}: ${report.frames.read} frames; ${frames} in all`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
