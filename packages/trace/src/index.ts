/*
 * To be said: what this package owns. Reading order: trace.ts.
 */

export { describeTrace } from './trace.ts';
