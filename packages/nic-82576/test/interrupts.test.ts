import { beforeEach, describe, expect, it } from 'vitest';
import { MsixTable } from '@netcx/bus';
import type { Register } from '@netcx/layout';
import { Interrupts } from '../src/interrupts.ts';
import { EITR_STEP, REGISTERS } from '../src/registers/index.ts';
import { InterruptMachine } from './interrupt-machine.ts';

const { EIAC, EIAM, EICR, EICS, EIMC, EIMS, EITR, GPIE, IAM, ICR, ICS, IMC, IMS, IVAR, IVAR_MISC } = REGISTERS;
const TXDW = 0x1;
const LSC = 0x4;
const RXDMT0 = 0x10;
const RXDW = 0x80;
const DRSTA = 0x4000_0000;
const INT_ASSERTED = 0x8000_0000;
const PER_VECTOR = 0x10;
const EIAME = 0x4000_0000;

let machine: InterruptMachine;
let interrupts: Interrupts;

beforeEach(() => {
  machine = new InterruptMachine();
  interrupts = machine.interrupts;
});

const read = (register: Register, index = 0): number => machine.read(register, index);
const write = (register: Register, value: number, index = 0): void => machine.write(register, value, index);

describe('legacy mode', () => {
  it('shows a cause that is not enabled, without asserting', () => {
    interrupts.rxCause(3);
    interrupts.txCause(9);
    expect(read(ICR)).toBe(RXDW | TXDW);
    expect(read(ICR)).toBe(0);
  });

  it('holds the line while a cause is pending and enabled, and ICR says so', () => {
    const seen: number[] = [];
    machine.slot.connectIntx(() => seen.push(read(ICR)));
    write(IMS, LSC | RXDW);
    machine.clock.run();
    expect(seen).toEqual([]);
    interrupts.rxCause(0);
    interrupts.otherCause(LSC);
    machine.clock.run();
    expect(seen).toEqual([(INT_ASSERTED | RXDW | LSC) >>> 0]);
    interrupts.txCause(0);
    machine.clock.run();
    expect(seen).toHaveLength(1);
    expect(read(ICR)).toBe(TXDW);
  });

  it('calls again until the causes are read or masked', () => {
    let calls = 0;
    machine.slot.connectIntx(() => {
      if (++calls === 3) write(IMC, RXDW);
    });
    write(IMS, RXDW);
    interrupts.rxCause(0);
    machine.clock.run();
    expect(calls).toBe(3);
    expect(read(ICR)).toBe(RXDW);
  });

  it('clears what is written as one', () => {
    interrupts.rxCause(0);
    interrupts.txCause(0);
    interrupts.rxLow(0);
    write(ICR, RXDW);
    expect(read(ICR)).toBe(TXDW | RXDMT0);
  });

  it('sets and clears mask bits, and reads the mask from IMS only', () => {
    write(IMS, 0xff);
    write(IMS, 0x100);
    expect(read(IMS)).toBe(0x1f9 | 0x4);
    write(IMC, 0x9);
    expect(read(IMS)).toBe(0x1f4);
    expect(read(IMC)).toBe(0);
    expect(read(ICS)).toBe(0);
  });

  it('keeps to the causes that exist', () => {
    write(IMS, 0xffff_ffff);
    expect(read(IMS)).toBe(0x77d4_fbfd);
    write(IMC, 0xffff_ffff);
    write(ICS, 0xffff_ffff);
    expect(read(ICR)).toBe(0x77d4_fbfd);
  });

  it('interrupts for each cause that software sets', () => {
    const seen: number[] = [];
    const wanted: number[] = [];
    machine.slot.connectIntx(() => seen.push(read(ICR)));
    for (let bit = 0; bit < 31; bit++) {
      const cause = 2 ** bit;
      if ((0x77d4_fbfd & cause) === 0) continue;
      write(IMC, 0xffff_ffff);
      write(IMS, cause);
      write(ICS, cause);
      machine.clock.run();
      wanted.push(2 ** 31 + cause);
    }
    expect(seen).toEqual(wanted);
  });

  it('masks by IAM when an asserted ICR is read, and not otherwise', () => {
    write(IAM, RXDW | TXDW);
    write(IMS, RXDW | LSC);
    interrupts.txCause(0);
    read(ICR);
    expect(read(IMS)).toBe(RXDW | LSC);
    interrupts.rxCause(0);
    expect(read(ICR)).toBe((INT_ASSERTED | RXDW) >>> 0);
    expect(read(IMS)).toBe(LSC);
  });

  it('masks by IAM whenever ICR is read with GPIE.NSICR', () => {
    write(GPIE, 1);
    write(IAM, RXDW);
    write(IMS, RXDW | LSC);
    read(ICR);
    expect(read(IMS)).toBe(LSC);
  });

  it('sends vector 0 for every cause that comes anew while only PCI has MSI-X on', () => {
    const counts = machine.messages();
    write(IMS, RXDW | LSC);
    interrupts.rxCause(5);
    expect(machine.taken(counts)).toEqual({ 0: 1 });
    interrupts.rxCause(5);
    expect(machine.taken(counts)).toEqual({});
    interrupts.otherCause(LSC);
    expect(machine.taken(counts)).toEqual({ 0: 1 });
    read(ICR);
    interrupts.rxCause(5);
    expect(machine.taken(counts)).toEqual({ 0: 1 });
  });

  it('interrupts when a pending cause is enabled', () => {
    const counts = machine.messages();
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({});
    write(IMS, RXDW);
    expect(machine.taken(counts)).toEqual({ 0: 1 });
  });
});

describe('one vector for each cause', () => {
  let counts: number[];

  beforeEach(() => {
    counts = machine.messages();
    write(GPIE, PER_VECTOR | 1);
    // Queue 0: Rx vector 1, Tx vector 2; queue 8: Rx 3, Tx not valid. Queue 7: Rx 4; queue 15: Rx 24, Tx 5.
    write(IVAR, 0x0483_8281, 0);
    write(IVAR, 0x8598_0084, 7);
    write(IVAR_MISC, 0x8680); // timer: vector 0; others: vector 6
    write(EIAC, 0x1ff_ffff);
    write(EIMS, 0x1ff_ffff);
  });

  it('sends the vector of the queue', () => {
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
    interrupts.txCause(0);
    expect(machine.taken(counts)).toEqual({ 2: 1 });
    interrupts.rxCause(8);
    interrupts.rxCause(7);
    interrupts.rxCause(15);
    interrupts.txCause(15);
    expect(machine.taken(counts)).toEqual({ 3: 1, 4: 1, 24: 1, 5: 1 });
    interrupts.rxLow(8);
    expect(machine.taken(counts)).toEqual({ 3: 1 });
  });

  it('sends nothing for a queue without a valid entry, and leaves ICR alone', () => {
    interrupts.txCause(8);
    interrupts.rxCause(3);
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
    expect(read(ICR)).toBe(0);
    expect(read(EICR)).toBe(0);
  });

  it('keeps a cause pending while its vector is masked, and sends it when it is enabled', () => {
    write(EIMC, 0x2);
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({});
    write(EIMS, 0x2);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
    expect(read(EICR)).toBe(0);
  });

  it('without auto-clear interrupts once, until EICR was read', () => {
    write(EIAC, 0);
    interrupts.rxCause(0);
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
    expect(read(EICR)).toBe(2);
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
    write(EICR, 2);
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
  });

  it('auto-masks the vectors of EIAM with EIAME, and only those', () => {
    write(GPIE, (PER_VECTOR | EIAME | 1) >>> 0);
    write(EIAM, 0x2);
    interrupts.rxCause(0);
    interrupts.txCause(0);
    expect(read(EIMS)).toBe(0x1ff_fffd);
    interrupts.rxCause(0);
    interrupts.txCause(0);
    expect(machine.taken(counts)).toEqual({ 1: 1, 2: 1 }); // the bridge makes one call of two messages for vector 2
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({});
    write(EIMS, 0x2);
    expect(machine.taken(counts)).toEqual({ 1: 1 });
  });

  it('does not auto-mask without EIAME', () => {
    write(EIAM, 0x2);
    interrupts.rxCause(0);
    expect(read(EIMS)).toBe(0x1ff_ffff);
  });

  it('sends what software sets in EICS', () => {
    write(EICS, 0x100_0003);
    expect(machine.taken(counts)).toEqual({ 0: 1, 1: 1, 24: 1 });
    write(EICS, 0xfe00_0000);
    expect(machine.taken(counts)).toEqual({});
    expect(read(EICR)).toBe(0);
  });

  it('sends the vector for other causes when they are enabled in IMS', () => {
    interrupts.otherCause(LSC);
    expect(machine.taken(counts)).toEqual({});
    write(IMS, LSC | DRSTA);
    expect(machine.taken(counts)).toEqual({ 6: 1 });
    expect(read(ICR)).toBe(LSC);
    interrupts.otherCause(DRSTA);
    expect(machine.taken(counts)).toEqual({ 0: 1 });
    write(ICS, LSC);
    expect(machine.taken(counts)).toEqual({ 6: 1 });
  });

  it('sends nothing for other causes without a valid entry', () => {
    write(IVAR_MISC, 0x0600);
    write(IMS, LSC);
    interrupts.otherCause(LSC);
    expect(machine.taken(counts)).toEqual({});
  });

  it('goes back to nothing on a reset', () => {
    write(IMS, LSC);
    write(EIMC, 0x1ff_ffff);
    interrupts.rxCause(0);
    interrupts.otherCause(LSC);
    interrupts.reset();
    expect([read(ICR), read(IMS), read(EICR), read(EIMS)]).toEqual([0, 0, 0, 0]);
    write(EIMS, 0x1ff_ffff);
    interrupts.rxCause(0);
    expect(machine.taken(counts)).toEqual({});
    expect(read(ICR)).toBe(RXDW);
  });
});

describe('moderation', () => {
  let counts: number[];

  beforeEach(() => {
    counts = machine.messages();
    write(GPIE, PER_VECTOR);
    write(IVAR, 0x8281);
    write(EIAC, 0x1ff_ffff);
    write(EIMS, 0x1ff_ffff);
  });

  /** Runs for a time and returns how many messages vector 1 got. */
  function during(nanoseconds: number): number {
    machine.clock.advance(nanoseconds);
    const [, count = 0] = counts;
    counts.fill(0);
    return count;
  }

  it('lets the first through and holds the next ones until the interval is over', () => {
    write(EITR, 100 << 2, 1);
    interrupts.rxCause(0);
    expect(during(0)).toBe(1);
    interrupts.rxCause(0);
    expect(during(50 * EITR_STEP)).toBe(0);
    interrupts.rxCause(0);
    expect(during(50 * EITR_STEP - 1)).toBe(0);
    expect(during(1)).toBe(1);
    expect(during(1000 * EITR_STEP)).toBe(0);
    interrupts.rxCause(0);
    expect(during(0)).toBe(1);
  });

  it('bounds the rate', () => {
    write(EITR, 50 << 2, 1); // 51.2 us
    let sent = 0;
    for (let tick = 0; tick < 1024; tick++) {
      interrupts.rxCause(0);
      sent += during(1000);
    }
    expect(sent).toBe(21); // one at once, then one every 51.2 us for 1024 us
  });

  it('holds each vector by its own interval', () => {
    write(EITR, 100 << 2, 2);
    interrupts.txCause(0);
    interrupts.rxCause(0);
    machine.clock.run();
    interrupts.txCause(0);
    interrupts.rxCause(0);
    machine.clock.advance(0);
    expect(counts.slice(1, 3)).toEqual([2, 1]);
  });

  it('ends the interval when EITR is written without CNT_IGNR', () => {
    write(EITR, 100 << 2, 1);
    interrupts.rxCause(0);
    interrupts.rxCause(0);
    expect(during(0)).toBe(1);
    write(EITR, 0x8000_0000 + (200 << 2), 1);
    expect(during(0)).toBe(0);
    expect(read(EITR, 1)).toBe(200 << 2);
    write(EITR, 200 << 2, 1);
    expect(during(0)).toBe(1);
  });

  it('keeps no alarm pending when nothing waits', () => {
    write(EITR, 100 << 2, 1);
    interrupts.rxCause(0);
    during(0);
    expect(machine.clock.pending).toBe(0);
  });

  it('moderates legacy mode by the first interval', () => {
    write(GPIE, 0);
    write(EIMC, 0x1ff_ffff); // in legacy mode they would hold the pin as well
    write(EITR, 100 << 2, 0);
    const times: number[] = [];
    machine.slot.connectIntx(() => {
      times.push(machine.clock.now());
      read(ICR);
    });
    const table = new MsixTable(machine.slot);
    table.disable();
    write(IMS, RXDW);
    interrupts.rxCause(0);
    machine.clock.advance(0);
    interrupts.rxCause(0);
    machine.clock.run();
    expect(times).toEqual([0, 100 * EITR_STEP]);
  });
});
