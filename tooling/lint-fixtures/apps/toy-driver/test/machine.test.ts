// Passes: a test of an app builds machines.
export { Nic99999 } from '@netcx/nic-99999';
