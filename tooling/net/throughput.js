// Owns: how much TCP the driver and the NIC model carry, beside a plain copy from TAP to TAP in the same run: rounds take turns,
// so that what the machine does meanwhile strikes both.
// Goals: 0.7 of the plain copy with offloads, and 8 times what passes without. They are reported, and do not fail a run: a figure
// is judged by a person, on a machine that is quiet. A ratio is made of two rates of one round; the median of all rounds counts.
// What a byte costs in processor time says more than a rate where others are at work, and which congestion control Linux's TCP uses
// decides how much waiting either of them gets away with.
import { readFileSync } from 'node:fs';
import { check } from './checks.js';
import { Lab } from './lab.js';
import { Program } from './namespaces.js';
import { size } from './size.js';

/** The wire is not to be what limits: 100 Gbit/s. */
const SPEEDUP = ['--speedup', '100'];
/** The first two seconds are left out, for everybody: TCP looks for its window, and the JavaScript engine compiles what runs. */
const MEASURED = ['-O', '2', '-c', '192.0.2.2'];
const rounds = size === 'quick' ? 1 : 3;

/** @type {Record<string, () => Promise<Lab>>} */
const contenders = {
  'netcx, offloads on': () => Lab.open(...SPEEDUP),
  'plain copy, offloads on': () => plain('on'),
  'netcx, offloads off': () => Lab.open('--no-checksum', ...SPEEDUP),
  'plain copy, offloads off': () => plain('off'),
};

/** @param {'on' | 'off'} offloads */
const plain = (offloads) =>
  Lab.between((left, right) => [
    new Program(process.execPath, ['tooling/net/plain-copy.js', left.name, right.name, '1500', offloads]),
  ]);

/** @param {readonly number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
/** @param {number} rate */
const gigabits = (rate) => (rate / 1e9).toFixed(2);

/** Runs all contenders, and prints what they reached. */
export async function compareThroughput() {
  console.log('\nTCP through the driver, beside a plain copy from TAP to TAP');
  console.log(`  congestion control: ${readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'utf8').trim()}`);
  /** @type {Map<string, number[]>} */
  const rates = new Map();
  /** @type {Map<string, number[]>} */
  const costs = new Map();
  for (let round = 1; round <= rounds; round++) {
    for (const [name, open] of Object.entries(contenders)) {
      await check(`${name}, round ${round}`, async () => {
        const lab = await open();
        try {
          const first = await lab.ping('-c', '100', '192.0.2.2');
          const { rate, processor, note } = await lab.iperf(...MEASURED);
          const later = await lab.ping('-c', '100', '192.0.2.2');
          rates.set(name, [...(rates.get(name) ?? []), rate]);
          costs.set(name, [...(costs.get(name) ?? []), (processor * 8e9) / rate]);
          return `${note}; ping ${first} at first, ${later} afterwards`;
        } finally {
          await lab.close();
        }
      });
    }
  }
  for (const [name, values] of rates)
    console.log(
      `  ${name}: ${gigabits(median(values))} Gbit/s (${gigabits(Math.min(...values))}..${gigabits(Math.max(...values))}), ` +
        `${median(costs.get(name) ?? []).toFixed(2)} ns of a processor a byte`,
    );
  tellRatio('with offloads, beside the plain copy', 0.7, rates, 'netcx, offloads on', 'plain copy, offloads on');
  tellRatio('with offloads, beside without', 8, rates, 'netcx, offloads on', 'netcx, offloads off');
}

/**
 * Prints how many times as much one has reached as the other.
 * @param {string} what
 * @param {number} goal
 * @param {ReadonlyMap<string, readonly number[]>} rates of each contender, by round
 * @param {string} ours
 * @param {string} peer
 */
function tellRatio(what, goal, rates, ours, peer) {
  const ratios = (rates.get(ours) ?? []).map((rate, round) => rate / (rates.get(peer)?.[round] ?? NaN));
  const ratio = median(ratios);
  const range = `${Math.min(...ratios).toFixed(2)}..${Math.max(...ratios).toFixed(2)}`;
  console.log(`  ${what}: ${ratio.toFixed(2)}x (${range}; goal ${goal}: ${ratio >= goal ? 'met' : 'not met'})`);
}
