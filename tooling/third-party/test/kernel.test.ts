// Finding the kernel in a boot image, and the modules that a module needs.
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { neededModules, uncompressedKernel } from '../fetch/kernel.js';

const elf = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(5000, 0x5a)]);
const noUnpacker = (name: string): Promise<Buffer> => Promise.reject(new Error(`asked for ${name}`));

/** A boot image with `sectors` sectors of setup code, whose payload begins 0x300 bytes into the rest. */
function bootImage(payload: Uint8Array, sectors: number): Buffer {
  const begin = ((sectors === 0 ? 4 : sectors) + 1) * 512 + 0x300;
  const image = Buffer.alloc(begin + payload.length + 100, 0xcc);
  image.writeUInt8(sectors, 0x1f1);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt32LE(0x300, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  image.set(payload, begin);
  return image;
}

it.each([0, 1, 27])('unpacks a gzip payload after %d sectors of setup', async (sectors) => {
  expect(await uncompressedKernel(bootImage(gzipSync(elf), sectors), noUnpacker)).toEqual(elf);
});

it.each([
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
])('hands an %s payload to its decompressor, without the size that follows it', async (name, magic) => {
  const payload = Buffer.from([...magic, 1, 2, 3, 0x88, 0x13, 0, 0]);
  const asked: [string, Buffer][] = [];
  const kernel = await uncompressedKernel(bootImage(payload, 4), (program, bytes) => {
    asked.push([program, Buffer.from(bytes)]);
    return Promise.resolve(elf);
  });
  expect(asked).toEqual([[name, payload.subarray(0, -4)]]);
  expect(kernel).toEqual(elf);
});

it('says what is wrong with what is no boot image, no known payload, no kernel', async () => {
  await expect(uncompressedKernel(Buffer.alloc(1000), noUnpacker)).rejects.toThrow('expected the x86 boot header HdrS');
  const unknown = bootImage(Buffer.from('BZh91AY'), 4);
  await expect(uncompressedKernel(unknown, noUnpacker)).rejects.toThrow(
    'expected a payload of gzip, xz or zstd, got 425a68',
  );
  const text = bootImage(gzipSync(Buffer.alloc(100, 0x41)), 4);
  await expect(uncompressedKernel(text, noUnpacker)).rejects.toThrow('no ELF file');
});

it('reads what a module needs, before and beside it', () => {
  const module = Buffer.from(
    '\x7fELF\0license=GPL\0softdep=pre: crc32c post: nothing-else\0depends=udp_tunnel,libcrc32c\0name=sctp\0',
    'latin1',
  );
  expect(neededModules(module)).toEqual(['udp_tunnel', 'libcrc32c', 'crc32c', 'nothing-else']);
  expect(neededModules(Buffer.from('\0depends=\0', 'latin1'))).toEqual([]);
});
