/*
 * Any NIC model, served to a virtual machine over vfio-user: QEMU is its host. Reading order: server.ts (one function at
 * one socket), session.ts (one connection), device-host.ts (regions and interrupts), guest-memory.ts, real-time.ts, then
 * what they stand on: channel.ts, message-buffer.ts, libc.ts.
 */

export { VfioUserServer, type ServerCounters, type ServerEvent, type VfioUserServerOptions } from './server.ts';
export type { DeviceHostOptions } from './device-host.ts';
export { RealTime, type Part } from './real-time.ts';
export { VfioUserError, type VfioUserErrorCode } from './vfio-user-error.ts';
export { EventCount, VfioUserClient, type Answer, type ClientMemory, type VfioUserClientOptions } from './client.ts';
export type { Capabilities } from './version.ts';
export type { Fields } from './fields.ts';
export type { Received } from './channel.ts';
