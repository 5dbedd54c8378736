// Owns: a suite: two interfaces come up, are used, and go again.
import { check } from './checks.js';
import { Lab } from './lab.js';

/**
 * @param {string} what
 * @param {string[] | (() => Promise<Lab>)} args of `netcx tap`, or what opens the lab
 * @param {(lab: Lab) => Promise<void>} run
 * @returns {Promise<Record<string, number>>} what `netcx tap` counted
 */
export async function suite(what, args, run) {
  console.log(`\n${what}`);
  /** @type {Record<string, number>} */
  let counters = {};
  /** @type {Lab | undefined} */
  let lab;
  await check('two interfaces come up', async () => {
    lab = await (typeof args === 'function' ? args() : Lab.open(...args));
    return undefined;
  });
  if (lab === undefined) return counters;
  const opened = lab;
  await run(opened);
  await check('Linux counts no wrong checksum', () => {
    const errors = opened.checksumErrors();
    if (errors > 0) throw new Error(`${errors}`);
    return undefined;
  });
  await check('ends well, with nothing unsupported', async () => {
    counters = await opened.close();
    for (const side of ['left', 'right']) {
      for (const name of ['unsupported', 'tooLong'])
        if ((counters[`${side}.${name}`] ?? 0) !== 0) throw new Error(`${side}.${name} ${counters[`${side}.${name}`]}`);
    }
    return `${counters['left.fromLinux']} and ${counters['right.fromLinux']} frames`;
  });
  return counters;
}
