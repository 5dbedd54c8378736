// Must fail: a driver-side package looks into the device.
export { RegisterFile } from '@netcx/hardware';
export type { Nic82576 } from '@netcx/nic-82576';
