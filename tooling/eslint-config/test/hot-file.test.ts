import { hotFile } from '../rules/hot-file.js';
import { type Case, checkTyped, filename } from './rule-tester.ts';

/** A hot file: header, an import, its re-binding, then the case's own text. */
const hot = (text: string): string =>
  `// Owns a test. @hot\nimport * as memory from './memory.ts';\nconst { i32: m, step } = memory;\n${text}`;

const inLoop = (text: string): string =>
  hot(`export function run(count: number): void {\n  for (let i = 0; i < count; i++) { ${text} }\n}`);

const valid = (code: string): Case => ({ filename, code });
const invalid = (code: string, ...messageIds: string[]): Case => ({
  filename,
  code,
  errors: messageIds.map((messageId) => ({ messageId })),
});

checkTyped('hot-file', hotFile, {
  valid: [
    // A file that is not hot may do as it likes.
    valid("import { i32 } from './memory.ts';\nfor (let i = 0; i < 4; i++) i32[i] = [i].length;"),
    valid(
      "import { i32 } from './memory.ts';\n// @hot only counts in the header.\nfor (let i = 0; i < 4; i++) i32[i] = i;",
    ),
    // The recommended shape.
    valid(inLoop('m[i] = step;')),
    // Slow paths of a hot file: outside loops nothing is restricted but the form of views.
    valid(hot('export function setup(): object { return { table: [...[1, 2]], step: memory.step }; }')),
    // What runs once: a loop's start, the thing a for...of goes over, what is thrown.
    valid(hot('export function run(end: number): void { for (let i = memory.step; i < end; i++) m[i] = 0; }')),
    valid(inLoop('if (i < 0) throw new RangeError(`${memory.step}`);')),
    // A constructor runs once, its loops too.
    valid(
      hot(
        'export class Queues { list: Set<number>[] = []; constructor() { for (const step of [1, 2]) this.list.push(new Set([step])); } }',
      ),
    ),
    // Types are no values.
    valid(hot("import type { i32 } from './memory.ts';\nexport type View = typeof i32;")),
    valid(hot("import { type step as Step } from './memory.ts';\nexport type Width = typeof Step;")),
    valid(inLoop('const at: typeof memory.step = 4; m[i] = at;')),
    // Numbers in fields, parameters, closures.
    valid(hot('export class Queue { base = 0; at(index: number): () => number { return () => this.base + index; } }')),
    // An accessor that everybody may use is a call like any other, and so is a private method.
    valid(
      hot(
        'export class Queue { base = 0; get end(): number { return this.#end(); } #end(): number { return this.base + 4; } }',
      ),
    ),
    // Exported under another binding.
    valid(
      hot(
        'const mask = 7;\nexport const ringMask = mask;\nexport function run(): void { while (m[0] !== 0) m[0] = mask; }',
      ),
    ),
    // Objects are taken apart without allocating.
    valid(
      hot(
        'const point = { x: 1 };\nexport function run(): void { while (m[0] !== 0) { const { x } = point; m[0] = x; } }',
      ),
    ),
  ],
  invalid: [
    invalid("// @hot\nimport { step } from './memory.ts';\nexport const twice = step * 2;", 'importForm'),
    invalid("// @hot\nimport thing from 'node:os';\nexport const os = thing;", 'importForm'),
    invalid(inLoop('m[i] = memory.step;'), 'importUse'),
    invalid(
      hot(
        'export class Queue { base = 0; get end(): number { return this.#end; } get #end(): number { return this.base; } }',
      ),
      'privateAccessor',
    ),
    invalid(hot('export class Queue { base = 0; set #end(end: number) { this.base = end; } }'), 'privateAccessor'),
    invalid("// @hot\nimport { step } from './memory.ts';\nwhile (step < 4) void 0;", 'importForm', 'importUse'),
    invalid(
      hot('export const mask = 7;\nexport function run(): void { while (m[0] !== 0) m[0] = mask; }'),
      'exportUse',
    ),
    invalid(
      hot(
        'const mask = 7;\nexport { mask as ringMask };\nexport function run(): void { do m[0] = mask; while (m[0] !== 0); }',
      ),
      'exportUse',
    ),
    invalid(
      hot(
        'export function next(i: number): number { return i + 1; }\nexport function run(): void { for (let i = 0; i < 9; i = next(i)) m[i] = 0; }',
      ),
      'exportUse',
    ),
    invalid(
      hot('let mask = 7;\nmask = 3;\nexport function run(): void { while (m[0] !== 0) m[0] = mask; }'),
      'mutableUse',
    ),
    invalid(hot('export class Queue { view = m; }'), 'fieldView'),
    invalid(
      hot(
        'export class Queue { readonly #view: Int32Array | undefined = undefined; get on(): boolean { return this.#view !== undefined; } }',
      ),
      'fieldView',
    ),
    invalid(hot('export class Queue { views: Uint8Array[] = []; }'), 'fieldView'),
    invalid(hot('export function read(view: Uint32Array, at: number): number { return view[at]!; }'), 'parameterView'),
    invalid(hot('export const read = <V extends Uint8Array>(view: V): number => view.length;'), 'parameterView'),
    invalid(hot('export const read = (bytes: Buffer): number => bytes.length;'), 'parameterView'),
    invalid(
      hot('export function make(): () => number { const view = new Int8Array(4); return () => view[0]!; }'),
      'closureView',
    ),
    invalid(hot('export function run(): void { const w = memory.i32; while (w[0] !== 0) m[0] = 0; }'), 'localView'),
    invalid(hot('export const words = new DataView(new ArrayBuffer(8));'), 'dataView'),
    invalid(inLoop('void new Map();'), 'allocation'),
    invalid(
      hot(
        'export class Queue { run: () => void; constructor() { this.run = () => { while (m[0] !== 0) void new Set(); }; } }',
      ),
      'allocation',
    ),
    invalid(inLoop('void [];'), 'allocation'),
    invalid(inLoop('void {};'), 'allocation'),
    invalid(inLoop('void (() => i);'), 'allocation'),
    invalid(inLoop('void function () { return 1; };'), 'allocation'),
    invalid(inLoop('Math.max(...m);'), 'allocation'),
    invalid(inLoop('const [a] = m; m[i] = a!;'), 'allocation'),
    invalid(inLoop('for (const word of m) m[0] = word;'), 'allocation'),
    invalid(inLoop('try { m[i] = 0; } catch { break; }'), 'allocation'),
    // A function that a loop elsewhere calls is a loop's body.
    invalid(
      hot('/** Runs once a packet. @hot */\nfunction one(): number[] { return [step]; }\nexport const run = one;'),
      'allocation',
    ),
    invalid(
      hot('export class Queue {\n  /** Runs once a packet. @hot */\n  one(): number { return memory.step; }\n}'),
      'importUse',
    ),
    invalid(hot('/** Runs once a packet. @hot */\nexport const one = (): object => ({ step });'), 'allocation'),
  ],
});
