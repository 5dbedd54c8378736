/*
 * Statistics. The engines count good frames in two tallies and add everything else to plain number fields, named as the
 * registers, which take both over when somebody looks. Frames to and from the host are the good ones: nothing else
 * (management, virtual functions) is modelled, so those registers need no counting of their own.
 */

import type { RegisterFile } from '@netcx/hardware';
import { allocateTally, freeTally, takeCount, TALLY } from './frame-tally.ts';
import { REGISTERS } from './registers/index.ts';
import { STATISTICS } from './registers/statistics.ts';

/** Counters of 32 bits, and the further registers that count the same. */
// prettier-ignore
const COUNTERS = {
  CRCERRS: [], RXERRC: [], RLEC: [], MPC: [], RNBC: [], RUC: [], RFC: [], ROC: [], RJC: [],
  PRC64: [], PRC127: [], PRC255: [], PRC511: [], PRC1023: [], PRC1522: [], GPRC: ['RPTHC'], BPRC: [], MPRC: [], TPR: [],
  PTC64: [], PTC127: [], PTC255: [], PTC511: [], PTC1023: [], PTC1522: [], GPTC: ['TPT', 'HGPTC'], BPTC: [], MPTC: [], TSCTC: [], IAC: [],
} as const;

/** Octet counters, 64 bits each, and the register pairs that count them. */
const OCTETS = {
  GORC: [
    ['GORCL', 'GORCH'],
    ['HGORCL', 'HGORCH'],
  ],
  TOR: [['TORL', 'TORH']],
  GOTC: [
    ['GOTCL', 'GOTCH'],
    ['TOTL', 'TOTH'],
    ['HGOTCL', 'HGOTCH'],
  ],
} as const;

/** The counters of a tally's lengths, shortest first. */
const RECEIVED_LENGTHS = ['PRC64', 'PRC127', 'PRC255', 'PRC511', 'PRC1023', 'PRC1522'] as const;
const SENT_LENGTHS = ['PTC64', 'PTC127', 'PTC255', 'PTC511', 'PTC1023', 'PTC1522'] as const;

const TWO_32 = 0x1_0000_0000;

type Name = keyof typeof STATISTICS;
const counters = Object.entries(COUNTERS) as [keyof typeof COUNTERS, readonly Name[]][];
const octets = Object.entries(OCTETS) as [keyof typeof OCTETS, readonly (readonly [low: Name, high: Name])[]][];

/** What the engines count. Frames are frames on the wire; octets include four bytes of frame check sequence a frame. */
export class Statistics {
  /** Frames with a wrong frame check sequence. */
  CRCERRS = 0;
  /** Frames with a receive error. */
  RXERRC = 0;
  /** Frames that are too short or too long. */
  RLEC = 0;
  /** Frames lost because there was no room for them. */
  MPC = 0;
  /** Frames that found no descriptor at first. */
  RNBC = 0;
  /** Frames below 64 bytes. */
  RUC = 0;
  /** Frames below 64 bytes with a wrong frame check sequence. */
  RFC = 0;
  /** Frames above the length limit. */
  ROC = 0;
  /** Frames above the length limit with a wrong frame check sequence. */
  RJC = 0;
  /** Frames received of 64 bytes. */
  PRC64 = 0;
  /** Frames received of 65 to 127 bytes. */
  PRC127 = 0;
  /** Frames received of 128 to 255 bytes. */
  PRC255 = 0;
  /** Frames received of 256 to 511 bytes. */
  PRC511 = 0;
  /** Frames received of 512 to 1023 bytes. */
  PRC1023 = 0;
  /** Frames received of 1024 bytes or more. */
  PRC1522 = 0;
  /** Good frames that passed the filter. */
  GPRC = 0;
  /** Broadcast frames among them. */
  BPRC = 0;
  /** Multicast frames among them. */
  MPRC = 0;
  /** All frames received. */
  TPR = 0;
  /** Frames sent of 64 bytes. */
  PTC64 = 0;
  /** Frames sent of 65 to 127 bytes. */
  PTC127 = 0;
  /** Frames sent of 128 to 255 bytes. */
  PTC255 = 0;
  /** Frames sent of 256 to 511 bytes. */
  PTC511 = 0;
  /** Frames sent of 512 to 1023 bytes. */
  PTC1023 = 0;
  /** Frames sent of 1024 bytes or more. */
  PTC1522 = 0;
  /** Frames sent. */
  GPTC = 0;
  /** Broadcast frames among them. */
  BPTC = 0;
  /** Multicast frames among them. */
  MPTC = 0;
  /** Packets that were segmented. */
  TSCTC = 0;
  /** Interrupts. */
  IAC = 0;
  // Minus zero makes V8 keep these as doubles from the start: an integer field that passes 2^31 would change its shape
  // in the middle of a run, and throw away the code that was optimised for it.
  /** Octets of good frames received. */
  GORC = -0;
  /** Octets of all frames received. */
  TOR = -0;
  /** Octets of frames sent. */
  GOTC = -0;

  /** Byte offset in device memory of the tally of good frames received. */
  readonly received = allocateTally();
  /** The same of frames sent. */
  readonly sent = allocateTally();

  readonly #registers: RegisterFile;
  #closed = false;

  /**
   * @param registers - the MAC's registers, whose statistics are served from here on
   */
  constructor(registers: RegisterFile) {
    this.#registers = registers;
    const highOf = new Map<Name, Name>(
      Object.values(OCTETS).flatMap((pairs) => pairs.map(([low, high]) => [high, low])),
    );
    for (const name of Object.keys(STATISTICS) as Name[]) {
      const low = highOf.get(name);
      registers.onRead(REGISTERS[name], low === undefined ? () => this.#read(name) : () => this.#readHigh(name, low));
    }
  }

  /** Moves everything that was counted into the registers. */
  flush(): void {
    this.#takeTallies();
    for (const [field, others] of counters) {
      const count = this[field];
      if (count === 0) continue;
      this[field] = 0;
      this.#registers.add(REGISTERS[field], count);
      for (const other of others) this.#registers.add(REGISTERS[other], count);
    }
    for (const [field, pairs] of octets) {
      const count = this[field];
      if (count === 0) continue;
      this[field] = -0;
      for (const [low, high] of pairs) this.#addWide(low, high, count);
    }
  }

  /** Forgets everything: the registers are reset too. */
  reset(): void {
    this.#takeTallies();
    for (const [field] of counters) this[field] = 0;
    for (const [field] of octets) this[field] = -0;
  }

  /** The engines are gone: takes over what they have counted, and gives the tallies' memory back. */
  close(): void {
    this.flush();
    this.#closed = true;
    freeTally(this.received);
    freeTally(this.sent);
  }

  #takeTallies(): void {
    if (this.#closed) return;
    const { received, sent } = this;
    RECEIVED_LENGTHS.forEach((name, length) => {
      const frames = takeCount(received, TALLY.lengths + length);
      this[name] += frames;
      this.GPRC += frames;
      this.TPR += frames;
    });
    SENT_LENGTHS.forEach((name, length) => {
      const frames = takeCount(sent, TALLY.lengths + length);
      this[name] += frames;
      this.GPTC += frames;
    });
    const octets = takeCount(received, TALLY.octets);
    this.GORC += octets;
    this.TOR += octets;
    this.GOTC += takeCount(sent, TALLY.octets);
    this.BPRC += takeCount(received, TALLY.broadcasts);
    this.MPRC += takeCount(received, TALLY.multicasts);
    this.BPTC += takeCount(sent, TALLY.broadcasts);
    this.MPTC += takeCount(sent, TALLY.multicasts);
  }

  #read(name: Name): number {
    this.flush();
    return this.#registers.get(REGISTERS[name]);
  }

  /** What came since the low half was read stays for the next reading: nothing is flushed in between. */
  #readHigh(high: Name, low: Name): number {
    this.#registers.set(REGISTERS[low], 0);
    return this.#registers.get(REGISTERS[high]);
  }

  #addWide(low: Name, high: Name, count: number): void {
    const sum = this.#registers.get(REGISTERS[low]) + count;
    const carried = this.#registers.get(REGISTERS[high]) + Math.floor(sum / TWO_32);
    // 64 bits stay at their greatest value as 32 do.
    const full = carried >= TWO_32;
    this.#registers.set(REGISTERS[low], full ? -1 : sum);
    this.#registers.set(REGISTERS[high], full ? -1 : carried);
  }
}
