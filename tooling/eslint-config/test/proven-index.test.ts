import { provenIndex } from '../rules/proven-index.js';
import { check, filename } from './rule-tester.ts';

check('proven-index', provenIndex, {
  valid: [
    { filename, code: 'const view = new Int32Array(4); export const first = view[0]!;' },
    { filename, code: 'export const of = (rows: number[][], at: number): number => rows[at]![0]!;' },
  ],
  invalid: [
    {
      filename,
      code: 'export const size = (set: Set<number> | undefined): number => set!.size;',
      errors: [{ messageId: 'assertion' }],
    },
    {
      filename,
      code: 'export const pop = (list: number[]): number => list.pop()!;',
      errors: [{ messageId: 'assertion' }],
    },
  ],
});
