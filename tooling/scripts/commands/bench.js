// Owns: `npm run bench`: every benchmark, each in a process of its own. Arguments choose files by a part of their path.
import { runPrograms } from '../lib/programs.js';

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
export const run = (args) => runPrograms('bench', args);
