// Owns: the list of suites, in the order in which they run.
// Invariant: all of them together take about five minutes on two cores that have nothing else to do.
import { ipxe } from './ipxe.js';
import { lineInterrupts, messages, oneNic } from './one-nic.js';
import { impaired, pair } from './pair.js';
import { recovery } from './recovery.js';

/** @import { Lab } from '../rig/lab.js' */

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} covers one line for people
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
