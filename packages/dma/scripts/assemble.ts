/*
 * Assembles src/copy.wat into src/copy-kernel.ts, because tsc copies no .wasm. The result is checked in, so that users
 * need no assembler; test/copy-kernel.test.ts assembles again and compares.
 * Run from the package's folder: npx tsx scripts/assemble.ts
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

const source = new URL('../src/copy.wat', import.meta.url);
const target = new URL('../src/copy-kernel.ts', import.meta.url);

/**
 * @returns the WebAssembly module that copy.wat says, as bytes
 */
export async function assembleCopyKernel(): Promise<Uint8Array> {
  const assembler = await wabt();
  const features = { threads: true, bulk_memory: true, simd: true };
  const module = assembler.parseWat('copy.wat', readFileSync(source, 'utf8'), features);
  try {
    const bytes = new Uint8Array(module.toBinary({}).buffer);
    if (!WebAssembly.validate(bytes)) throw new Error('copy.wat assembles to a module that this engine refuses');
    return bytes;
  } finally {
    module.destroy();
  }
}

/**
 * @param bytes - a WebAssembly module
 * @returns the TypeScript module that holds it
 */
export function moduleText(bytes: Uint8Array): string {
  const literals = Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const rows: string[] = [];
  for (let at = 0; at < literals.length; at += 16) rows.push(`  ${literals.slice(at, at + 16).join(', ')},`);
  return `/*
 * The copy kernel: copy.wat, assembled. Made by scripts/assemble.ts with wabt (threads, bulk memory and SIMD on); never
 * edited by hand. A test assembles the source again and compares, so the two always agree.
 */

/** The bytes of the WebAssembly module; it imports \`host.memory\` (shared) and exports what copy.ts names. */
// prettier-ignore
export const COPY_KERNEL: Uint8Array<ArrayBuffer> = Uint8Array.of(
${rows.join('\n')}
);
`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await assembleCopyKernel();
  writeFileSync(target, moduleText(bytes));
  console.log(`src/copy-kernel.ts: ${String(bytes.length)} bytes`);
}
