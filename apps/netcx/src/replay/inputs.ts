/*
 * Owns: the captures that a replay reads, looked at before anything starts: they exist, they are captures, and there is
 * Ethernet in them.
 * Invariant: what can be refused early is refused here, before any file is written.
 */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CaptureError, isEthernet, LinkType, linkTypeName, openCapture, type CaptureInterface } from '@netcx/pcap';
import { CommandError } from '../exit-code.ts';

/** A capture to read. */
export interface CaptureInput {
  readonly path: string;
  /** As the user knows it. */
  readonly name: string;
  /** Bytes; 0 when it is no file but a pipe. */
  readonly size: number;
  /** What tells whether two names mean the same file. */
  readonly identity: string;
}

/** How far to look for an Ethernet interface; a capture that starts with other kinds is looked at while it is replayed. */
const LOOK_BYTES = 4 * 1024 * 1024;

/**
 * @param interfaces - interfaces, none of which is Ethernet
 * @returns what to tell the user
 */
export function notEthernet(interfaces: readonly Pick<CaptureInterface, 'linkType'>[]): string {
  const types = [...new Set(interfaces.map(({ linkType }) => linkType))];
  const named = types.map((type) =>
    linkTypeName(type) === String(type) ? `number ${type}` : `${linkTypeName(type)} (${type})`,
  );
  const any = types.some((type) => type === LinkType.LINUX_SLL || type === LinkType.LINUX_SLL2);
  const advice = any ? 'record on one interface instead of "any"' : 'record on an Ethernet interface';
  return `its link type is ${named.join(', ')}, not Ethernet; ${advice}`;
}

/**
 * Turns an error about a file into a line for the user.
 *
 * @param name - the file as the user knows it
 * @param error - what was thrown
 * @returns one line
 */
export function fileProblem(name: string, error: unknown): string {
  if (error instanceof CaptureError && error.code === 'not-a-capture') return `${name} is no capture: ${error.message}`;
  const cause = error instanceof CaptureError ? (error.cause ?? error) : error;
  const { code, message } = cause as { code?: string; message?: string };
  if (code === 'ENOENT') return `${name}: no such file`;
  if (code === 'EACCES' || code === 'EPERM') return `${name}: permission denied`;
  return `${name}: ${message ?? String(cause)}`;
}

/**
 * Looks at the captures that shall be replayed.
 *
 * @param files - where they are, and how the user knows them
 * @param folder - where relative ones start
 * @param again - whether they will be read more than once
 * @returns the captures, in the same order
 * @throws CommandError for the first one that cannot be replayed
 */
export async function openInputs(
  files: readonly Pick<CaptureInput, 'path' | 'name'>[],
  folder: string,
  again: boolean,
): Promise<CaptureInput[]> {
  const inputs: CaptureInput[] = [];
  for (const { path: given, name } of files) {
    // Else it would be the folder: an unset variable of a shell script's, for example.
    if (given === '') throw new CommandError('a capture was named with an empty name');
    const path = resolve(folder, given);
    const status = await stat(path).catch((error: unknown) => {
      throw new CommandError(fileProblem(name, error));
    });
    if (status.isDirectory()) throw new CommandError(`${name} is a directory; name the captures in it`);
    if (!status.isFile() && again) {
      throw new CommandError(`${name} is no file and can be read once only; --repeat and --verify need a file`);
    }
    const size = status.isFile() ? status.size : 0;
    const input = { path, name, size, identity: `${status.dev}:${status.ino}` };
    if (status.isFile()) await look(input);
    inputs.push(input);
  }
  return inputs;
}

/** Reads the beginning of a capture. */
async function look({ path, name }: CaptureInput): Promise<void> {
  let packets = 0;
  try {
    const reader = await openCapture(path);
    for await (const batch of reader.batches()) {
      packets += batch.length;
      const interfaces = reader.section?.interfaces ?? [];
      if (interfaces.some(isEthernet) || batch.some(isEthernet)) return;
      if (reader.section?.format === 'pcap') throw new CommandError(`${name}: ${notEthernet(interfaces)}`);
      if (reader.bytesRead > LOOK_BYTES) return;
    }
    const interfaces = reader.section?.interfaces ?? [];
    if (interfaces.length > 0 && !interfaces.some(isEthernet))
      throw new CommandError(`${name}: ${notEthernet(interfaces)}`);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // What was read before a fault will be replayed; the fault is met again then, and told.
    if (packets === 0) throw new CommandError(fileProblem(name, error));
  }
}
