// Owns: programs that stand in packages' bench/ and soak/ folders as NAME.bench.ts and NAME.soak.ts.
// Invariant: they run on the built packages, since only those have the speed that users get; arguments from the first option on are theirs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.js';
import { listPackages } from './packages.js';
import { CommandError, run } from './process.js';

/**
 * @param {'bench' | 'soak'} kind
 * @param {string[]} args parts of paths, then the programs' own options
 * @returns {Promise<number>} 0 when every program succeeded
 */
export async function runPrograms(kind, args) {
  const split = args.findIndex((arg) => arg.startsWith('-'));
  const wanted = split === -1 ? args : args.slice(0, split);
  const own = split === -1 ? [] : args.slice(split).filter((arg) => arg !== '--');
  const all = listPackages().flatMap(({ folder, path }) => {
    const home = join(path, kind);
    if (!existsSync(home)) return [];
    return readdirSync(home)
      .filter((name) => /\.(?:ts|js|mjs)$/.test(name) && name.split('.').at(-2) === kind)
      .map((name) => `${folder}/${kind}/${name}`);
  });
  const chosen = all.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
  if (chosen.length === 0) {
    throw new CommandError(`No ${kind} matches ${wanted.join(', ') || 'anything'}. There are:\n  ${all.join('\n  ')}`);
  }
  if (own.includes('--help')) {
    for (const file of chosen) console.log(`\n${file}\n${headOf(file)}`);
    return 0;
  }
  build();
  let worst = 0;
  for (const file of chosen) {
    console.log(`\n${file}`);
    const program = file.endsWith('.ts') ? 'tsx' : process.execPath;
    worst = Math.max(worst, await run(program, [file, ...own]));
  }
  return worst;
}

/**
 * @param {string} file
 * @returns {string} the comment that it begins with: what it does, and its options
 */
function headOf(file) {
  const lines = readFileSync(file, 'utf8').split('\n');
  const end = lines.findIndex((line) => line.includes('*/'));
  return lines
    .slice(1, end)
    .map((line) => line.replace(/^ \* ?/, '  ').trimEnd())
    .join('\n');
}
