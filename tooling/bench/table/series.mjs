// The series of the table: who is measured beside whom, in one run.
// Invariant: contenders of one series do the same work, or the text in performance.template.md says what they leave out.
import { program, testpmd } from './contender.mjs';

const path = 'apps/reference-driver/bench';
const handOff = 'packages/rings/bench/hand-off.ts';
const native = 'tooling/bench/dpdk/native.mjs';

/**
 * @typedef {object} Series
 * @property {string} title what is measured, and in which unit
 * @property {Readonly<Record<string, import('./contender.mjs').Contender>>} contenders
 */

/** @type {Readonly<Record<string, Series>>} */
export const series = {
  'path-64': {
    title: '64 B frames forwarded in bursts of 32, ns a packet',
    contenders: {
      'netcx, whole path': program(`${path}/datapath.mjs`, '64'),
      'netcx, whole path, 16 queues': program(`${path}/datapath.mjs`, '64', '16'),
      'netcx, whole path, shown': program(`${path}/datapath.mjs`, '64', '2', 'shown'),
      'netcx, software path': program(`${path}/software-path.mjs`),
      'netcx, software path, 1 queue': program(`${path}/software-path.mjs`, '1'),
      'C twin, whole path': program(`${path}/twin.mjs`, '64'),
      'C twin, whole path, 16 queues': program(`${path}/twin.mjs`, '64', '16'),
      'testpmd io': testpmd({ mode: 'io' }),
    },
  },
  'path-1500': {
    title: '1500 B frames forwarded in bursts of 32, ns a packet',
    contenders: {
      'netcx, whole path': program(`${path}/datapath.mjs`, '1500'),
      'C twin, whole path': program(`${path}/twin.mjs`, '1500'),
      'testpmd io, copied': testpmd({ mode: 'io', copy: true, size: 1500 }),
    },
  },
  offloads: {
    title: '64 B frames forwarded with RSS over 16 queues and checksums in the model, ns a packet',
    contenders: {
      'netcx, whole path with offloads': program(`${path}/offloads.mjs`),
      'netcx, the same, queues asleep between bursts': program(`${path}/offloads.mjs`, 'single'),
      'testpmd csum': testpmd({ mode: 'csum' }),
    },
  },
  queues: {
    title: '64 B frames forwarded over many queues, rings of 128, ns a packet',
    contenders: {
      '1 queue': program(`${path}/many-queues.mjs`, '1'),
      '256 queues': program(`${path}/many-queues.mjs`, '256'),
      '1024 queues': program(`${path}/many-queues.mjs`, '1024'),
      '4096 queues': program(`${path}/many-queues.mjs`, '4096'),
    },
  },
  extensions: {
    title: '64 B frames forwarded over 16 queues, without and with 4 extensions that nobody reads, ns a packet',
    contenders: { 'netcx, without, and what the four add': program(`${path}/unread-extensions.mjs`) },
  },
  'hand-off': {
    title: 'from one worker to another, ns an element of 16 bytes',
    contenders: {
      'shared ring, bursts of 32': program(handOff, 'ring', '32', '4000000'),
      'ringbuf.js, blocks of 32': program(handOff, 'ringbuf', '32', '4000000'),
      'postMessage of 32 objects': program(handOff, 'messages', '32', '400000'),
    },
  },
  workers: {
    title: 'two workers, a queue pair each, against one, 64 B',
    contenders: { 'netcx, whole path in each worker': program(`${path}/workers.bench.mjs`, '3') },
  },
  checksum: {
    title: 'the Internet checksum of 1500 B, ns',
    contenders: {
      netcx: program(`${path}/checksum.mjs`),
      'rte_raw_cksum, for this processor': program(native, 'checksum'),
      'rte_raw_cksum, as pkg-config builds it': program(native, 'checksum', 'generic'),
    },
  },
  toeplitz: {
    title: 'the Toeplitz hash of 12 B, ns',
    contenders: {
      netcx: program(`${path}/toeplitz.mjs`),
      rte_softrss_be: program(native, 'toeplitz'),
    },
  },
  segmentation: {
    title: 'headers of 64 KB in 45 TCP segments, ns',
    contenders: {
      'netcx, one poll of the queue': program(`${path}/segmentation.mjs`, 'polled'),
      'netcx, from submit to the driver and back': program(`${path}/segmentation.mjs`),
      rte_gso_segment: program(native, 'segmentation'),
    },
  },
  garbage: {
    title: 'the whole path over 100,000,000 packets',
    contenders: { netcx: program(`${path}/garbage.mjs`, '--packets', '100000000') },
  },
  tail: {
    title: 'a step of 32 packets, ns',
    contenders: {
      'netcx, whole path': program(`${path}/tail.mjs`),
      'C twin, whole path': program(`${path}/twin.mjs`, '64', '2', 'tail'),
    },
  },
};
