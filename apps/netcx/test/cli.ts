/* The program in this process, with streams that are kept, a folder of its own, and captures made for the purpose. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import {
  openCapture,
  PcapngWriter,
  PcapWriter,
  type CapturePacket,
  type InterfaceToWrite,
  type PacketToWrite,
  type PcapWriterOptions,
} from '@netcx/pcap';
import { afterEach, beforeEach } from 'vitest';
import { run } from '../src/program.ts';
import type { Terminal } from '../src/terminal.ts';

/** An empty folder for each test of a file that asks for `foldersForTests`. */
export const folder: { path: string } = { path: '' };

/** Called by a test file itself: this one is loaded once for all of them. */
export function foldersForTests(): void {
  beforeEach(() => {
    folder.path = mkdtempSync(join(tmpdir(), 'netcx-cli-'));
  });
  afterEach(() => {
    rmSync(folder.path, { recursive: true });
  });
}

class Kept extends Writable {
  text = '';
  isTTY = false;
  columns: number | undefined;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The world around a command: nobody looks, unless told. */
export interface Around extends Partial<Pick<Terminal, 'colour' | 'signal' | 'unheard'>> {
  /** Whether somebody looks at standard error. */
  readonly tty?: boolean;
  /** Characters in a line of the terminal; none when left out. */
  readonly columns?: number;
}

/** Runs `netcx` with arguments in the test's folder. */
export async function netcx(
  args: readonly string[],
  { tty = false, colour = false, signal = new AbortController().signal, unheard, columns }: Around = {},
): Promise<Said> {
  const stdout = new Kept();
  stdout.columns = columns;
  const stderr = new Kept();
  stderr.isTTY = tty;
  const code = await run(args, { stdout, stderr, folder: folder.path, colour, signal, unheard });
  return { code, out: stdout.text, err: stderr.text };
}

/** What `--json` prints, as far as tests look at it. */
export interface JsonReport {
  readonly ok: boolean;
  readonly exitCode: number;
  readonly verdict: string;
  readonly interrupted: boolean;
  readonly settings: { readonly seed: number; readonly timing: string; readonly repeat: number };
  readonly inputs: readonly {
    readonly file: string;
    readonly frames: number;
    readonly cut: number;
    readonly fcsStripped: number;
    readonly otherLinkTypes: Readonly<Record<string, number>>;
    readonly fault: { readonly code: string; readonly offset: number | null; readonly message: string } | null;
  }[];
  readonly frames: Readonly<
    Record<'read' | 'equal' | 'padded' | 'tooLong' | 'empty' | 'lost' | 'altered' | 'reordered', number>
  >;
  readonly drops: Readonly<Record<string, number>>;
  readonly buffers: { readonly inUse: number; readonly leaked: number };
  readonly virtualTime: number;
  readonly output: { readonly file: string; readonly frames: number };
  readonly verification: {
    readonly compared: number;
    readonly mismatch: string | null;
    readonly irreproducible: string | null;
  } | null;
  readonly problems: readonly string[];
}

/** Runs `netcx replay --json`. */
export async function replayJson(...args: readonly string[]): Promise<Said & { readonly json: JsonReport }> {
  const said = await netcx(['replay', '--json', ...args]);
  return { ...said, json: JSON.parse(said.out) as JsonReport };
}

/** A path in the test's folder. */
export const inFolder = (name: string): string => join(folder.path, name);

/** A frame of so many bytes, told by its number. */
export function frame(length: number, number = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + number * 31) & 255);
}

type Packet = Partial<PacketToWrite> & Pick<PacketToWrite, 'data'>;

/** Writes a pcap file into the folder. */
export function writePcap(name: string, packets: readonly Packet[], options: PcapWriterOptions = {}): string {
  const chunks: Uint8Array[] = [];
  const writer = new PcapWriter((chunk) => chunks.push(chunk), options);
  packets.forEach((packet, index) => {
    writer.write({ timestamp: BigInt(index) * 1_000_000n, ...packet });
  });
  writer.close();
  writeFileSync(inFolder(name), Buffer.concat(chunks));
  return name;
}

/** Writes a pcapng file into the folder. */
export function writePcapng(name: string, interfaces: readonly InterfaceToWrite[], packets: readonly Packet[]): string {
  const chunks: Uint8Array[] = [];
  const writer = new PcapngWriter((chunk) => chunks.push(chunk));
  for (const one of interfaces) writer.addInterface(one);
  packets.forEach((packet, index) => {
    writer.write({ timestamp: BigInt(index) * 1_000_000n, ...packet });
  });
  writer.close();
  writeFileSync(inFolder(name), Buffer.concat(chunks));
  return name;
}

/** Reads a capture from the folder. */
export async function readPackets(name: string): Promise<CapturePacket[]> {
  const packets: CapturePacket[] = [];
  for await (const packet of await openCapture(inFolder(name))) packets.push(packet);
  return packets;
}
