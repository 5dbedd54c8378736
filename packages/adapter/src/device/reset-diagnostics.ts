/*
 * What a driver learns of its device before that is reset: up to 1 MiB, stored once, within three seconds. A report stays
 * readable after the reset. Follows reference netadaptercx §5.9.
 */

import { SECOND, type Clock } from '@netcx/clock';
import { violation } from '../verifier/violation.ts';

/** Bytes of diagnostics that one reset may store. */
export const MAXIMUM_RESET_DIAGNOSTICS = 1024 * 1024;
/** Nanoseconds that a driver has to collect them. */
export const RESET_DIAGNOSTICS_LIMIT = 3 * SECOND;

/** How a device is reset: itself, or with its place on the board. */
export type ResetKind = 'function' | 'platform';

/** What is known of a reset. */
export interface ResetReport {
  readonly kind: ResetKind;
  /** When it was asked for, in nanoseconds of the device's clock. */
  readonly time: number;
  /** What the driver stored; `undefined` when it stored nothing. */
  readonly diagnostics: Uint8Array | undefined;
  /** Whether the driver had not finished after three seconds. */
  readonly timedOut: boolean;
  /** What its callback threw; the device is reset all the same. */
  readonly error: unknown;
}

/** Collects the diagnostics of one device, reset after reset. */
export class ResetDiagnostics {
  readonly #device: string;
  readonly #clock: Clock;
  #collecting = false;
  #stored: Uint8Array | undefined;

  /**
   * @param device - its name, for messages
   * @param clock - counts the three seconds
   */
  constructor(device: string, clock: Clock) {
    this.#device = device;
    this.#clock = clock;
  }

  /**
   * @param diagnostics - what the driver learnt; a copy is kept
   * @throws ViolationError 0x55 `RESET_DIAGNOSTICS_SIZE_TOO_LARGE`; 0x56 `IS_NOT_COLLECTING_RESET_DIAGNOSTICS` outside the
   * callback, after its three seconds, and for the second time in one callback
   */
  store(diagnostics: Uint8Array): void {
    const object = this.#device;
    if (diagnostics.length > MAXIMUM_RESET_DIAGNOSTICS)
      throw violation(0x55, `${object}: too many diagnostics`, {
        object,
        expected: `${String(MAXIMUM_RESET_DIAGNOSTICS)} bytes at most`,
        found: diagnostics.length,
      });
    if (!this.#collecting)
      throw violation(0x56, `${object}: diagnostics come once, from inside collectResetDiagnostics`, { object });
    this.#collecting = false;
    this.#stored = diagnostics.slice();
  }

  /**
   * @param kind - of the reset that follows
   * @param collect - the driver's callback
   * @returns the report, after three seconds at most
   */
  async collect(kind: ResetKind, collect: () => void | Promise<void>): Promise<ResetReport> {
    const time = this.#clock.now();
    this.#collecting = true;
    this.#stored = undefined;
    let error: unknown;
    let finished = false;
    const running = (async () => {
      try {
        await collect();
      } catch (thrown) {
        error = thrown;
      }
      finished = true;
    })();
    await Promise.race([running, this.#clock.delay(RESET_DIAGNOSTICS_LIMIT)]);
    this.#collecting = false;
    return { kind, time, diagnostics: this.#stored, timedOut: !finished, error };
  }
}

const BYTES_A_LINE = 16;
const LINES = 64;

/**
 * @param report - of a reset
 * @returns it for people: when, what kind, how the collection went, and the bytes in hexadecimal and ASCII, the first KiB
 */
export function explainReset(report: ResetReport): string {
  const { kind, time, diagnostics, timedOut, error } = report;
  const head = [`${kind} reset at ${(time / SECOND).toFixed(6)} s`];
  if (timedOut) head.push('the driver had not finished after 3 s');
  if (error !== undefined)
    head.push(`the driver failed: ${error instanceof Error ? String(error) : JSON.stringify(error)}`);
  if (diagnostics === undefined) return [...head, 'no diagnostics'].join(', ');
  head.push(`${String(diagnostics.length)} bytes of diagnostics`);
  const lines: string[] = [head.join(', ')];
  for (let at = 0; at < Math.min(diagnostics.length, BYTES_A_LINE * LINES); at += BYTES_A_LINE) {
    const bytes = [...diagnostics.subarray(at, at + BYTES_A_LINE)];
    const hexadecimal = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = bytes.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hexadecimal.padEnd(3 * BYTES_A_LINE - 1)}  ${text}`);
  }
  if (diagnostics.length > BYTES_A_LINE * LINES) lines.push('…');
  return lines.join('\n');
}
