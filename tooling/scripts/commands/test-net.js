// Owns: `npm run test:net`: Linux's TCP/IP above our drivers. Prepares the checkout, then hands over.
import { build } from '../lib/build.js';
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>} 77 where the machine allows no namespaces or has no TUN
 */
export async function run(args) {
  build();
  return runProgram(process.execPath, ['tooling/net/test-net.js', ...args]);
}
