/*
 * Owns: the one error type of this package and its stable codes.
 * Invariant: every error names the object it is about, what was expected and what came; where a file position
 * exists, `offset` is the position of the record or field at fault, counted from the first byte of the file.
 */

// prettier-ignore
/**
 * What went wrong, in a form that programs may compare. Codes are never renamed.
 *
 * Reading: `not-a-capture` no known magic number; `unsupported-format` a known relative of pcap that is not read;
 * `unsupported-version`; `bad-header` a reserved bit or byte-order magic that cannot be; `truncated` the input ends inside a
 * record; `bad-block-length` a length that cannot be; `record-too-long` a record over the reader's limit;
 * `bad-packet-length` more packet bytes than its block holds; `unknown-interface`; `too-many-interfaces`;
 * `bad-option`; `bad-chunk` the source gave something that is not bytes; `already-read`; `unreadable` the file
 * cannot be opened or read.
 *
 * Writing: `bad-value` a value that its field cannot hold; `unknown-interface`; `link-type-mismatch`; `closed`;
 * `unwritable` the file cannot be created, written or renamed.
 */
export type CaptureErrorCode =
  | 'not-a-capture' | 'unsupported-format' | 'unsupported-version' | 'bad-header' | 'truncated'
  | 'bad-block-length' | 'record-too-long' | 'bad-packet-length' | 'unknown-interface' | 'too-many-interfaces'
  | 'bad-option' | 'bad-chunk' | 'already-read' | 'unreadable'
  | 'bad-value' | 'link-type-mismatch' | 'closed' | 'unwritable';

/** What an error is about. */
export interface CaptureFault {
  /** What the fault was found in: `packet record`, `interface description block`, `capture file x.pcap`. */
  readonly object: string;
  /** File position in bytes, where there is one. */
  readonly offset?: number | undefined;
  /** What would have been right. */
  readonly expected: string;
  /** What was found instead. */
  readonly got: string;
  /** The error underneath, such as the one of the file system. */
  readonly cause?: unknown;
}

/** Thrown for everything that goes wrong in this package: bad input, misuse, and files that cannot be read or written. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  /** Stable code of the fault. */
  readonly code: CaptureErrorCode;
  /** What the fault was found in. */
  readonly object: string;
  /** File position in bytes of the record or field at fault; undefined where no file position exists. */
  readonly offset: number | undefined;
  /** What would have been right. */
  readonly expected: string;
  /** What was found instead. */
  readonly got: string;

  constructor(code: CaptureErrorCode, fault: CaptureFault) {
    const where = fault.offset === undefined ? '' : ` at file offset ${fault.offset}`;
    super(
      `${fault.object}${where}: expected ${fault.expected}, got ${fault.got}`,
      fault.cause === undefined ? undefined : { cause: fault.cause },
    );
    this.code = code;
    this.object = fault.object;
    this.offset = fault.offset;
    this.expected = fault.expected;
    this.got = fault.got;
  }
}
