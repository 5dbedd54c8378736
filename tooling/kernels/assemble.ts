/*
 * Assembles a package's kernels: src/<name>.wat becomes src/<name>-kernel.ts, because tsc copies no .wasm. The results are
 * checked in, so that users need no assembler; each package's tests assemble again and compare.
 * Run: npx tsx tooling/kernels/assemble.ts packages/<name>
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import wabt from 'wabt';

const FEATURES = { threads: true, bulk_memory: true, simd: true };

/**
 * @param source - a kernel's .wat
 * @returns the TypeScript module that holds what it assembles to
 */
export async function kernelModule(source: URL): Promise<string> {
  const file = basename(fileURLToPath(source));
  const bytes = await assemble(file, readFileSync(source, 'utf8'));
  const name = file.replace('.wat', '');
  const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map((each) => each.name);
  const literals = Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  const rows: string[] = [];
  for (let at = 0; at < literals.length; at += 16) rows.push(`  ${literals.slice(at, at + 16).join(', ')},`);
  return `/*
 * The ${name} kernel: ${file}, assembled. Made by tooling/kernels with wabt (threads, bulk memory and SIMD on); never edited
 * by hand. A test assembles the source again and compares, so the two always agree.
 */

/** The bytes of the WebAssembly module; it imports \`host.memory\` (shared) and exports \`${names.join(', ')}\`. */
// prettier-ignore
export const ${name.toUpperCase()}_KERNEL: Uint8Array<ArrayBuffer> = Uint8Array.of(
${rows.join('\n')}
);
`;
}

/**
 * @param source - a kernel's .wat
 * @returns where its module lies
 */
export function kernelFile(source: URL): URL {
  return new URL(source.href.replace(/\.wat$/, '-kernel.ts'));
}

async function assemble(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const assembler = await wabt();
  const module = assembler.parseWat(name, text, FEATURES);
  try {
    const bytes = Uint8Array.from(module.toBinary({}).buffer);
    if (!WebAssembly.validate(bytes)) throw new Error(`${name} assembles to a module that this engine refuses`);
    return bytes;
  } finally {
    module.destroy();
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const folder = new URL('src/', `${pathToFileURL(argv[2] ?? '.').href}/`);
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.wat'))) {
    const source = new URL(file, folder);
    writeFileSync(kernelFile(source), await kernelModule(source));
    console.log(fileURLToPath(kernelFile(source)));
  }
}
