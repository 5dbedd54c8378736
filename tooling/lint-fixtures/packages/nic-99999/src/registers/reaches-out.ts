// Must fail: a register table, which both sides share, reaches into the device side.
export { RegisterFile } from '@netcx/hardware';
