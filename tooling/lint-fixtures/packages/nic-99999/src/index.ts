// Passes.
export { RegisterFile } from '@netcx/hardware';
export { registers } from './registers/index.ts';
