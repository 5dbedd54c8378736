// Owns: what `npm test` does, step by step, and what each step needs first.
// Invariant: a step tells all it found; whether it passed is decided by that alone.
import { join } from 'node:path';
import { capture } from '../lib/process.js';
import { pack } from './pack.js';
import { checkTypes, lintTarballs } from './published-shape.js';
import { smoke } from './smoke.js';
import { testSize } from '../lib/test-size.js';
import { testBuild, testSources } from './tests.js';

/**
 * @typedef {object} Found
 * @property {string[]} problems empty when the step passed
 * @property {string} [note] one line for the table
 * @property {{ passed: number, failed: number, skipped: number }} [tests]
 */

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string[]} needs steps that must have passed
 * @property {(context: Context) => Promise<Found>} run
 */

/**
 * @typedef {object} Context
 * @property {string} folder an empty folder for whatever the steps make
 * @property {import('../lib/packages.js').Package[]} packed what the step `pack` packed
 */

/**
 * A step that is one program: it passes when the program does.
 * @param {string[]} words the program and its arguments
 * @returns {() => Promise<Found>}
 */
const program =
  ([command = '', ...args]) =>
  async () => {
    const { code, output } = await capture(command, args);
    return { problems: code === 0 ? [] : [output] };
  };

/** @type {Step} */
const installAndImport = {
  name: 'install and import',
  needs: ['pack'],
  run: async ({ packed, folder }) => ({ problems: await smoke(packed, join(folder, 'tarballs'), folder) }),
};

/** @type {Step[]} in the order in which they are started, as soon as what they need is there */
export const steps = [
  {
    name: 'build',
    needs: [],
    // In a process of its own, as the API reports: it computes without a pause.
    run: program([process.execPath, 'tooling/scripts/run.js', 'build']),
  },
  ...(testSize() === 'quick'
    ? []
    : [
        {
          name: 'types and lint',
          needs: [],
          run: program([process.execPath, 'tooling/scripts/run.js', 'lint']),
        },
      ]),
  { name: 'tests', needs: [], run: async () => told(await testSources()) },
  { name: 'tests of the build', needs: ['build'], run: async () => told(await testBuild()) },
  // The other half of the layer check, driver side against device side, is one of the lint rules.
  { name: 'layers', needs: [], run: program(['turbo', 'boundaries']) },
  ...(testSize() === 'quick'
    ? []
    : [
        { name: 'format', needs: [], run: program(['prettier', '--check', '--log-level=warn', '.']) },
        { name: 'knip', needs: [], run: program(['knip', '--no-config-hints']) },
      ]),
  {
    name: 'api reports',
    needs: ['build'],
    // In a process of its own: it computes for seconds without a pause, and the other steps' ends would be seen late.
    run: program([process.execPath, 'tooling/scripts/run.js', 'api', '--check']),
  },
  {
    name: 'pack',
    needs: ['build'],
    async run(context) {
      context.packed = await pack(join(context.folder, 'tarballs'));
      return { problems: [], note: `${context.packed.length} packages` };
    },
  },
  {
    name: 'publint',
    needs: ['pack'],
    run: async ({ packed, folder }) => ({ problems: await lintTarballs(packed, join(folder, 'tarballs')) }),
  },
  {
    name: 'attw',
    needs: ['pack'],
    run: async ({ packed, folder }) => ({ problems: await checkTypes(packed, join(folder, 'tarballs')) }),
  },
  ...(testSize() === 'quick' ? [] : [installAndImport]),
];

/**
 * @param {import('./tests.js').Outcome & { coverage?: string }} outcome
 * @returns {Found}
 */
function told({ ok, output, coverage = '', skippedNames, ...counts }) {
  const names = skippedNames.map((name) => `\n    skipped: ${name}`).join('');
  return { problems: ok ? [] : [output], note: coverage + names, tests: counts };
}
