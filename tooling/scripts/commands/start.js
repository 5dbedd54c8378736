// Owns: `npm start`: the main job, from a bare clone.
import { run as netcx } from './netcx.js';

/**
 * @param {string[]} args handed to the command line as they are; without any, the shipped capture is replayed
 * @returns {Promise<number>} the command line's exit code
 */
export const run = (args) => netcx(args.length === 0 ? ['replay'] : args);
