// Owns: one of turbo's tasks for some packages, as they are named on the command line.
// Invariant: a package's name or folder chooses it, as in `npm run build`; options go to turbo as they are.
import { run } from './process.js';

/**
 * @param {string[]} args
 * @returns {string[]} turbo's arguments
 */
export function turboArguments(args) {
  return args.map((arg) => {
    if (arg.startsWith('-')) return arg;
    return `--filter=${/^(packages|apps|tooling)\//.test(arg) ? `./${arg}` : arg}`;
  });
}

/**
 * @param {string} task
 * @param {string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runByPackage(task, args) {
  return run('turbo', ['run', task, ...turboArguments(args)]);
}
