// Owns: how much is tested: NETCX_TEST_SIZE, or `ci` where CI is set, or `quick`.

/** @typedef {'quick' | 'ci' | 'long'} TestSize */

/** @returns {TestSize} */
export function testSize() {
  const { CI, NETCX_TEST_SIZE: asked } = process.env;
  if (asked === 'quick' || asked === 'ci' || asked === 'long') return asked;
  return CI === undefined ? 'quick' : 'ci';
}

/** What the quick size leaves to `.ci/run`, so that `npm test` stays short. */
export const leftOutWhenQuick = [
  'coverage: which lines the tests reach',
  'format: what prettier would write otherwise',
  'knip: what nobody uses',
  'install and import: each package from its tarball, and the example of its README',
  'lint, and the types of tests, benchmarks, examples and tools; the build checks the types of all sources',
  'skeletons: what `npm run new` writes builds, lints and passes its own tests',
  'broken drivers that the conformance suite must find, its registration with test runners, and tests of the lint rules, of the build and of the packing',
  'what runs in workers or processes, or has a memory, of its own: `netcx` from a shell, a served NIC, the driver, its simulation and the conformance suites in workers',
  'the reference driver under the verifier',
  'larger sizes of fuzzing, of the conformance suites and of the models',
];
