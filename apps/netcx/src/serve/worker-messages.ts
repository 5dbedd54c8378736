/*
 * Owns: what the command and the worker of one machine say to each other.
 * Invariant: plain data, which survives the way between threads.
 */

/** A NIC at its socket. */
export interface ServedNic {
  /** Its number in the command line, from 0 on. */
  readonly number: number;
  /** Path of its socket. */
  readonly socket: string;
  /** Its station address. */
  readonly mac: readonly number[];
}

/** What a worker is started with. */
export interface MachineSettings {
  /** The NICs of this machine; two when its wire is a pair. */
  readonly nics: readonly ServedNic[];
  /** The wire, as it was written. */
  readonly wire: string;
  /** What goes wrong on it, as it was written. */
  readonly impair: string | undefined;
  /** Whether drivers get nothing but the INTx pin. */
  readonly intx: boolean;
  /** Whether each message is told. */
  readonly trace: boolean;
}

/** What can be asked of a running server. */
export type ControlRequest =
  | { readonly kind: 'link'; readonly nic: number; readonly up: boolean }
  | { readonly kind: 'remove'; readonly nic: number }
  | { readonly kind: 'describe'; readonly nic: number }
  | { readonly kind: 'counters' }
  | { readonly kind: 'close' };

/** What was counted at a NIC; what belongs to the machine is the first one's. */
export type NicCounter = readonly [nic: number, name: string, value: number];

/** What a worker says. */
export type MachineReport =
  | { readonly kind: 'listening' }
  | {
      readonly kind: 'line';
      /** What it is about: who has the NIC, what is at its wire, whether its cable is in. */
      readonly about: 'machine' | 'wire' | 'link';
      readonly nic: number;
      /** In a word. */
      readonly what: string;
      readonly text: string;
    }
  | { readonly kind: 'trace'; readonly nic: number; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'counters'; readonly counters: readonly NicCounter[] }
  /** What was asked is carried out, and what there was to say of it is said. */
  | { readonly kind: 'done' }
  | { readonly kind: 'fault'; readonly stack: string }
  | { readonly kind: 'refused'; readonly message: string };
