/*
 * To be said: what this package owns. Reading order: vfio-user.ts.
 */

export { describeVfioUser } from './vfio-user.ts';
