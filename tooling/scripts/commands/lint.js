// Owns: `npm run lint`. Arguments are turbo's, such as `--filter=@netcx/dma`.
import { run as runProgram } from '../lib/process.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export const run = (args) => runProgram('turbo', ['run', 'lint', '--output-logs=new-only', ...args]);
