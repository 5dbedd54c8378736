// Passes: the register table is what a datasheet is, shared.
export { Adapter } from '@netcx/adapter';
export { registers } from '@netcx/nic-99999/registers';
