// Measures a series: its contenders one after the other, round after round, so that whatever the machine does besides
// happens to all of them.
// Invariant: a round's figures belong together; ratios are made inside a round and nowhere else.
import { Missing } from './contender.mjs';

/** @typedef {import('./contender.mjs').Contender} Contender */
/** @typedef {import('./contender.mjs').Sample} Sample */

/**
 * What one contender reached, a sample for each round; or why it did not take part: what it needs is not installed, or it
 * failed.
 * @typedef {{ command: string, samples: Sample[], missing?: string, failed?: boolean }} Outcome
 */

/**
 * @param {Readonly<Record<string, Contender>>} contenders
 * @param {object} options
 * @param {number} options.rounds
 * @param {import('./contender.mjs').Surroundings} options.surroundings
 * @param {(text: string) => void} options.progress
 * @returns {Promise<Record<string, Outcome>>}
 */
export async function measureSeries(contenders, { rounds, surroundings, progress }) {
  /** @type {Record<string, Outcome>} */
  const outcomes = {};
  /** @type {Map<string, import('./contender.mjs').Opened>} */
  const opened = new Map();
  /** @type {(name: string, error: unknown) => void} */
  const giveUp = (name, error) => {
    const outcome = outcomes[name];
    if (!(error instanceof Error) || outcome === undefined) throw error;
    outcome.failed = !(error instanceof Missing);
    outcome.missing = outcome.failed ? 'it failed' : error.message;
    outcome.samples = [];
    progress(`  NOT MEASURED: ${name}: ${error.message}`);
  };
  try {
    for (const [name, { command, open }] of Object.entries(contenders)) {
      outcomes[name] = { command, samples: [] };
      try {
        opened.set(name, await open(surroundings));
      } catch (error) {
        giveUp(name, error);
      }
    }
    for (let round = 0; round < rounds; round++) {
      for (const [name, contender] of opened) {
        if (outcomes[name]?.missing !== undefined) continue;
        try {
          outcomes[name]?.samples.push(await contender.measure());
        } catch (error) {
          giveUp(name, error);
        }
      }
    }
  } finally {
    for (const contender of opened.values()) await contender.close();
  }
  return outcomes;
}

/**
 * @param {Readonly<Record<string, Outcome>>} outcomes
 * @returns {Record<string, Sample>[]} for each round, what each contender that took part reached
 */
export function roundsOf(outcomes) {
  const rounds = Math.max(0, ...Object.values(outcomes).map(({ samples }) => samples.length));
  return Array.from({ length: rounds }, (_, round) =>
    Object.fromEntries(
      Object.entries(outcomes).flatMap(([name, { samples }]) => {
        const sample = samples[round];
        return sample === undefined ? [] : [[name, sample]];
      }),
    ),
  );
}
