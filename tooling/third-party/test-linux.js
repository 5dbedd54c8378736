#!/usr/bin/env node
// `npm run test:linux`: code that others wrote judges the NIC model: Linux's igb driver and iPXE, in virtual machines.
// Ends with 77 when a download failed after retries; its last line is `N passed, N failed, N skipped`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DownloadError } from './fetch/apt.js';
import { fetchThirdParty } from './fetch/parts.js';
import { Lab } from './rig/lab.js';
import { Report, SuiteOver } from './rig/report.js';
import { netcxCommand } from './rig/server.js';
import { suites } from './suites/index.js';

/** @import { Suite } from './suites/index.js' */
/** @import { Settings } from './rig/lab.js' */

const help = `Usage: npm run test:linux -- [options] [SUITE...]

A word chooses the suite of that name, or else every suite whose name contains it; all run unless told.

${suites.map(({ name, covers }) => `  ${name.padEnd(20)} ${covers}`).join('\n')}

  --control      QEMU's own NIC takes our model's place: tells what of a failure is ours
  --sources      runs netcx from its sources instead of the build
  --logs FOLDER  where each suite's logs go (default: netcx-linux in the system's temporary folder)
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    control: { type: 'boolean', default: false },
    sources: { type: 'boolean', default: false },
    logs: { type: 'string', default: join(tmpdir(), 'netcx-linux') },
    help: { type: 'boolean', default: false },
  },
});

/** What a suite may take: a limit for what hangs; the longest takes a minute and a half on a machine that is quiet. */
const SECONDS = 1200;

/**
 * Runs a suite within its time.
 * @param {Suite} suite
 * @param {Settings} settings
 */
async function runSuite(suite, settings) {
  const begin = performance.now();
  console.log(`\n${suite.name}: ${suite.covers}`);
  /** @type {string[]} */
  const transcript = [];
  const report = new Report((line) => {
    console.log(line);
    transcript.push(line);
  });
  const lab = new Lab(settings, suite.name, report);
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new SuiteOver(`took longer than ${SECONDS} s`)), SECONDS * 1000);
  });
  try {
    await Promise.race([suite.run(lab), limit]);
  } catch (error) {
    // A check that ended the suite has said so itself.
    if (!(error instanceof SuiteOver)) throw error;
    await report.check('the suite runs to its end', () => Promise.reject(error)).catch(() => undefined);
  } finally {
    clearTimeout(timer);
    await report.check('the server ends in order', () => lab.close()).catch(() => undefined);
  }
  const seconds = Math.round((performance.now() - begin) / 1000);
  writeFileSync(join(lab.logs, 'suite.log'), `${transcript.join('\n')}\n`);
  return { suite, report, seconds };
}

async function main() {
  if (values.help) {
    console.log(help);
    return 0;
  }
  const isExact = (/** @type {string} */ word) => suites.some(({ name }) => name === word);
  const chosen = suites.filter(
    ({ name }) =>
      positionals.length === 0 || positionals.some((word) => (isExact(word) ? name === word : name.includes(word))),
  );
  if (chosen.length === 0) {
    console.error(`No suite is called ${positionals.join(', ')}.\n\n${help}`);
    return 2;
  }
  const thirdParty = await fetchThirdParty((line) => console.log(line));
  const logs = resolve(values.logs);
  for (const { name } of chosen) rmSync(join(logs, name), { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const settings = { thirdParty, netcx: netcxCommand(values.sources), control: values.control, logs };

  /** @type {Awaited<ReturnType<typeof runSuite>>[]} */
  const results = [];
  for (const suite of chosen) results.push(await runSuite(suite, settings));

  console.log(`\n${'suite'.padEnd(20)}  time  checks`);
  for (const { suite, report, seconds } of results) {
    const outcome =
      report.failed === 0 ? `${report.passed} passed` : `${report.failed} FAILED, ${report.passed} passed`;
    console.log(`${suite.name.padEnd(20)} ${String(seconds).padStart(3)} s  ${outcome}`);
    for (const note of report.notes) console.log(`${' '.repeat(28)}${note}`);
  }
  const sum = (/** @type {'passed' | 'failed'} */ name) =>
    results.reduce((total, { report }) => total + report[name], 0);
  console.log(`\nlogs: ${logs}`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, 0 skipped`);
  return sum('failed') === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof DownloadError)) throw error;
  console.error(error.message);
  console.log(`SKIPPED: ${error.message.split('\n')[0] ?? ''}`);
  process.exitCode = 77;
}
