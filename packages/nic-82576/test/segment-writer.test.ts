/*
 * Segments that are made many at a time, against those that are made one by one because no buffer lies in plain sight.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Iommu } from '@netcx/dma';
import { REGISTERS } from '../src/registers/index.ts';
import { bytes, LAST, BOTH, TSE, TXSM, payload, Rig, LINK, TCP4 } from './segmentation-rig.ts';
import { seed, testSize } from './test-size.ts';
import { Traffic } from './traffic.ts';

const R = REGISTERS;
const RUNS = testSize('packets in random buffers', { quick: 20, ci: 300, long: 2000 });

describe('segments that are made many at a time are those that are made one by one', () => {
  const UDP4 = `${LINK}0800 4500 0000 00014000 4011 0000 0a000001 0a000002 0035 1234 0000 1417`;
  const { EN, PSP } = R.TCTL;
  // prettier-ignore
  it.each([
    ['TCP over IPv4',                  '000c2020 00140400', TCP4, '6162636465', BOTH, EN.mask],
    ['a TCP header of odd length',     '000c2020 00150400', TCP4, '6162636465', BOTH, EN.mask],
    ['a MAC header with SNAP',         '000e2020 00140400', TCP4, '6162636465', BOTH, EN.mask],
    ['segments that are padded',       '000c2020 00140400', TCP4, '6162636465', BOTH, EN.mask | PSP.mask],
    ['no checksum of IPv4',            '000c2020 00140400', TCP4, '6162636465', TXSM, EN.mask],
    ['no checksum of TCP',             '000c2020 00140400', TCP4, '6162636465', 0x100, EN.mask],
    ['to a group',                     '000c2020 00140400', TCP4.replace('02', '03'), '6162636465', BOTH, EN.mask],
    ['UDP',                            '00042020 00080200', UDP4, '6162636465', BOTH, EN.mask],
    ['UDP whose checksums come to 0',  '00042020 00080200', UDP4, 'd96bd96b', BOTH, EN.mask],
  ])('%s', (_what, context, header, content, status, control) => {
    // Through an IOMMU no buffer lies in plain sight.
    const [many, single] = [new Traffic(), new Traffic(new Iommu())].map((t) => {
      const rig = new Rig(t).context(`141c0000 00000000 ${context}`);
      t.machine.write(R.TCTL, control);
      const all = bytes(content.repeat(10));
      const l4 = 34 + parseInt(context.slice(11, 13), 16);
      const packet = Buffer.concat([bytes(header), new Uint8Array(1)]).subarray(0, l4);
      rig.data(Buffer.concat([packet, all]), LAST, status | payload(all.length));
      return { frames: rig.send(), counts: [R.GPTC, R.MPTC, R.TSCTC].map((register) => t.machine.read(register)) };
    });
    expect(many).toEqual(single);
    expect(many!.frames.length).toBeGreaterThan(9);
    expect(many!.counts.at(-1)).toBe(1);
  });

  it('wherever buffers end, and however many there are', () => {
    const header = bytes(TCP4);
    const context = '141c0000 00000000 000c2020 0014'; // and MSS
    const cuts = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 300 })), { maxLength: 50 });
    fc.assert(
      fc.property(
        cuts,
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 4000 }),
        (lengths, size, total) => {
          const all = Uint8Array.from({ length: total }, (_, at) => Math.imul(at + size, 2_654_435_761) >>> 24);
          const mss = Buffer.of(size & 255, size >> 8).toString('hex');
          const sent = [new Traffic(), new Traffic(new Iommu())].map((t) => {
            const rig = new Rig(t).context(`${context}${mss}`);
            let packet = Buffer.concat([header, all]);
            for (const length of lengths) {
              if (length > 0 && length < packet.length)
                rig.data(packet.subarray(0, length), TSE, BOTH | payload(total));
              if (length > 0 && length < packet.length) packet = packet.subarray(length);
            }
            rig.data(packet, LAST, BOTH | payload(total));
            const frames = rig.send();
            t.close();
            return frames;
          });
          expect(sent[0]).toEqual(sent[1]);
          expect(sent[0]).toHaveLength(Math.ceil(total / size));
        },
      ),
      { seed, numRuns: RUNS },
    );
  });

  it('and UDP never says that it has no checksum', () => {
    const rig = new Rig().context('141c0000 00000000 00042020 00080200');
    rig.data(`${UDP4} ${'d96b'.repeat(10)}`, LAST, BOTH | payload(20));
    expect(rig.send().map((frame) => frame.slice(80, 84))).toEqual(Array.from({ length: 10 }, () => 'ffff'));
  });
});
