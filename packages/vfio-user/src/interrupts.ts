/*
 * The interrupts of a function as the peer sees them: event descriptors for the INTx pin, for MSI messages and for MSI-X
 * vectors. The pin is a level that masks itself when it fires: it fires again when it is unmasked and still asserted.
 * Descriptors belong to this set from the moment that it is given them.
 */

import { readlinkSync, writeSync } from 'node:fs';
import { closeAll } from './channel.ts';
import { Errno, Refusal } from './errno.ts';
import type { Fields } from './fields.ts';
import { libc } from './libc.ts';
import { IrqFlag, IrqIndex, SetIrqs } from './protocol.ts';

/** What is added to an event descriptor's count. */
const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);
const SET_IRQS_BYTES = 20;
const NONE = -1;
/** `fcntl`: flags of an open file. */
const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0x800;

/** One interrupt. */
interface Line {
  /** Told when it fires; -1 for nobody. */
  trigger: number;
  /** Told when it is unmasked; -1 for nobody. */
  unmask: number;
  /** Told when it is masked; -1 for nobody. */
  mask: number;
  masked: boolean;
}

/** What was counted so far. */
export interface InterruptCounters {
  /** Event descriptors that were written. */
  readonly sent: number;
  /** Interrupts that nobody had asked for, or that were masked. */
  readonly lost: number;
}

/** All interrupts of one function. */
export class Interrupts {
  readonly #lines: readonly (readonly Line[])[];
  readonly #changed: (index: number) => void;
  #level = false;
  #sent = 0;
  #lost = 0;

  /**
   * @param counts - how many interrupts of each kind the function has, by `IrqIndex`
   * @param changed - told that descriptors of a kind came or went
   */
  constructor(counts: readonly number[], changed: (index: number) => void) {
    this.#changed = changed;
    this.#lines = Array.from({ length: IrqIndex.COUNT }, (_, index) =>
      Array.from({ length: counts[index] ?? 0 }, () => ({ trigger: NONE, unmask: NONE, mask: NONE, masked: false })),
    );
  }

  /** What was counted so far. */
  get counters(): InterruptCounters {
    return { sent: this.#sent, lost: this.#lost };
  }

  /**
   * @param index - one of `IrqIndex`
   * @returns how many there are of that kind, and `IrqFlag` bits
   * @throws Refusal EINVAL for no kind
   */
  info(index: number): { readonly count: number; readonly flags: number } {
    const lines = this.#kind(index);
    if (lines.length === 0) return { count: 0, flags: 0 };
    const flags = index === IrqIndex.INTX ? IrqFlag.MASKABLE | IrqFlag.AUTOMASKED : IrqFlag.NORESIZE;
    return { count: lines.length, flags: IrqFlag.EVENTFD | flags };
  }

  /**
   * @param index - one of `IrqIndex`
   * @param line - 0 or more
   * @returns whether somebody is told when it fires
   */
  wanted(index: number, line: number): boolean {
    return (this.#lines[index]?.[line]?.trigger ?? NONE) !== NONE;
  }

  /**
   * A message fires.
   *
   * @param index - MSI or MSIX
   * @param line - which
   */
  fire(index: number, line: number): void {
    const found = this.#lines[index]?.[line];
    if (found === undefined || found.masked || !this.#signal(found.trigger)) this.#lost++;
    else this.#sent++;
  }

  /**
   * @param asserted - the level of the INTx pin
   */
  setPin(asserted: boolean): void {
    this.#level = asserted;
    this.#drivePin();
  }

  /**
   * Carries out DEVICE_SET_IRQS.
   *
   * @param payload - the message's
   * @param fds - its descriptors; those that are used are taken out
   * @throws Refusal for what cannot be; nothing has changed then
   */
  set(payload: Fields, fds: number[]): void {
    payload.need(SET_IRQS_BYTES);
    const flags = payload.u32(4);
    const index = payload.u32(8);
    const start = payload.u32(12);
    const count = payload.u32(16);
    const lines = this.#kind(index);
    const data = flags & SetIrqs.DATA;
    const action = flags & SetIrqs.ACTION;
    if ((flags & ~(SetIrqs.DATA | SetIrqs.ACTION)) !== 0 || !isOneBit(data) || !isOneBit(action)) {
      throw new Refusal(Errno.EINVAL, `SET_IRQS with flags 0x${flags.toString(16)}`);
    }
    if (start + count > lines.length) {
      throw new Refusal(
        Errno.EINVAL,
        `SET_IRQS of ${String(start)} + ${String(count)}, there are ${String(lines.length)}`,
      );
    }
    if (index !== IrqIndex.INTX && action !== SetIrqs.TRIGGER) {
      throw new Refusal(Errno.ENOTSUP, 'SET_IRQS masks what is not maskable');
    }
    if (data === SetIrqs.DATA_EVENTFD) this.#setDescriptors(index, lines.slice(start, start + count), action, fds);
    else if (count === 0) this.#disable(index, start, data, action);
    else this.#act(index, lines.slice(start, start + count), action, this.#chosen(payload, data, count));
  }

  /** Forgets every descriptor: nobody is told any more. */
  clear(): void {
    for (const lines of this.#lines) for (const line of lines) release(line);
  }

  #kind(index: number): readonly Line[] {
    const lines = this.#lines[index];
    if (lines === undefined) throw new Refusal(Errno.EINVAL, `there are no interrupts of kind ${String(index)}`);
    return lines;
  }

  /** Takes descriptors over, one for each line; without any the lines lose theirs. */
  #setDescriptors(index: number, lines: readonly Line[], action: number, fds: number[]): void {
    if (fds.length !== 0 && fds.length !== lines.length) {
      throw new Refusal(Errno.EINVAL, `${String(fds.length)} descriptors for ${String(lines.length)} interrupts`);
    }
    if (!fds.every(isEventDescriptor)) throw new Refusal(Errno.EINVAL, 'a descriptor that is no event descriptor');
    const field = action === SetIrqs.TRIGGER ? 'trigger' : action === SetIrqs.MASK ? 'mask' : 'unmask';
    for (const line of lines) {
      if (line[field] !== NONE) closeAll([line[field]]);
      line[field] = fds.shift() ?? NONE;
      if (field === 'trigger') line.masked = false;
    }
    this.#changed(index);
    this.#drivePin();
  }

  /** No data and no lines: the whole kind is switched off. */
  #disable(index: number, start: number, data: number, action: number): void {
    if (start !== 0 || data !== SetIrqs.DATA_NONE || action !== SetIrqs.TRIGGER) return;
    for (const line of this.#kind(index)) release(line);
    this.#changed(index);
  }

  /** Which lines of a range are meant: all, or those whose byte is not 0. */
  #chosen(payload: Fields, data: number, count: number): (line: number) => boolean {
    if (data === SetIrqs.DATA_NONE) return () => true;
    payload.need(SET_IRQS_BYTES + count);
    return (line) => payload.bytes[SET_IRQS_BYTES + line] !== 0;
  }

  #act(index: number, lines: readonly Line[], action: number, chosen: (line: number) => boolean): void {
    for (const [number, line] of lines.entries()) {
      if (!chosen(number)) continue;
      if (action === SetIrqs.TRIGGER) {
        if (this.#signal(line.trigger)) this.#sent++;
        else this.#lost++;
        if (index === IrqIndex.INTX) line.masked = true;
      } else {
        line.masked = action === SetIrqs.MASK;
        this.#signal(line.masked ? line.mask : line.unmask);
      }
    }
    this.#drivePin();
  }

  #drivePin(): void {
    const pin = this.#lines[IrqIndex.INTX]?.[0];
    if (!this.#level || pin === undefined || pin.masked || pin.trigger === NONE) return;
    pin.masked = true;
    if (this.#signal(pin.trigger)) this.#sent++;
    else this.#lost++;
  }

  /** Adds one to an event descriptor's count; a descriptor that takes nothing is the peer's loss. */
  #signal(fd: number): boolean {
    if (fd === NONE) return false;
    try {
      return writeSync(fd, ONE) === ONE.length;
    } catch {
      return false;
    }
  }
}

/**
 * Whether a descriptor counts events. Writing to anything else, or to one whose count is full, might wait for ever; so the
 * one is refused, and the other made not to wait.
 */
function isEventDescriptor(fd: number): boolean {
  if (readlinkSync(`/proc/self/fd/${String(fd)}`) !== 'anon_inode:[eventfd]') return false;
  const flags = libc().fcntl(fd, F_GETFL, 0);
  return flags >= 0 && libc().fcntl(fd, F_SETFL, flags | O_NONBLOCK) >= 0;
}

function isOneBit(bits: number): boolean {
  return bits !== 0 && (bits & (bits - 1)) === 0;
}

function release(line: Line): void {
  closeAll([line.trigger, line.unmask, line.mask].filter((fd) => fd !== NONE));
  line.trigger = line.unmask = line.mask = NONE;
  line.masked = false;
}
