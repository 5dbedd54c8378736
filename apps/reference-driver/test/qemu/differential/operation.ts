/*
 * What is done to both chips in a differential run, as plain data: a failing one can be printed, and the same seed makes the
 * same operations.
 */

import type { REGISTERS } from '@netcx/nic-82576/registers';

/** Name of a register. */
export type RegisterName = keyof typeof REGISTERS;

/** A transmit descriptor: a context, or a buffer of a frame. */
export type Descriptor =
  | { readonly context: readonly [number, number, number, number] }
  | { readonly bytes: Uint8Array; readonly command: number; readonly status: number };

/** One operation. */
export type Operation =
  /** Writes descriptors; the chip is told of them unless another operation shall do that. */
  | {
      readonly kind: 'transmit';
      readonly what: string;
      readonly queue: number;
      readonly descriptors: readonly Descriptor[];
      readonly tell: boolean;
    }
  /** Tells the chip of what was written. */
  | { readonly kind: 'tell'; readonly queue: number }
  /** A frame comes. */
  | { readonly kind: 'receive'; readonly what: string; readonly frame: Uint8Array }
  | { readonly kind: 'write'; readonly register: RegisterName; readonly index: number; readonly value: number }
  | { readonly kind: 'read'; readonly register: RegisterName; readonly index: number }
  /** Reads every counter, which clears it. */
  | { readonly kind: 'count' }
  /** Switches a queue off and on again; its ring begins anew. */
  | { readonly kind: 'restart'; readonly direction: 'rx' | 'tx'; readonly queue: number }
  /** CTRL.RST, and everything from the beginning. */
  | { readonly kind: 'reset' };

/** @returns the operation in a line or two, bytes in hexadecimal */
export function describe(operation: Operation): string {
  return JSON.stringify(operation, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
