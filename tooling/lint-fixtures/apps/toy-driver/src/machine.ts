// Passes: the one file of a driver app that sees both sides.
export { Adapter } from '@netcx/adapter';
export { Nic99999 } from '@netcx/nic-99999';
