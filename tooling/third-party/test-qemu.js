#!/usr/bin/env node
// `npm run test:qemu`: the reference driver on a NIC that others wrote: QEMU's own 82576, through @netcx/qtest.
// Ends with 77 when a download failed after retries; its last line is `N passed, N failed, N skipped`.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { DownloadError } from './fetch/apt.js';
import { fetchThirdParty } from './fetch/parts.js';

const suites = ['features', 'differential', 'conformance'].map(
  (name) => `apps/reference-driver/test/qemu/${name}.suite.ts`,
);

/**
 * Runs a file of Node's own test runner.
 * @param {string} file
 * @param {string} qemu
 * @returns {Promise<{ passed: number, failed: number, skipped: number }>}
 */
async function run(file, qemu) {
  const args = ['--conditions=@netcx/source', '--import', 'tsx', '--test', '--test-reporter=tap', file];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NETCX_QEMU: qemu },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const counts = { passed: 0, failed: 0, skipped: 0 };
  console.log(`\n${file}`);
  for await (const line of createInterface({ input: child.stdout })) {
    const [, word, number] = /^# (pass|fail|skipped|cancelled) (\d+)$/.exec(line) ?? [];
    if (word === 'pass') counts.passed += Number(number);
    else if (word === 'skipped') counts.skipped += Number(number);
    else if (word !== undefined) counts.failed += Number(number);
    // Verdicts and errors, without the runner's figures.
    if (/^\s*(not )?ok /.test(line) || /^\s+(error|code|expected|actual):/.test(line)) console.log(line);
  }
  const code = await new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    else child.on('exit', resolve);
  });
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

try {
  const { qemu } = await fetchThirdParty((line) => console.log(line));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of suites) {
    const counts = await run(file, qemu);
    for (const name of /** @type {const} */ (['passed', 'failed', 'skipped'])) sum[name] += counts[name];
  }
  console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
  process.exitCode = sum.failed === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof DownloadError)) throw error;
  console.error(error.message);
  console.log(`SKIPPED: ${error.message.split('\n')[0] ?? ''}`);
  process.exitCode = 77;
}
