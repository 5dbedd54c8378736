// Owns: running the parser to the end and keeping everything that came: packets, then the fault if there was one.
// Invariant: a fault that is not a CaptureError is a bug and is thrown on.
import type { CaptureOptions, CapturePacket } from '../src/index.ts';
import { CaptureError, CaptureParser, parseCapture } from '../src/index.ts';

export interface Fault {
  readonly code: string;
  readonly object: string;
  readonly offset: number | undefined;
  readonly expected: string;
  readonly got: string;
}

export interface Outcome {
  readonly packets: CapturePacket[];
  readonly fault: Fault | undefined;
}

/** Parses a whole capture as `parseCapture` does. */
export function outcomeOf(bytes: Uint8Array, options?: CaptureOptions): Outcome {
  const packets: CapturePacket[] = [];
  const fault = faultOf(() => {
    for (const packet of parseCapture(bytes, options)) {
      packets.push(packet);
    }
  });
  return { packets, fault };
}

/** Parses a capture that comes in pieces cut at the given lengths. */
export function outcomeOfPieces(pieces: Iterable<Uint8Array>, options?: CaptureOptions): Outcome {
  const parser = new CaptureParser(options);
  const packets: CapturePacket[] = [];
  const fault = faultOf(() => {
    for (const piece of pieces) {
      packets.push(...parser.push(piece));
    }
    parser.end();
  });
  return { packets, fault };
}

export function faultOf(action: () => void): Fault | undefined {
  try {
    action();
  } catch (error) {
    if (!(error instanceof CaptureError)) {
      throw error;
    }
    const { code, object, offset, expected, got } = error;
    return { code, object, offset, expected, got };
  }
  return undefined;
}

export function* piecesOf(bytes: Uint8Array, length: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += length) {
    yield bytes.subarray(at, at + length);
  }
}

/** Compares many bytes; vitest's own comparison is slow for them. */
export function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
