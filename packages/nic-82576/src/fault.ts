/*
 * The faults that a model can be given, as plain data: they come from a test, a command line or a file alike, and the
 * same fault in the same run does the same harm. What is wrong with a description is an error, with what was expected.
 */

import { NicError } from './nic-error.ts';
import { EEPROM_WORDS, MSIX_VECTORS, RX_QUEUES, TX_QUEUES } from './registers/index.ts';

/** A queue that stands still until the fault is lifted: its head does not move, and it writes nothing back. */
export interface HungQueue {
  /** Which fault. */
  readonly kind: 'hungQueue';
  /** Which direction. */
  readonly direction: 'rx' | 'tx';
  /** 0 to 15. */
  readonly queue: number;
}

/** Memory reads are never answered until the fault is lifted: no queue of either direction gets on. */
export interface StuckDma {
  /** Which fault. */
  readonly kind: 'stuckDma';
}

/** Interrupts that do not arrive: messages, or a rising pin. Lifts itself. */
export interface LostInterrupt {
  /** Which fault. */
  readonly kind: 'lostInterrupt';
  /** How many, one after the other; 1 when left out. */
  readonly times?: number;
}

/** One interrupt without a cause, at once. Lifts itself. */
export interface SpuriousInterrupt {
  /** Which fault. */
  readonly kind: 'spuriousInterrupt';
  /** Which MSI-X vector, 0 to 24; 0 when left out. */
  readonly vector?: number;
}

/** Descriptors that are written back with wrong bits. Lifts itself. */
export interface CorruptWriteBack {
  /** Which fault. */
  readonly kind: 'corruptWriteBack';
  /** Which direction. */
  readonly direction: 'rx' | 'tx';
  /** 0 to 15. */
  readonly queue: number;
  /** Which of the descriptor's four words, 0 to 3. */
  readonly word: number;
  /** The bits that are flipped in it. */
  readonly flip: number;
  /** Descriptors that are written back unharmed before; 0 when left out. */
  readonly after?: number;
  /** Descriptors that are harmed then; 1 when left out. */
  readonly times?: number;
}

/** A cable that is pulled out and plugged in again. Lifts itself. */
export interface LinkFlap {
  /** Which fault. */
  readonly kind: 'linkFlap';
  /** Nanoseconds without a link, each time; autonegotiation comes on top. */
  readonly down: number;
  /** Nanoseconds from plugging in to the next time; 1 s when left out. */
  readonly up?: number;
  /** How often; 1 when left out. */
  readonly times?: number;
}

/** A word of the EEPROM that reads wrong, until the fault is lifted. The checksum is wrong then too. */
export interface EepromWord {
  /** Which fault. */
  readonly kind: 'eepromWord';
  /** Which word, 0 to 255. */
  readonly address: number;
  /** The bits that read wrong. */
  readonly flip: number;
}

/** Reads of the EEPROM through EERD are never done, until the fault is lifted. */
export interface EepromTimeout {
  /** Which fault. */
  readonly kind: 'eepromTimeout';
}

/** The device is pulled out without warning. */
export interface Removal {
  /** Which fault. */
  readonly kind: 'removal';
  /** What is counted: accesses of the host to registers, or of the device to memory. */
  readonly of: 'registerAccess' | 'dma';
  /** The device is gone after so many, 1 or more. */
  readonly after: number;
  /** Pulls it out: a slot's `remove`; the model goes by itself when left out. */
  readonly pull?: () => void;
}

/** A fault. */
export type Fault =
  | HungQueue
  | StuckDma
  | LostInterrupt
  | SpuriousInterrupt
  | CorruptWriteBack
  | LinkFlap
  | EepromWord
  | EepromTimeout
  | Removal;

/** What each number of a description may be: from, to. */
type Limits = readonly [name: string, value: number | undefined, from: number, to: number][];

const ANY = Number.MAX_SAFE_INTEGER;
const WORD = 0xffff_ffff;

function limitsOf(fault: Fault): Limits {
  switch (fault.kind) {
    case 'hungQueue':
      return [['queue', fault.queue, 0, queuesOf(fault) - 1]];
    case 'lostInterrupt':
      return [['times', fault.times, 1, ANY]];
    case 'spuriousInterrupt':
      return [['vector', fault.vector, 0, MSIX_VECTORS - 1]];
    case 'corruptWriteBack':
      return [
        ['queue', fault.queue, 0, queuesOf(fault) - 1],
        ['word', fault.word, 0, 3],
        ['flip', fault.flip, 1, WORD],
        ['after', fault.after, 0, ANY],
        ['times', fault.times, 1, ANY],
      ];
    case 'linkFlap':
      return [
        ['down', fault.down, 0, ANY],
        ['up', fault.up, 0, ANY],
        ['times', fault.times, 1, ANY],
      ];
    case 'eepromWord':
      return [
        ['address', fault.address, 0, EEPROM_WORDS - 1],
        ['flip', fault.flip, 1, 0xffff],
      ];
    case 'removal':
      return [['after', fault.after, 1, ANY]];
    case 'stuckDma':
    case 'eepromTimeout':
      return [];
  }
}

function queuesOf({ direction }: HungQueue | CorruptWriteBack): number {
  return direction === 'rx' ? RX_QUEUES : TX_QUEUES;
}

/**
 * @param fault - a description, from wherever it came
 * @throws NicError `FAULT` when there is no such fault
 */
export const checkFault = (fault: Fault): void => {
  const refuse = (what: string): never => {
    throw new NicError('FAULT', `${String((fault as { kind?: unknown }).kind)}: ${what}`);
  };
  const choose = (name: string, value: unknown, from: readonly string[]): void => {
    if (!from.includes(value as string)) refuse(`${name}: expected ${from.join(' or ')}, got ${String(value)}`);
  };
  const limits = limitsOf(fault) as Limits | undefined;
  if (limits === undefined) return refuse('no such kind of fault');
  if ('direction' in fault) choose('direction', fault.direction, ['rx', 'tx']);
  if ('of' in fault) choose('of', fault.of, ['registerAccess', 'dma']);
  for (const [name, value, from, to] of limits) {
    if (value === undefined && OPTIONAL.has(`${fault.kind}.${name}`)) continue;
    if (value === undefined || !Number.isInteger(value) || value < from || value > to) {
      refuse(`${name}: expected a whole number from ${String(from)} to ${String(to)}, got ${String(value)}`);
    }
  }
};

const OPTIONAL: ReadonlySet<string> = new Set([
  'lostInterrupt.times',
  'spuriousInterrupt.vector',
  'corruptWriteBack.after',
  'corruptWriteBack.times',
  'linkFlap.up',
  'linkFlap.times',
]);
