// Owns: the framing of a stream, against a list of frames, however the bytes are cut; and lengths that no frame has.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamDecoder } from '../src/index.ts';
import { hex, toHex } from './station.ts';

/** What comes of chunks, and of the decoder. */
function decode(chunks: readonly Uint8Array[], longest = 1000): { frames: string[]; decoder: StreamDecoder } {
  const frames: string[] = [];
  const decoder = new StreamDecoder(longest, (frame) => frames.push(toHex(frame)));
  for (const chunk of chunks) decoder.push(chunk);
  return { frames, decoder };
}

describe('literally', () => {
  it.each([
    [['00000003 616263'], ['616263'], true],
    [['000000', '03', '6162', '63 00000001 ff'], ['616263', 'ff'], true],
    [['00000003 6162'], [], false],
    [['0000'], [], false],
  ])('%j', (chunks, expected, between) => {
    const { frames, decoder } = decode(chunks.map(hex));
    expect([frames, decoder.between, decoder.broken]).toEqual([expected, between, undefined]);
  });

  it.each([
    ['00000001 aa 00000000 00000001 bb', 0],
    ['00000001 aa 000003e9 00000001 bb', 1001],
    ['00000001 aa ffffffff 00000001 bb', 0xffffffff],
  ])('%s ends the stream behind its first frame', (text, length) => {
    const { frames, decoder } = decode([hex(text)]);
    expect([frames, decoder.broken, decoder.push(hex('00000001 cc'))]).toEqual([['aa'], length, false]);
    expect(frames).toEqual(['aa']);
  });
});

it('frames come out as they went in, wherever the stream is cut', () => {
  const frame = fc.uint8Array({ minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 20 }), fc.array(fc.nat(30), { maxLength: 60 }), (frames, cuts) => {
      const stream = Buffer.concat(
        frames.flatMap((bytes) => {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(bytes.length);
          return [length, bytes];
        }),
      );
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) {
        chunks.push(stream.subarray(at, at + cut));
        at = Math.min(at + cut, stream.length);
      }
      chunks.push(stream.subarray(at));
      const result = decode(chunks);
      expect(result.frames).toEqual(frames.map(toHex));
      expect([result.decoder.between, result.decoder.broken]).toEqual([true, undefined]);
    }),
    { numRuns: 300 },
  );
});

it('any bytes: no exception, and never a frame longer than one may be', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (chunks) => {
      const { frames } = decode(chunks, 16);
      for (const one of frames) expect(one.length / 2).toBeLessThanOrEqual(16);
    }),
    { numRuns: 1000 },
  );
});
