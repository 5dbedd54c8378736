// Owns: the same rules, read through one TypeScript program for the whole workspace instead of one for each package.
// Invariant: differs from the ordinary configuration in speed only; for a machine that checks everything at once.
import { fileURLToPath } from 'node:url';
import { configure } from './index.js';

const tsconfigRootDir = fileURLToPath(new URL('../..', import.meta.url));

export default configure({ project: 'tsconfig.all.json', tsconfigRootDir });
