/*
 * Segments that are made many at a time, against those that are made one by one because no buffer lies in plain sight.
 */

import { describe, expect, it } from 'vitest';
import { Iommu } from '@netcx/dma';
import { REGISTERS } from '../src/registers/index.ts';
import { bytes, LAST, BOTH, TXSM, payload, Rig, LINK, TCP4 } from './segmentation-rig.ts';
import { Traffic } from './traffic.ts';

const R = REGISTERS;

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

  it('and UDP never says that it has no checksum', () => {
    const rig = new Rig().context('141c0000 00000000 00042020 00080200');
    rig.data(`${UDP4} ${'d96b'.repeat(10)}`, LAST, BOTH | payload(20));
    expect(rig.send().map((frame) => frame.slice(80, 84))).toEqual(Array.from({ length: 10 }, () => 'ffff'));
  });
});
