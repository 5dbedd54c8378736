/*
 * The conversation with QEMU under its test protocol: one command, one answer, so that a driver's register read is a
 * register read. Interrupt lines that change are told of as they are read.
 */

import { parseLine, parseValue } from './answer.ts';
import type { LinePipe } from './line-pipe.ts';
import { QtestError } from './qtest-error.ts';

const WORD = 0xffff_ffff;
/** The address port of configuration space: reading it has no effect. */
const IDLE_PORT = 0xcf8;

/**
 * Told that an interrupt line changed.
 *
 * @param line - its number at the interrupt controller
 * @param raised - whether it is raised now
 */
export type IrqListener = (line: number, raised: boolean) => void;

const hex = (value: number): string => `0x${value.toString(16)}`;

/** The conversation with one QEMU. Each command may throw QtestError `GONE`, `TIMEOUT`, `REFUSED` or `PROTOCOL`. */
export class QtestChannel {
  /** Commands so far. */
  commands = 0;
  readonly #pipe: LinePipe;
  readonly #onIrq: IrqListener;

  /**
   * @param pipe - leads to QEMU
   * @param onIrq - told of interrupt lines, from within a command
   */
  constructor(pipe: LinePipe, onIrq: IrqListener) {
    this.#pipe = pipe;
    this.#onIrq = onIrq;
  }

  /**
   * @param port - an I/O port
   * @returns the 32 bits that it answers
   */
  inl(port: number): number {
    return this.#value(`inl ${hex(port)}`, WORD);
  }

  /**
   * @param port - an I/O port
   * @param size - bytes
   * @param value - what is written, unsigned and of that size
   */
  out(port: number, size: 1 | 2 | 4, value: number): void {
    const letter = size === 4 ? 'l' : size === 2 ? 'w' : 'b';
    this.#command(`out${letter} ${hex(port)} ${hex(value)}`);
  }

  /**
   * @param address - in the machine's memory space
   * @returns the 32 bits there
   */
  readl(address: number): number {
    return this.#value(`readl ${hex(address)}`, WORD);
  }

  /**
   * @param address - in the machine's memory space
   * @param value - 32 bits, unsigned
   */
  writel(address: number, value: number): void {
    this.#command(`writel ${hex(address)} ${hex(value)}`);
  }

  /** Asks something that changes nothing: its answer shows that QEMU has gone on. */
  ping(): void {
    this.inl(IDLE_PORT);
  }

  /**
   * Lets the machine's time pass.
   *
   * @param nanoseconds - how much, 1 or more
   * @returns the machine's time now, in nanoseconds
   */
  clockStep(nanoseconds: number): number {
    return this.#value(`clock_step ${String(nanoseconds)}`, Number.MAX_SAFE_INTEGER);
  }

  /**
   * From now on tells of the lines that go into an interrupt controller.
   *
   * @param device - its name in QEMU, or its place in QEMU's tree of objects
   */
  interceptIrqs(device: string): void {
    this.#command(`irq_intercept_in ${device}`);
  }

  #value(command: string, most: number): number {
    return parseValue(this.#command(command)[0], most);
  }

  #command(command: string): readonly string[] {
    this.commands++;
    this.#pipe.write(command);
    for (;;) {
      const line = parseLine(this.#pipe.read(command));
      if (line.kind === 'ok') return line.values;
      if (line.kind === 'failed') throw new QtestError('REFUSED', `QEMU refuses ${command}: ${line.message}`);
      this.#onIrq(line.line, line.raised);
    }
  }
}
