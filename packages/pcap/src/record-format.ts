/*
 * Owns: what the parser asks of a file format. The parser brings the bytes together, the format says what they mean.
 * Invariant: a format sees the bytes of a record only once they all stand in one piece, so it never handles chunks.
 */
import type { CapturePacket, CaptureSection, RawBlock } from './capture.ts';

/** Limits and wishes of a reader. */
export interface CaptureOptions {
  /**
   * Longest record that is read, in bytes, its header included; a longer one ends the capture with `record-too-long`.
   * Blocks that are skipped are not held in memory and have no limit. Default {@link MAX_RECORD_LENGTH}.
   */
  readonly maxRecordLength?: number | undefined;
  /** Most interfaces in one section. Default 65536. */
  readonly maxInterfaces?: number | undefined;
  /**
   * What to do with a pcapng section whose version is not 1.0 or 1.2: `error` (the default) ends the capture with
   * `unsupported-version`, `skip` goes on at the next section, as the draft has it.
   */
  readonly unsupportedSections?: 'error' | 'skip' | undefined;
  /**
   * Called with each pcapng block that is not interpreted, in file order, while its chunk is parsed: so before the packets
   * of that chunk are handed out. Without it such blocks are skipped unread. An error that it throws ends the capture.
   */
  readonly onBlock?: ((block: RawBlock) => void) | undefined;
}

/** Options with every default filled in. */
export interface Limits {
  readonly maxRecordLength: number;
  readonly maxInterfaces: number;
  readonly skipUnsupportedSections: boolean;
  readonly onBlock: ((block: RawBlock) => void) | undefined;
}

/** Longest record in bytes that readers take by default and writers write: 16 MiB, which is libpcap's limit for a pcapng block. */
export const MAX_RECORD_LENGTH = 16 * 1024 * 1024;

/** A file format, as the parser sees it. */
export interface RecordFormat {
  /** The last section that could be read; undefined before the first header. */
  readonly section: CaptureSection | undefined;

  /**
   * Says how many bytes the next record takes.
   *
   * @param view - bytes that have arrived
   * @param at - where the record begins in the view
   * @param available - bytes from there to the end of the view
   * @param offset - file position of the record
   * @returns length of the record; while its header is incomplete, a length above `available` that will tell more
   */
  measure(view: DataView, at: number, available: number, offset: number): number;

  /**
   * Takes a record.
   *
   * @param view - bytes, of which the record's stand in one piece
   * @param at - where the record begins in the view
   * @param length - length of the record as measured
   * @param offset - file position of the record
   * @param packets - the packet in the record, if it holds one, is put at the end
   * @returns how many bytes to pass over before the next record
   */
  take(view: DataView, at: number, length: number, offset: number, packets: CapturePacket[]): number;

  /**
   * Tells what the input ended in.
   *
   * @returns the block that is being passed over, with its file position and length; undefined between records
   */
  unfinished(): { readonly object: string; readonly offset: number; readonly length: number } | undefined;

  /** What a record is called in an error. */
  readonly recordName: string;
}
