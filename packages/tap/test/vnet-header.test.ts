import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  NEEDS_CHECKSUM,
  newVnetHeader,
  readVnetHeader,
  Segmentation,
  VNET_HEADER_BYTES,
  writeVnetHeader,
} from '../src/index.ts';

describe('the header in front of a frame', () => {
  // A TCP segment of 3,000 bytes over IPv4, as Linux hands it over: checksum at 34 + 16, segments of 1,448.
  const literal = Uint8Array.of(1, 1, 66, 0, 0xa8, 5, 34, 0, 16, 0, 0, 0);
  const header = {
    flags: NEEDS_CHECKSUM,
    segmentation: Segmentation.Tcp4,
    headerLength: 66,
    segmentSize: 1448,
    checksumStart: 34,
    checksumOffset: 16,
  };

  test('is read', () => {
    const found = newVnetHeader();
    readVnetHeader(new DataView(literal.buffer), 0, found);
    expect(found).toEqual(header);
  });

  test('is written', () => {
    const bytes = new Uint8Array(VNET_HEADER_BYTES).fill(0xff);
    writeVnetHeader(new DataView(bytes.buffer), 0, header);
    expect(bytes).toEqual(literal);
  });

  test('comes back as it was written', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const word = fc.integer({ min: 0, max: 65_535 });
    const any = fc.record({
      flags: byte,
      segmentation: byte,
      headerLength: word,
      segmentSize: word,
      checksumStart: word,
      checksumOffset: word,
    });
    fc.assert(
      fc.property(any, (fields) => {
        const view = new DataView(new ArrayBuffer(20));
        const found = newVnetHeader();
        writeVnetHeader(view, 5, fields);
        readVnetHeader(view, 5, found);
        expect(found).toEqual(fields);
      }),
    );
  });
});
