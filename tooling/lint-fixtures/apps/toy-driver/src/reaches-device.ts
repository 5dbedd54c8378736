// Must fail: only machine.ts of an app sees both sides.
export const nic = await import('@netcx/nic-99999');
