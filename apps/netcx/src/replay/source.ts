/*
 * Owns: the stream of frames that a replay sends: every capture, one after the other, as often as asked.
 * Invariant: a fault in a capture ends that capture only, and is kept; memory does not grow with the captures.
 */
import {
  CaptureError,
  decodePacketFlags,
  isEthernet,
  openCapture,
  type CaptureInputFile,
  type CapturePacket,
} from '@netcx/pcap';
import { fileProblem, notEthernet, type CaptureInput } from './inputs.ts';

/** A frame of a capture, ready to be sent. */
export interface SourceFrame {
  /** Its bytes, from destination address on, without frame check sequence. */
  readonly bytes: Uint8Array;
  readonly timestamp?: bigint;
}

/** Why a capture could not be read to its end. */
export interface InputFault {
  /** One line for the user. */
  readonly message: string;
  /** Stable code of the fault. */
  readonly code: string;
  /** Position in the file, where there is one. */
  readonly offset: number | undefined;
}

/** What one reading of a capture has found. */
export interface InputTally {
  readonly input: CaptureInput;
  /** Ethernet frames. */
  frames: number;
  /** Frames of which the capture kept a part only. */
  cut: number;
  /** Frames whose check sequence was taken off. */
  fcsStripped: number;
  /** Packets of interfaces that are not Ethernet, by link type; they are left out. */
  readonly otherLinkTypes: Map<number, number>;
  fault: InputFault | undefined;
}

/** Where a frame of the stream comes from. */
export interface FrameOrigin {
  readonly file: string;
  /** From 1: the first time that the captures are read. */
  readonly pass: number;
  /** Number among the Ethernet frames of its file, from 1. */
  readonly frame: number;
}

/** The frames of some captures. Each instance is read once. */
export class FrameSource {
  /** What the first reading of each capture has found. */
  readonly tallies: InputTally[];
  readonly #inputs: readonly CaptureInput[];
  readonly #repeat: number;
  readonly #most: number;
  /** For each capture, the number of its first frame in the first pass. */
  readonly #starts: number[] = [];
  #frames = 0;
  #passFrames = 0;
  #bytesBefore = 0;
  #reader: CaptureInputFile | undefined;

  /**
   * @param inputs - the captures
   * @param repeat - how often they are read
   * @param most - frames to give at most
   */
  constructor(inputs: readonly CaptureInput[], repeat: number, most: number) {
    this.#inputs = inputs;
    this.#repeat = repeat;
    this.#most = most;
    this.tallies = inputs.map((input) => ({
      input,
      frames: 0,
      cut: 0,
      fcsStripped: 0,
      otherLinkTypes: new Map(),
      fault: undefined,
    }));
  }

  /** How much of all there is to read has been read, from 0 to 1. */
  get progress(): number {
    const bytes = this.#inputs.reduce((sum, { size }) => sum + size, 0) * this.#repeat;
    const read = this.#bytesBefore + (this.#reader?.bytesRead ?? 0);
    return Math.min(1, Math.max(bytes === 0 ? 0 : read / bytes, this.#frames / this.#most));
  }

  /**
   * @yields the frames in order
   */
  async *frames(): AsyncGenerator<SourceFrame, void, undefined> {
    for (let pass = 0; pass < this.#repeat; pass++) {
      for (const tally of this.tallies) {
        if (pass === 0) this.#starts.push(this.#frames);
        yield* this.#framesOf(pass === 0 ? tally : { ...tally, otherLinkTypes: new Map() });
        if (this.#frames >= this.#most) return;
      }
      if (pass === 0) this.#passFrames = this.#frames;
      if (this.#passFrames === 0) return;
    }
  }

  async *#framesOf(tally: InputTally): AsyncGenerator<SourceFrame, void, undefined> {
    const { input } = tally;
    try {
      const reader = (this.#reader = await openCapture(input.path));
      for await (const packet of reader) {
        if (!isEthernet(packet)) {
          tally.otherLinkTypes.set(packet.linkType, (tally.otherLinkTypes.get(packet.linkType) ?? 0) + 1);
          continue;
        }
        this.#frames++;
        yield this.#frameOf(packet, tally);
        if (this.#frames >= this.#most) return;
      }
      const interfaces = reader.section?.interfaces ?? [];
      if (tally.frames === 0 && tally.otherLinkTypes.size > 0 && !interfaces.some(isEthernet)) {
        const types = [...tally.otherLinkTypes.keys()].map((linkType) => ({ linkType }));
        tally.fault = { message: `${input.name}: ${notEthernet(types)}`, code: 'not-ethernet', offset: undefined };
      }
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      const told = `${fileProblem(input.name, error)}; what stands before it was replayed`;
      tally.fault = { message: told, code: error.code, offset: error.offset };
    } finally {
      this.#bytesBefore += input.size;
      this.#reader = undefined;
    }
  }

  #frameOf(packet: CapturePacket, tally: InputTally): SourceFrame {
    const bytes = withoutFcs(packet);
    tally.frames++;
    if (packet.data.length < packet.originalLength) tally.cut++;
    if (bytes.length < packet.data.length) tally.fcsStripped++;
    return packet.hasTimestamp ? { bytes, timestamp: packet.timestamp } : { bytes };
  }

  /**
   * @param index - number of a frame that was given, from 0
   * @returns where it comes from
   */
  origin(index: number): FrameOrigin {
    const pass = this.#passFrames === 0 ? 0 : Math.floor(index / this.#passFrames);
    const within = index - pass * this.#passFrames;
    const file = this.#starts.findLastIndex((start) => start <= within);
    return { file: this.#inputs[file]?.name ?? '', pass: pass + 1, frame: within - (this.#starts[file] ?? 0) + 1 };
  }
}

/** A frame check sequence may be cut as well: what is taken off is the part that was captured. */
function withoutFcs(packet: CapturePacket): Uint8Array {
  const { data, originalLength, flags } = packet;
  const perPacket = flags === undefined ? undefined : decodePacketFlags(flags).fcsLength;
  const fcs = perPacket ?? packet.interface.fcsLength ?? 0;
  if (fcs === 0) return data;
  return data.subarray(0, Math.min(data.length, Math.max(0, Math.max(originalLength, data.length) - fcs)));
}
