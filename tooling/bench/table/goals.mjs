// The rows of the table: what shall be reached, and how a round's figures become the one that is compared with it.
// Invariant: a figure is made of the samples of one round; a row whose samples are not there is not measured, and says so.

/** @typedef {import('./contender.mjs').Sample} Sample */

/**
 * A round's samples by contender; asking for one that did not take part ends the row.
 * @typedef {(contender: string, figure?: string) => number} Ask
 */

/**
 * @typedef {object} Row
 * @property {string} what
 * @property {string} series by its key in series.mjs; '' = nothing measures it yet
 * @property {'least' | 'most'} bound whether the goal is the least or the most that it may be
 * @property {number} goal
 * @property {number} floor what must hold even where the goal is not met
 * @property {string} unit behind each number: `x` for a ratio
 * @property {(ask: Ask) => number} figure
 */

const nanoseconds = 'nanoseconds';

/**
 * A ratio of times: how many times as fast as the peer.
 * @param {string} ours
 * @param {string} peer
 * @returns {(ask: Ask) => number}
 */
const faster = (ours, peer) => (ask) => ask(peer, nanoseconds) / ask(ours, nanoseconds);

/**
 * A row whose figure is a ratio that shall be large.
 * @param {string} what
 * @param {string} series
 * @param {[goal: number, floor: number]} bounds
 * @param {(ask: Ask) => number} figure
 * @returns {Row}
 */
const ratio = (what, series, [goal, floor], figure) => ({
  what,
  series,
  bound: 'least',
  goal,
  floor,
  unit: 'x',
  figure,
});

/** What nothing measures yet has no figure. */
const none = () => NaN;

/** @type {readonly Row[]} */
export const rows = [
  ratio(
    'software path only, 64 B, against testpmd null io',
    'path-64',
    [1.3, 1.1],
    faster('netcx, software path', 'testpmd io'),
  ),
  ratio(
    'whole path with the model, offloads off, 64 B, against testpmd null io',
    'path-64',
    [1, 0.8],
    faster('netcx, whole path', 'testpmd io'),
  ),
  ratio('whole path with RSS and checksums in the model, against testpmd csum', '', [0.8, 0.6], none),
  ratio('64 B against the C twin', 'path-64', [0.75, 0.64], faster('netcx, whole path', 'C twin, whole path')),
  ratio(
    '1500 B against DPDK null copy=1,size=1500',
    'path-1500',
    [1.1, 1],
    faster('netcx, whole path', 'testpmd io, copied'),
  ),
  ratio(
    'hand-off between workers against ringbuf.js, blocks of 32',
    'hand-off',
    [5, 3],
    faster('shared ring, bursts of 32', 'ringbuf.js, blocks of 32'),
  ),
  ratio(
    'hand-off between workers against postMessage',
    'hand-off',
    [200, 100],
    faster('shared ring, bursts of 32', 'postMessage of 32 objects'),
  ),
  ratio('two workers, a queue pair each, against one', '', [1.9, 1.8], none),
  ratio(
    'checksum of 1500 B against rte_raw_cksum',
    'checksum',
    [0.95, 0.9],
    faster('netcx', 'rte_raw_cksum, -march=native'),
  ),
  ratio('Toeplitz of 12 B against rte_softrss_be', 'toeplitz', [7, 5], faster('netcx', 'rte_softrss_be')),
];
