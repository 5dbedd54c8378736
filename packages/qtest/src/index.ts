/*
 * A bus whose device is QEMU's: a driver that runs on a model in this process runs here unchanged. RAM is provided first,
 * by `@netcx/qtest/ram`. Reading order: ram.ts, qemu-machine.ts, qtest-slot.ts, qtest-function.ts, qemu-wire.ts, then
 * what they stand on: qtest-channel.ts, answer.ts, qemu-process.ts, libc.ts.
 */

export { QtestError, type QtestErrorCode } from './qtest-error.ts';
export { QemuMachine, type QemuDevice, type QemuMachineOptions, type QemuStation } from './qemu-machine.ts';
export { QtestSlot, type QtestSlotCounters } from './qtest-slot.ts';
export { QtestFunction } from './qtest-function.ts';
export { QemuWire } from './qemu-wire.ts';
export type { QtestChannel, IrqListener } from './qtest-channel.ts';
export type { Ram } from './ram.ts';
