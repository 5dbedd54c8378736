/*
 * Assembles src/*.wat into src/*-kernel.ts, because tsc copies no .wasm. The results are checked in, so that users need no
 * assembler; tests assemble again and compare.
 * Run from the package's folder: npx tsx scripts/assemble.ts
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';

/** The kernels: what each exports. */
const KERNELS = { copy: 'copy, clear, copyAll', sum: 'sum(from, bytes)' } as const;

/** Which kernel. */
export type Kernel = keyof typeof KERNELS;

const file = (name: string): URL => new URL(`../src/${name}`, import.meta.url);

/**
 * @param kernel - which one
 * @returns the WebAssembly module that its source says, as bytes
 */
export async function assembleKernel(kernel: Kernel): Promise<Uint8Array> {
  const assembler = await wabt();
  const source = `${kernel}.wat`;
  const features = { threads: true, bulk_memory: true, simd: true };
  const module = assembler.parseWat(source, readFileSync(file(source), 'utf8'), features);
  try {
    const bytes = new Uint8Array(module.toBinary({}).buffer);
    if (!WebAssembly.validate(bytes)) throw new Error(`${source} assembles to a module that this engine refuses`);
    return bytes;
  } finally {
    module.destroy();
  }
}

/**
 * @param kernel - which one
 * @param bytes - its WebAssembly module
 * @returns the TypeScript module that holds it
 */
export function moduleText(kernel: Kernel, bytes: Uint8Array): string {
  const literals = Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const rows: string[] = [];
  for (let at = 0; at < literals.length; at += 16) rows.push(`  ${literals.slice(at, at + 16).join(', ')},`);
  return `/*
 * The ${kernel} kernel: ${kernel}.wat, assembled. Made by scripts/assemble.ts with wabt (threads, bulk memory and SIMD on); never
 * edited by hand. A test assembles the source again and compares, so the two always agree.
 */

/** The bytes of the WebAssembly module; it imports \`host.memory\` (shared) and exports \`${KERNELS[kernel]}\`. */
// prettier-ignore
export const ${kernel.toUpperCase()}_KERNEL: Uint8Array<ArrayBuffer> = Uint8Array.of(
${rows.join('\n')}
);
`;
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  for (const kernel of Object.keys(KERNELS) as Kernel[]) {
    const bytes = await assembleKernel(kernel);
    writeFileSync(file(`${kernel}-kernel.ts`), moduleText(kernel, bytes));
    console.log(`src/${kernel}-kernel.ts: ${String(bytes.length)} bytes`);
  }
}
