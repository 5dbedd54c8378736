// Owns: the checks that several suites make in the same words.
import { check } from './checks.js';

/**
 * Datagrams at a rate that nobody has an excuse to lose them at.
 * @param {import('./lab.js').Lab} lab
 * @param {...string} args of iperf3's client
 */
export async function checkUdp(lab, ...args) {
  await check(`UDP, 20 Mbit/s${args.includes('-R') ? ', backwards' : ''}`, async () => {
    const { lost, note } = await lab.iperf('-c', '192.0.2.2', '-u', '-b', '20M', ...args);
    if (lost > 1) throw new Error(`${lost.toFixed(1)} % lost`);
    return `${note}, ${lost.toFixed(2)} % lost`;
  });
}

/**
 * That an impaired wire did its worst: a download that lost nothing shows nothing.
 * @param {Record<string, number>} counters of a suite
 */
export async function checkLosses(counters) {
  await check('the wire was as bad as it was told to be', () => {
    const lost = Object.entries(counters).reduce(
      (sum, [name, value]) => sum + (/loss.*lost/.test(name) ? value : 0),
      0,
    );
    if (!(lost > 0)) throw new Error(`${lost} frames lost`);
    return `${lost} frames lost`;
  });
}
