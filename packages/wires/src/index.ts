/*
 * To be said: what this package owns. Reading order: wires.ts.
 */

export { describeWires } from './wires.ts';
