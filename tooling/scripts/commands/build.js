// Owns: `npm run build`. Arguments choose packages by name or folder; what they need is built with them.
import { build } from '../lib/build.js';

/**
 * @param {string[]} args
 * @returns {number}
 */
export function run(args) {
  const compiled = build(args.filter((arg) => arg !== '--'));
  console.log(compiled.length === 0 ? 'up to date' : `compiled ${compiled.join(', ')}`);
  return 0;
}
