// Owns: `npm run release:rehearsal`: the whole way of a release, to a registry on loopback instead of the real one.
// Invariant: works on a copy; the repository, its tags and its versions stay as they are.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistry } from '../release/registry.js';
import { consume } from '../release/consumer.js';
import { copyRepository, publishTo } from '../release/rehearsal.js';

/** @returns {Promise<number>} */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'netcx-release-'));
  const registry = await startRegistry(join(folder, 'registry'));
  try {
    console.log(`A registry listens on ${registry.url}`);
    const clone = await copyRepository(join(folder, 'clone'));
    const published = await publishTo(registry, clone);
    const [first] = published;
    console.log(`Published ${published.length} packages, version ${first?.manifest.version ?? 'none'}`);
    for (const line of await consume(registry, published, join(folder, 'consumer'))) console.log(line);
    return 0;
  } finally {
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
