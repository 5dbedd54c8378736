/*
 * Owns: telling file formats apart by their first four bytes.
 * Invariant: a file is taken for a capture only by one of the five signatures that this package reads.
 */
import { CaptureError } from './capture-error.ts';
import { BlockType } from './capture.ts';
import { PCAP_MICROSECOND_MAGIC, PCAP_NANOSECOND_MAGIC, PcapFormat } from './pcap-format.ts';
import { PcapngFormat } from './pcapng-format.ts';
import type { Limits, RecordFormat } from './record-format.ts';

/** Bytes that it takes to tell the format. */
export const SIGNATURE_LENGTH = 4;

/** Files that people take for captures, under their first bytes as a big-endian number; the pcap relatives are named as in libpcap. */
// prettier-ignore
const relatives = new Map<number, string>([
  [0xa1b2cd34, "Kuznetzov's modified pcap"], [0x34cdb2a1, "Kuznetzov's modified pcap"],
  [0xa1b234cd, "Mesquita's modified pcap"],  [0xcd34b2a1, "Mesquita's modified pcap"],
  [0xa12b3c4d, "Navtel's pcap"],             [0x4d3c2ba1, "Navtel's pcap"],
  [0x28b52ffd, 'a file compressed with zstd: decompress it first'],
]);
const GZIP = 0x1f8b;

/**
 * Tells a capture's format.
 *
 * @param view - bytes
 * @param at - where the capture begins in them; four bytes are there
 * @param limits - limits for the reader
 * @returns a reader of that format
 * @throws CaptureError `unsupported-format` for a known relative, `not-a-capture` for anything else
 */
export function detectFormat(view: DataView, at: number, limits: Limits): RecordFormat {
  const big = view.getUint32(at, false);
  const little = view.getUint32(at, true);
  if (big === BlockType.SectionHeader) {
    return new PcapngFormat(limits);
  }
  for (const isLittle of [true, false]) {
    const magic = isLittle ? little : big;
    if (magic === PCAP_MICROSECOND_MAGIC || magic === PCAP_NANOSECOND_MAGIC) {
      return new PcapFormat(isLittle, magic === PCAP_NANOSECOND_MAGIC, limits);
    }
  }
  const relative = big >>> 16 === GZIP ? 'a file compressed with gzip: decompress it first' : relatives.get(big);
  const got = `0x${big.toString(16).padStart(8, '0')}`;
  throw new CaptureError(relative === undefined ? 'not-a-capture' : 'unsupported-format', {
    object: 'capture file, first four bytes',
    offset: 0,
    expected: '0xa1b2c3d4 or 0xa1b23c4d in either byte order (pcap), or 0x0a0d0d0a (pcapng)',
    got: relative === undefined ? got : `${got}, ${relative}`,
  });
}
