// Owns: `npm run test:qemu`: QEMU's own NIC under our driver. Prepares the checkout, then hands over.
import { build } from '../lib/build.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>} 77 when a download failed after retries
 */
export async function run(args) {
  build();
  return runProgram(process.execPath, ['tooling/third-party/test-qemu.js', ...args]);
}
