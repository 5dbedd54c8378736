// Owns: how long a run is: quick by default, ci in .ci/run, long by hand.

/** One MiB. */
export const MIB = 2 ** 20;

/** The size's name. */
export const size = process.env['NETCX_TEST_SIZE'] ?? (process.env['CI'] === undefined ? 'quick' : 'ci');

/** Bytes of the download, seconds of each iperf3. */
const quick = { download: 32 * MIB, seconds: 2 };
const sizes = new Map([
  ['ci', { download: 1024 * MIB, seconds: 4 }],
  ['long', { download: 1024 * MIB, seconds: 20 }],
]);

export const { download, seconds } = sizes.get(size) ?? quick;
