/*
 * Who does an offload, for every frame and every hardware: the table of the reference, written down as rows of a condition
 * and a reason of which the first that is true decides, against the functions.
 */

import { Layer3Type, Layer4Type } from '@netcx/rings';
import { describe, expect, it } from 'vitest';
import {
  checksumLimits,
  segmentationLimits,
  softwareChecksumReason,
  softwareSegmentationReason,
  softwareTagReason,
  type FrameHeaders,
} from '../src/offload/offload-decision.ts';
import { Layer3Flags, Layer4Flags, type ChecksumSwitches } from '../src/index.ts';

interface Caps {
  readonly layer3: number;
  readonly layer4: number;
  readonly limit3: number;
  readonly limit4: number;
}
type Row = readonly [(frame: FrameHeaders, caps: Caps) => boolean, string | undefined];

const isTcp = ({ layer4Type }: FrameHeaders): boolean => layer4Type === Layer4Type.Tcp;
const isUdp = ({ layer4Type }: FrameHeaders): boolean => layer4Type === Layer4Type.Udp;
const has = (set: number, flag: number): boolean => (set & flag) !== 0;
const is4 = ({ layer3Type }: FrameHeaders): boolean => [1, 2, 3].includes(layer3Type);

/** Whether the hardware lacks the frame's layer 3; a type that leaves options open needs both kinds. */
const lacksLayer3 = ({ layer3Type }: FrameHeaders, { layer3 }: Caps): boolean => {
  const { ipv4NoOptions, ipv4WithOptions, ipv6NoExtensions, ipv6WithExtensions } = Layer3Flags;
  if (layer3Type === Layer3Type.IPv4NoOptions) return !has(layer3, ipv4NoOptions);
  if (layer3Type === Layer3Type.IPv4WithOptions) return !has(layer3, ipv4WithOptions);
  if (layer3Type === Layer3Type.IPv4UnspecifiedOptions)
    return !has(layer3, ipv4NoOptions) || !has(layer3, ipv4WithOptions);
  if (layer3Type === Layer3Type.IPv6NoExtensions) return !has(layer3, ipv6NoExtensions);
  if (layer3Type === Layer3Type.IPv6WithExtensions) return !has(layer3, ipv6WithExtensions);
  if (layer3Type === Layer3Type.IPv6UnspecifiedExtensions)
    return !has(layer3, ipv6NoExtensions) || !has(layer3, ipv6WithExtensions);
  return false;
};
/** The same for layer 4; a TCP header of unknown length needs both kinds. */
const lacksLayer4 = (frame: FrameHeaders, { layer4 }: Caps): boolean => {
  const plain = has(layer4, Layer4Flags.tcpNoOptions);
  const options = has(layer4, Layer4Flags.tcpWithOptions);
  if (isTcp(frame))
    return frame.layer4HeaderLength === 20 ? !plain : frame.layer4HeaderLength > 20 ? !options : !plain || !options;
  return isUdp(frame) && !has(layer4, Layer4Flags.udp);
};

const range = (to: number): number[] => Array.from({ length: to }, (_, at) => at);
const frames: readonly FrameHeaders[] = range(7).flatMap((layer3Type) =>
  range(5).flatMap((layer4Type) =>
    [0, 20, 32].flatMap((layer4HeaderLength) =>
      [14, 22].map((layer2HeaderLength) => ({
        layer2HeaderLength,
        layer3Type,
        layer3HeaderLength: 40,
        layer4Type,
        layer4HeaderLength,
      })),
    ),
  ),
);
const hardware: readonly Caps[] = range(16).flatMap((layer3) =>
  range(8).flatMap((layer4) =>
    [0, 14, 22].flatMap((limit3) => [0, 54, 62].map((limit4) => ({ layer3, layer4, limit3, limit4 }))),
  ),
);
const ALL_ON: ChecksumSwitches = { ipv4: true, tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true };

describe('checksums', () => {
  it.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('are software’s exactly when the table says so: layer 3 required %s, layer 4 %s', (layer3, layer4) => {
    // prettier-ignore
    const rows: readonly Row[] = [
      [() => !layer3 && !layer4,                                                            undefined],
      [(_frame, caps) => has(caps.layer3, 3) ? false : !has(caps.layer3, 12) || caps.layer4 === 0, 'none'],
      [(frame, caps) => layer4 && (isTcp(frame) || isUdp(frame)) && (lacksLayer4(frame, caps) || caps.layer3 === 0), 'layer4'],
      [(frame, caps) => layer4 && (isTcp(frame) || isUdp(frame)) && lacksLayer3(frame, caps), 'layer3'],
      [(frame, caps) => layer3 && is4(frame) && lacksLayer3(frame, caps),                   'layer3'],
      [({ layer3Type }) => layer3Type === Layer3Type.Unspecified,                           undefined],
      [(frame, { limit4 }) => limit4 !== 0 && limit4 < frame.layer2HeaderLength + frame.layer3HeaderLength, 'layer4Offset'],
      [(frame, { limit3 }) => limit3 !== 0 && limit3 < frame.layer2HeaderLength,            'layer3Offset'],
      [() => true,                                                                          undefined],
    ];
    const found = new Set<string | undefined>();
    for (const caps of hardware) {
      const limits = checksumLimits(
        { ...caps, layer3HeaderOffsetLimit: caps.limit3, layer4HeaderOffsetLimit: caps.limit4 },
        ALL_ON,
      );
      for (const frame of frames) {
        const said = softwareChecksumReason(frame, layer3, layer4, limits);
        const expected = rows.find(([applies]) => applies(frame, caps))![1];
        if (said !== expected) expect([caps, frame, said]).toEqual([caps, frame, expected]);
        found.add(said);
      }
    }
    expect(found.size).toBe(layer4 ? 6 : layer3 ? 5 : 1);
  });

  it('are software’s for traffic that is switched off, and for no other', () => {
    const hardwareOfAll = { layer3: 15, layer4: 7 };
    const kinds = [
      ['tcpIPv4', Layer3Type.IPv4NoOptions, Layer4Type.Tcp],
      ['tcpIPv6', Layer3Type.IPv6NoExtensions, Layer4Type.Tcp],
      ['udpIPv4', Layer3Type.IPv4NoOptions, Layer4Type.Udp],
      ['udpIPv6', Layer3Type.IPv6NoExtensions, Layer4Type.Udp],
    ] as const;
    for (const [off] of kinds) {
      const limits = checksumLimits(hardwareOfAll, { ...ALL_ON, [off]: false });
      const reasons = kinds.map(([, layer3Type, layer4Type]) =>
        softwareChecksumReason({ ...frames[0]!, layer3Type, layer4Type, layer4HeaderLength: 20 }, false, true, limits),
      );
      expect(reasons.map((reason) => reason !== undefined)).toEqual(kinds.map(([kind]) => kind === off));
    }
    const withoutHeaders = checksumLimits(hardwareOfAll, { ...ALL_ON, ipv4: false });
    const frame = { ...frames[0]!, layer3Type: Layer3Type.IPv4NoOptions, layer4Type: Layer4Type.Udp };
    expect(softwareChecksumReason(frame, true, false, withoutHeaders)).toBe('layer3');
    expect(softwareChecksumReason(frame, false, true, withoutHeaders)).toBeUndefined();
  });
});

describe('segmentation', () => {
  const limitsOf = (caps: Caps, maximumOffloadSize = 10_000, minimumSegmentCount = 2) =>
    segmentationLimits(
      { ...caps, layer4HeaderOffsetLimit: caps.limit4, maximumOffloadSize, minimumSegmentCount },
      ALL_ON,
    );

  it.each([0, 1000])('is software’s exactly when the table says so: segments of %i bytes', (size) => {
    // prettier-ignore
    const rows: readonly Row[] = [
      [(frame) => size === 0 || (!isTcp(frame) && !isUdp(frame)),          undefined],
      [(_frame, { layer3, layer4 }) => layer3 === 0 || layer4 === 0,       'none'],
      [(frame, caps) => lacksLayer4(frame, caps),                          'layer4'],
      [({ layer3Type }) => layer3Type === Layer3Type.Unspecified,          'layer3'],
      [(frame, caps) => lacksLayer3(frame, caps),                          'layer3'],
      [(frame, { limit4 }) => limit4 !== 0 && limit4 < frame.layer2HeaderLength + frame.layer3HeaderLength, 'layer4Offset'],
      [() => true,                                                         undefined],
    ];
    for (const caps of hardware) {
      const limits = limitsOf(caps);
      for (const frame of frames) {
        const said = softwareSegmentationReason(frame, 3000, size, limits);
        const expected = rows.find(([applies]) => applies(frame, caps))![1];
        if (said !== expected) expect([caps, frame, said]).toEqual([caps, frame, expected]);
      }
    }
  });

  it('is software’s for more payload than the hardware takes, and for fewer segments', () => {
    const frame = { ...frames[0]!, layer3Type: Layer3Type.IPv4NoOptions, layer4Type: Layer4Type.Udp };
    const limits = limitsOf({ layer3: 15, layer4: 7, limit3: 0, limit4: 0 }, 5000, 3);
    const reason = (payload: number): string | undefined => softwareSegmentationReason(frame, payload, 1000, limits);
    expect([2000, 2001, 5000, 5001].map(reason)).toEqual(['segments', undefined, undefined, 'size']);
  });
});

it('a tag is software’s when the hardware lacks a part of it', () => {
  const table = range(4).map((tagging) => range(4).map((does) => softwareTagReason(tagging, does) !== undefined));
  expect(table).toEqual([
    [false, false, false, false],
    [true, false, true, false],
    [true, true, false, false],
    [true, true, true, false],
  ]);
});
