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

/**
 * A ratio of times: how many times as slow as something else of ours.
 * @param {string} ours
 * @param {string} other
 * @returns {(ask: Ask) => number}
 */
const slower = (ours, other) => (ask) => ask(ours, nanoseconds) / ask(other, nanoseconds);

/**
 * A row whose figure is a ratio that shall be small.
 * @param {string} what
 * @param {string} series
 * @param {[goal: number, floor: number]} bounds
 * @param {(ask: Ask) => number} figure
 * @returns {Row}
 */
const times = (what, series, bounds, figure) => ({ ...ratio(what, series, bounds, figure), bound: 'most' });

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
    faster('netcx, whole path, 16 queues', 'testpmd io'),
  ),
  ratio(
    'whole path with RSS and checksums in the model, against testpmd csum',
    'offloads',
    [0.8, 0.6],
    faster('netcx, whole path with offloads', 'testpmd csum'),
  ),
  ratio('64 B against the C twin', 'path-64', [0.75, 0.64], faster('netcx, whole path', 'C twin, whole path')),
  ratio(
    '1500 B against DPDK null copy=1,size=1500',
    'path-1500',
    [1.1, 1],
    faster('netcx, whole path', 'testpmd io, copied'),
  ),
  times('256 queues against one', 'queues', [1.15, 1.25], slower('256 queues', '1 queue')),
  times('1024 queues against one', 'queues', [2, 2.5], slower('1024 queues', '1 queue')),
  times('4096 queues against one', 'queues', [2.9, 3.2], slower('4096 queues', '1 queue')),
  {
    ...{ what: 'memory of a receive queue at 128 entries, without buffers', series: 'queues', bound: 'most' },
    ...{ goal: 16, floor: 16, unit: 'KiB', figure: (ask) => ask('1 queue', 'ringBytes') / 1024 },
  },
  {
    ...{ what: 'cost of 4 registered, unread extensions', series: 'extensions', bound: 'most' },
    ...{ goal: 3, floor: 5, unit: '%' },
    figure: (ask) => ask('netcx, without, and what the four add', 'percent more with extensions'),
  },
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
  ratio('two workers, a queue pair each, against one', 'workers', [1.9, 1.8], (ask) =>
    ask('netcx, whole path in each worker', 'two to one'),
  ),
  ratio(
    'checksum of 1500 B against rte_raw_cksum',
    'checksum',
    [0.95, 0.9],
    faster('netcx', 'rte_raw_cksum, for this processor'),
  ),
  ratio('Toeplitz of 12 B against rte_softrss_be', 'toeplitz', [7, 5], faster('netcx', 'rte_softrss_be')),
  ratio(
    'TSO headers of 64 KB against rte_gso_segment',
    'segmentation',
    [1.4, 1.3],
    faster('netcx, one poll of the queue', 'rte_gso_segment'),
  ),
  {
    ...{ what: 'garbage collections over 10^8 packets', series: 'garbage', bound: 'most' },
    ...{ goal: 0, floor: 0, unit: '', figure: (ask) => ask('netcx', 'collections') },
  },
  {
    ...{ what: 'growth of the heap over 10^8 packets', series: 'garbage', bound: 'most' },
    ...{ goal: 64, floor: 64, unit: 'KiB', figure: (ask) => ask('netcx', 'bytes') / 1024 },
  },
  times(
    'p99.9 of a step of 32 packets against the C twin',
    'tail',
    [1.5, 2],
    (ask) => ask('netcx, whole path', 'p999') / ask('C twin, whole path', 'p999'),
  ),
];
