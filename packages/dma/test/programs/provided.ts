/*
 * A process that says which memory it wants, then loads the memory and prints what it got. The case is the argument.
 */

import { argv, stdout } from 'node:process';
import { provideMemory, type MemorySource } from '../../src/provide.ts';

const sources: Readonly<Record<string, () => MemorySource | undefined>> = {
  nothing: () => undefined,
  own: () => ({ hostBytes: 0x20_0000, deviceBytes: 0x3_0000 }),
  foreign: () => ({ buffer: new ArrayBuffer(0x10_0000) }),
  'foreign-shared': () => ({ buffer: new SharedArrayBuffer(0x4008) }),
  'foreign-tiny': () => ({ buffer: new ArrayBuffer(8) }),
  shared: () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x3_0000,
    pages: { start: 0x1_0000, end: 0x1_3000 },
    device: { start: 0x3_0040, end: 0x3_8000 },
  }),
  'shared-without-pages': () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x4_0000,
  }),
  'odd-size': () => ({ hostBytes: 100_000 }),
  'too-large': () => ({ hostBytes: 2 ** 31 }),
  'no-size': () => ({ hostBytes: 0 }),
  'foreign-odd': () => ({ buffer: new ArrayBuffer(12) }),
  'foreign-empty': () => ({ buffer: new ArrayBuffer(0) }),
  'shared-too-small': () => ({
    memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
    hostBytes: 0x2_0000,
  }),
  'not-shared': () => ({ memory: new WebAssembly.Memory({ initial: 4, maximum: 4 }), hostBytes: 0x2_0000 }),
  'pages-outside': () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x2_0000,
    pages: { start: 0x1000, end: 0x3_0000 },
  }),
  'device-in-host-memory': () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x2_0000,
    device: { start: 0x1_ffc0, end: 0x3_0000 },
  }),
  'device-outside': () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x2_0000,
    device: { start: 0x2_0000, end: 0x4_0040 },
  }),
  'device-odd': () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x2_0000,
    device: { start: 0x2_0020, end: 0x3_0000 },
  }),
  'pages-odd': () => ({
    memory: new WebAssembly.Memory({ initial: 4, maximum: 4, shared: true }),
    hostBytes: 0x2_0000,
    pages: { start: 0x1100, end: 0x2000 },
  }),
};

const source = sources[argv[2] ?? '']?.();
const answer: Record<string, unknown> = {};
try {
  if (source !== undefined) provideMemory(source);
  const memory = await import('../../src/memory.ts');
  const { hostPages } = await import('../../src/index.ts');
  const { copy, copyByWords } = await import('../../src/copy.ts');
  const given =
    source === undefined
      ? undefined
      : 'buffer' in source
        ? source.buffer
        : 'memory' in source
          ? source.memory.buffer
          : undefined;
  memory.u8.set([1, 2, 3, 4, 5, 6, 7, 8], 0);
  if (memory.hostBytes > 8) copy(4096, 0, 8);
  Object.assign(answer, {
    bytes: memory.buffer.byteLength,
    hostBytes: memory.hostBytes,
    given: given === memory.buffer,
    kernel: copy !== copyByWords,
    views:
      memory.i32.buffer === memory.buffer && memory.u8.buffer === memory.buffer && memory.u64.buffer === memory.buffer,
    free: hostPages.bytesFree,
    device: memory.deviceMemory.end - memory.deviceMemory.start,
    copied: memory.i32[1025] ?? 0,
  });
  try {
    provideMemory({});
  } catch (error) {
    answer['late'] = (error as { code: string }).code;
  }
} catch (error) {
  answer['code'] = (error as { code?: string }).code ?? String(error);
}
stdout.write(JSON.stringify(answer));
