// Owns: the small words: link types and packet flags.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkType, decodePacketFlags, encodePacketFlags, isEthernet, linkTypeName } from '../src/index.ts';
import { faultOf } from './outcome.ts';

describe('link types', () => {
  it.each([
    [0, 'NULL'],
    [1, 'ETHERNET'],
    [101, 'RAW'],
    [105, 'IEEE802_11'],
    [113, 'LINUX_SLL'],
    [127, 'IEEE802_11_RADIOTAP'],
    [276, 'LINUX_SLL2'],
    [147, '147'],
  ])('%i is %s', (number, name) => {
    expect(linkTypeName(number)).toBe(name);
  });

  it('are told from Ethernet by number or by what has one', () => {
    expect(isEthernet(LinkType.ETHERNET)).toBe(true);
    expect(isEthernet({ linkType: 1 })).toBe(true);
    expect([LinkType.RAW, LinkType.ETHERNET_MPACKET, LinkType.LINUX_SLL].some((type) => isEthernet(type))).toBe(false);
    expect(isEthernet({ linkType: 276 })).toBe(false);
  });
});

describe('packet flags', () => {
  it.each([
    [0x1, { direction: 'inbound' }],
    [0x2, { direction: 'outbound' }],
    [0x3, { direction: undefined }],
    [0x4, { reception: 'unicast' }],
    [0x8, { reception: 'multicast' }],
    [0xc, { reception: 'broadcast' }],
    [0x10, { reception: 'promiscuous' }],
    [0x14, { reception: undefined }],
    [0x80, { fcsLength: 4 }],
    [0x200, { checksumNotReady: true, checksumValid: false }],
    [0x400, { checksumValid: true, segmentationOffloaded: false }],
    [0x800, { segmentationOffloaded: true, checksumNotReady: false }],
    [0x0100_0000, { errors: ['crc'] }],
    [0x0200_0000, { errors: ['too-long'] }],
    [0x0400_0000, { errors: ['too-short'] }],
    [0x8000_0000, { errors: ['symbol'] }],
    [0, { direction: undefined, reception: undefined, fcsLength: undefined, errors: [] }],
  ])('0x%s', (word, flags) => {
    expect(decodePacketFlags(word)).toMatchObject(flags);
  });

  it('come out as they went in', () => {
    const flags = fc.record({
      direction: fc.constantFrom(undefined, 'inbound' as const, 'outbound' as const),
      reception: fc.constantFrom(
        undefined,
        'unicast' as const,
        'multicast' as const,
        'broadcast' as const,
        'promiscuous' as const,
      ),
      fcsLength: fc.option(fc.integer({ min: 1, max: 15 }), { nil: undefined }),
      checksumNotReady: fc.boolean(),
      checksumValid: fc.boolean(),
      segmentationOffloaded: fc.boolean(),
      errors: fc.subarray([
        'crc',
        'too-long',
        'too-short',
        'inter-frame-gap',
        'unaligned',
        'start-delimiter',
        'preamble',
        'symbol',
      ] as const),
    });
    fc.assert(
      fc.property(flags, (wanted) => {
        const word = encodePacketFlags(wanted);
        expect(word).toBeGreaterThanOrEqual(0);
        expect(decodePacketFlags(word)).toEqual(wanted);
      }),
    );
    expect(encodePacketFlags({})).toBe(0);
  });

  it.each([16, -1, 0.5])('refuse a check sequence of %d bytes', (fcsLength) => {
    expect(faultOf(() => encodePacketFlags({ fcsLength }))).toMatchObject({ code: 'bad-value' });
  });
});
