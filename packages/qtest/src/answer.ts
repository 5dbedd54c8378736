/*
 * The lines that QEMU writes under its test protocol: answers to commands, and interrupt lines that changed, which may
 * come before any answer. What QEMU writes is not trusted: anything else is a PROTOCOL error with the line in it.
 */

import { QtestError } from './qtest-error.ts';

/** One line of QEMU's. */
export type Line =
  | { readonly kind: 'ok'; readonly values: readonly string[] }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'irq'; readonly line: number; readonly raised: boolean };

const IRQ = /^IRQ (raise|lower) (\d{1,4})$/;

/**
 * @param text - a line without its end
 * @returns what it says
 * @throws QtestError `PROTOCOL` for any other line
 */
export function parseLine(text: string): Line {
  const irq = IRQ.exec(text);
  if (irq !== null) return { kind: 'irq', line: Number(irq[2]), raised: irq[1] === 'raise' };
  const [verdict, ...values] = text.split(' ');
  if (verdict === 'OK') return { kind: 'ok', values };
  if (verdict === 'FAIL' || verdict === 'ERR') return { kind: 'failed', message: values.join(' ') };
  throw new QtestError('PROTOCOL', `QEMU wrote ${JSON.stringify(text.slice(0, 200))}; expected OK, FAIL or IRQ`);
}

/**
 * @param text - a value of an answer: decimal, or hexadecimal with 0x
 * @param most - the greatest that can be
 * @returns the number
 * @throws QtestError `PROTOCOL` for anything else
 */
export function parseValue(text: string | undefined, most: number): number {
  const value = text !== undefined && /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) ? Number(text) : NaN;
  if (!(value <= most)) {
    throw new QtestError('PROTOCOL', `QEMU answered ${JSON.stringify(text)}; expected a number up to ${String(most)}`);
  }
  return value;
}
