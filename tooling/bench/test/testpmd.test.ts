// The benchmark beside DPDK's testpmd where there is none: skipped, which is what 77 means to `.ci/run`, and neither passed nor failed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

it('says what is not installed, and that nothing was measured', () => {
  const bench = fileURLToPath(new URL('../../../apps/reference-driver/bench/testpmd.bench.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench], { env: { PATH: '' }, encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 77, stdout: '' });
  expect(stderr).toContain('dpdk-testpmd is not installed');
});
