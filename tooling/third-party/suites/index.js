// Owns: the list of suites, in the order in which they run.
// Invariant: each has a time limit, and all of them together fit into about six minutes on two cores.
import { ipxe } from './ipxe.js';
import { lineInterrupts, messages, oneNic } from './one-nic.js';
import { impaired, pair } from './pair.js';
import { recovery } from './recovery.js';

/** @import { Lab } from '../rig/lab.js' */

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} covers one line for people
 * @property {number} seconds that it may take
 * @property {(lab: Lab) => Promise<void>} run
 */

/** @type {readonly Suite[]} */
export const suites = [
  oneNic('6.12'),
  oneNic('6.1'),
  lineInterrupts('6.12'),
  lineInterrupts('6.1'),
  messages,
  pair,
  impaired,
  recovery,
  ipxe,
];
