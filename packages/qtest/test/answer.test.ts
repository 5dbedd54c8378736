import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLine, parseValue } from '../src/answer.ts';
import { QtestError } from '../src/index.ts';

describe('a line of QEMU', () => {
  test.each([
    ['OK', { kind: 'ok', values: [] }],
    ['OK 0x000000000000ffff', { kind: 'ok', values: ['0x000000000000ffff'] }],
    ['OK 500000000', { kind: 'ok', values: ['500000000'] }],
    ['FAIL could not advance time', { kind: 'failed', message: 'could not advance time' }],
    ['ERR unknown command', { kind: 'failed', message: 'unknown command' }],
    ['IRQ raise 20', { kind: 'irq', line: 20, raised: true }],
    ['IRQ lower 0', { kind: 'irq', line: 0, raised: false }],
  ])('%s', (text, expected) => {
    expect(parseLine(text)).toEqual(expected);
  });

  test.each(['', 'ok', 'OKAY', 'IRQ', 'IRQ raise', 'IRQ raise -1', 'IRQ toggle 3'])('%j is none', (text) => {
    expect(() => parseLine(text)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }) as Error);
  });

  test('whatever comes is a line or a PROTOCOL error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        try {
          expect(['ok', 'failed', 'irq']).toContain(parseLine(text).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(QtestError);
        }
      }),
    );
  });
});

describe('a value of an answer', () => {
  test('is decimal or hexadecimal', () => {
    expect(parseValue('0x80080483', 0xffff_ffff)).toBe(0x8008_0483);
    expect(parseValue('500000000', 1e9)).toBe(500_000_000);
  });

  test.each([[undefined], [''], ['-1'], ['0x'], ['1e3'], ['0x100000000'], ['nine']])('%j is none', (text) => {
    expect(() => parseValue(text, 0xffff_ffff)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }) as Error);
  });
});
