// Owns: what a Debian kernel package becomes: an uncompressed ELF image, which boots three seconds sooner under emulation,
// and the few modules that the guests load, with everything that these need.
// Follows the x86 boot protocol's header fields (setup_sects, payload_offset, payload_length) as Linux documents them.
// Invariant: a module is taken only together with its dependencies, softdeps included.
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * @typedef {(name: 'xz' | 'zstd', bytes: Uint8Array) => Promise<Buffer>} Unpacker a decompressor's program
 */

const magics = /** @type {const} */ ([
  ['gzip', [0x1f, 0x8b]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
]);

/**
 * Finds the compressed kernel in a bzImage and unpacks it.
 * @param {Buffer} image
 * @param {Unpacker} unpack
 * @returns {Promise<Buffer>} an ELF file
 */
export async function uncompressedKernel(image, unpack) {
  if (image.length < 0x260 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw new Error('kernel image: expected the x86 boot header HdrS at 0x202, got something else');
  }
  const setupSectors = image.readUInt8(0x1f1);
  const begin = ((setupSectors === 0 ? 4 : setupSectors) + 1) * 512 + image.readUInt32LE(0x248);
  const end = begin + image.readUInt32LE(0x24c);
  const payload = image.subarray(begin, end);
  const kind = magics.find(([, magic]) => magic.every((byte, at) => payload[at] === byte))?.[0];
  if (kind === undefined) {
    const got = payload.subarray(0, 6).toString('hex');
    throw new Error(`kernel image: expected a payload of gzip, xz or zstd, got ${got}`);
  }
  // What is not gzip is followed by its uncompressed size, which the decompressors would take for garbage.
  const kernel = kind === 'gzip' ? gunzipSync(payload) : await unpack(kind, payload.subarray(0, -4));
  if (kernel.toString('latin1', 1, 4) !== 'ELF') throw new Error('kernel image: its payload is no ELF file');
  return kernel;
}

/**
 * The modules that a module's `.modinfo` section names.
 * @param {Buffer} module
 * @returns {string[]}
 */
export function neededModules(module) {
  const text = module.toString('latin1');
  const depends = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? '';
  const soft = [...text.matchAll(/\0softdep=([^\0]*)\0/g)].flatMap(([, words = '']) => words.split(/\s+/));
  return [...depends.split(','), ...soft].filter((name) => name !== '' && !name.endsWith(':'));
}

const canonical = (/** @type {string} */ name) => name.replaceAll('-', '_');

/**
 * Takes the kernel and its modules out of an unpacked package.
 * @param {string} root where the package was unpacked
 * @param {string} target receives `vmlinux`, `release` and `modules/*.ko`
 * @param {string[]} wanted modules; one that this kernel does not have is left out
 * @param {Unpacker} unpack
 * @returns {Promise<string>} the kernel's release
 */
export async function takeKernel(root, target, wanted, unpack) {
  const image = readdirSync(join(root, 'boot')).find((name) => name.startsWith('vmlinuz-'));
  if (image === undefined) throw new Error('kernel package: expected boot/vmlinuz-*, found none');
  const release = image.slice('vmlinuz-'.length);
  mkdirSync(join(target, 'modules'), { recursive: true });
  const kernel = await uncompressedKernel(readFileSync(join(root, 'boot', image)), unpack);
  writeFileSync(join(target, 'vmlinux'), kernel);
  writeFileSync(join(target, 'release'), release);
  copyFileSync(join(root, 'boot', `config-${release}`), join(target, 'config'));

  const home = ['lib', 'usr/lib'].map((lib) => join(root, lib, 'modules', release)).find((folder) => isFolder(folder));
  if (home === undefined) throw new Error(`kernel package: expected modules of ${release}, found none`);
  const files = readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((name) => /\.ko(\.xz)?$/.test(name));
  const known = new Map(files.map((file) => [canonical(basename(file).replace(/\.ko(\.xz)?$/, '')), join(home, file)]));
  const taken = new Set();
  const queue = wanted.map(canonical);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const file = known.get(name);
    if (file === undefined || taken.has(name)) continue;
    taken.add(name);
    const bytes = file.endsWith('.xz') ? await unpack('xz', readFileSync(file)) : readFileSync(file);
    writeFileSync(join(target, 'modules', `${name}.ko`), bytes);
    queue.push(...neededModules(bytes).map(canonical));
  }
  return release;
}

/** @param {string} path */
function isFolder(path) {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}
