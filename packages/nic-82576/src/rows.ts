/*
 * Which way the straight lines of the engines go: by the row kernel, where WebAssembly reaches both host memory and device
 * memory, else by TypeScript. An engine asks once, when it is made.
 */

import { loadKernel } from '@netcx/dma';
import { buffer as hostMemory, i32 as m } from '@netcx/dma/memory';
import { buffer as deviceMemory } from '@netcx/hardware/wire';
import { FLOW_KERNEL } from './flow-kernel.ts';
import { receiveByWords } from './receive-row.ts';
import { ROW_KERNEL } from './row-kernel.ts';
import { SEGMENT_KERNEL } from './segment-kernel.ts';
import { segmentByWords } from './segment-row.ts';
import { SEEK_KERNEL } from './seek-kernel.ts';
import { seekTypeByWords } from './seek-type.ts';
import { transmitByWords } from './transmit-row.ts';

/** Works along a row of descriptors: what it works with, the first one, the end of the row; returns where it stopped. */
export type Row = (row: number, first: number, end: number) => number;

/** Delivers frames that are looked at first: what it works with, how many there are; returns how many it has delivered. */
export type Flows = (row: number, frames: number) => number;

/** Looks for an Ether type: the first frame, how many there are, the type; returns how many are left from the first such one on. */
export type Seek = (offset: number, frames: number, type: number) => number;

/** Makes segments of a packet that are all alike: what it works with, how many. */
export type Segments = (row: number, count: number) => void;

/** Writes a head back: byte offset in host memory, and the head. Whoever sees it sees what was written before. */
export type HeadWrite = (at: number, head: number) => void;

/** One way for both directions. */
export interface Rows {
  readonly receiveRow: Row;
  readonly transmitRow: Row;
  readonly writeHead: HeadWrite;
  readonly seekType: Seek;
  readonly segmentRow: Segments;
  /** Left out where each frame is classified by itself. */
  readonly flowRow?: Flows;
}

/** By typed arrays alone. */
export const rowsByWords: Rows = {
  receiveRow: receiveByWords,
  transmitRow: transmitByWords,
  writeHead: (at, head) => {
    Atomics.store(m, at >>> 2, head);
  },
  seekType: seekTypeByWords,
  segmentRow: segmentByWords,
};
/** By WebAssembly. */
export const rowKernel = (hostMemory === deviceMemory ? loadKernels() : undefined) as Rows | undefined;

let chosen = rowKernel ?? rowsByWords;

/**
 * @returns the way that engines go which are made from now on
 */
export const rows = (): Rows => chosen;

/**
 * @param ways - the way of engines that are made from now on; tests alone choose
 */
export function chooseRows(ways: Rows): void {
  chosen = ways;
}

function loadKernels(): WebAssembly.Exports | undefined {
  const kernel = loadKernel(ROW_KERNEL);
  return kernel && { ...kernel, ...loadKernel(FLOW_KERNEL), ...loadKernel(SEEK_KERNEL), ...loadKernel(SEGMENT_KERNEL) };
}
