/*
 * Faults on demand: `inject` makes something go wrong, now or after so many events, and the same injection into the same
 * run does the same. Faults are in the silicon: no reset of the chip lifts them.
 */

import { SECOND, type Clock } from '@netcx/clock';
import type { DmaGate } from './dma-gate.ts';
import type { Eeprom } from './eeprom.ts';
import { checkFault, type CorruptWriteBack, type Fault, type LinkFlap, type Removal } from './fault.ts';
import type { InterruptTap } from './interrupt-tap.ts';
import type { Phy } from './phy.ts';
import { QueueFaultSet } from './queue-faults.ts';
import { RX_QUEUES, TX_QUEUES } from './registers/index.ts';

/** A fault that was injected. */
export interface InjectedFault {
  /** What was asked for. */
  readonly fault: Fault;
  /** How often it has struck so far. */
  readonly hits: number;
  /** Whether it can still strike. */
  readonly active: boolean;
  /** Ends it. What it did stays done; a queue that stood still goes on. */
  lift(): void;
}

/** What can be made to go wrong in one model. */
export interface FaultInjector {
  /** The faults that can still strike, oldest first. */
  readonly active: readonly InjectedFault[];
  /**
   * @param fault - what goes wrong
   * @returns the fault, to see what it did and to lift it
   * @throws NicError `FAULT` when there is no such fault
   */
  inject(fault: Fault): InjectedFault;
  /** Lifts every fault. */
  clear(): void;
}

/** The parts that faults reach into. */
export interface FaultyParts {
  /** Times flaps of the link. */
  readonly clock: Clock;
  /** Where interrupts leave. */
  readonly tap: InterruptTap;
  /** Where memory accesses leave. */
  readonly gate: DmaGate;
  /** The PHY. */
  readonly phy: Phy;
  /** The EEPROM. */
  readonly eeprom: Eeprom;
  /** Called when queues that stood still may go on. */
  readonly resume: () => void;
  /** Pulls the device out. */
  readonly remove: () => void;
}

/** Ends what a fault does. */
type Undo = () => void;

class Injection implements InjectedFault {
  readonly fault: Fault;
  hits = 0;
  active = true;
  undo: Undo = () => undefined;
  readonly #done: (injection: Injection) => void;

  constructor(fault: Fault, done: (injection: Injection) => void) {
    this.fault = fault;
    this.#done = done;
  }

  lift(): void {
    if (!this.active) return;
    this.active = false;
    this.#done(this);
    this.undo();
  }

  /** It struck; after the last time it is over. */
  strike(times: number): void {
    this.hits++;
    if (this.hits >= times) this.lift();
  }
}

/** The faults of one model, as the rest of the chip sees them too. */
export class Faults implements FaultInjector {
  /** What is wrong with the receive queues. */
  readonly rx = new QueueFaultSet(RX_QUEUES, -1);
  /** What is wrong with the transmit queues: DD is bit 0 of the last word. */
  readonly tx = new QueueFaultSet(TX_QUEUES, 3);
  /** Whether register accesses are counted: the model calls `accessed` only then. */
  counting = false;
  readonly #parts: FaultyParts;
  readonly #active = new Set<Injection>();

  /**
   * @param parts - what faults reach into
   */
  constructor(parts: FaultyParts) {
    this.#parts = parts;
  }

  get active(): readonly InjectedFault[] {
    return [...this.#active];
  }

  inject(fault: Fault): InjectedFault {
    checkFault(fault);
    const injection = new Injection(fault, (done) => this.#active.delete(done));
    this.#active.add(injection);
    injection.undo = this.#begin(fault, injection);
    // One that struck and was over at once had nothing to undo yet.
    if (!injection.active) injection.undo();
    return injection;
  }

  clear(): void {
    for (const injection of [...this.#active]) injection.lift();
  }

  /** The host has read or written a register. */
  accessed(): void {
    for (const injection of [...this.#active]) {
      const { fault } = injection;
      if (fault.kind !== 'removal' || fault.of !== 'registerAccess') continue;
      if (++injection.hits === fault.after) this.#pull(fault, injection);
    }
  }

  /**
   * Stops every queue, for a fault or because the driver took bus mastering away.
   *
   * @returns lets them go on
   */
  stopAll(): Undo {
    for (let queue = 0; queue < RX_QUEUES; queue++) this.rx.stop(queue);
    for (let queue = 0; queue < TX_QUEUES; queue++) this.tx.stop(queue);
    return () => {
      for (let queue = 0; queue < RX_QUEUES; queue++) this.rx.go(queue);
      for (let queue = 0; queue < TX_QUEUES; queue++) this.tx.go(queue);
      this.#parts.resume();
    };
  }

  #begin(fault: Fault, injection: Injection): Undo {
    const { tap, eeprom } = this.#parts;
    switch (fault.kind) {
      case 'hungQueue':
        return this.#hang(fault.direction, fault.queue);
      case 'stuckDma':
        return this.stopAll();
      case 'corruptWriteBack':
        return this.#corrupt(fault, injection);
      case 'lostInterrupt':
        return this.#lose();
      case 'spuriousInterrupt':
        tap.glitch(fault.vector ?? 0);
        injection.strike(1);
        return () => undefined;
      case 'linkFlap':
        return this.#flap(fault, injection);
      case 'eepromWord':
        eeprom.flip(fault.address, fault.flip);
        return () => eeprom.flip(fault.address, fault.flip);
      case 'eepromTimeout':
        eeprom.stuck++;
        return () => {
          eeprom.stuck--;
        };
      case 'removal':
        return this.#countDown(fault, injection);
    }
  }

  #hang(direction: 'rx' | 'tx', queue: number): Undo {
    this[direction].stop(queue);
    return () => {
      this[direction].go(queue);
      this.#parts.resume();
    };
  }

  #corrupt(fault: CorruptWriteBack, injection: Injection): Undo {
    const { direction, queue, word, flip, after = 0, times = 1 } = fault;
    const corruption = { queue, word, flip, skip: after, times, harmed: () => injection.strike(times) };
    this[direction].add(corruption);
    return () => this[direction].delete(corruption);
  }

  /** Of several such faults the oldest loses its interrupts first. */
  #lose(): Undo {
    const { tap } = this.#parts;
    const losing = (): Injection | undefined =>
      [...this.#active].find((injection) => injection.fault.kind === 'lostInterrupt');
    tap.loses = () => {
      const injection = losing();
      if (injection?.fault.kind === 'lostInterrupt') injection.strike(injection.fault.times ?? 1);
      return injection !== undefined;
    };
    return () => {
      if (losing() === undefined) tap.loses = undefined;
    };
  }

  #flap({ down, up = SECOND, times = 1 }: LinkFlap, injection: Injection): Undo {
    const { clock, phy } = this.#parts;
    let plugged = true;
    const next = clock.alarm(() => (plugged ? pull() : plug()));
    const pull = (): void => {
      plugged = false;
      phy.unplug(true);
      next.after(down);
    };
    const plug = (): void => {
      plugged = true;
      phy.unplug(false);
      next.after(up);
      injection.strike(times);
    };
    pull();
    return () => {
      next.cancel();
      if (!plugged) phy.unplug(false);
    };
  }

  #countDown(fault: Removal, injection: Injection): Undo {
    const { clock, gate } = this.#parts;
    if (fault.of === 'registerAccess') {
      this.counting = true;
      return () => {
        this.counting = [...this.#active].some(({ fault: other }) => other.kind === 'removal' && other.of === fault.of);
      };
    }
    // The engine that made the last access is in the middle of a burst: memory is gone now, the rest right after it.
    const pulled = clock.alarm(() => this.#pull(fault, injection));
    gate.shutAfter(fault.after, () => {
      injection.hits = fault.after;
      pulled.soon();
    });
    return () => {
      pulled.cancel();
      gate.open();
    };
  }

  #pull(fault: Removal, injection: Injection): void {
    injection.lift();
    (fault.pull ?? this.#parts.remove)();
  }
}
