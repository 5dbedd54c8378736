// Passes.
export { registers } from '@netcx/layout';
export * from './table.ts';
