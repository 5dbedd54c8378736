/*
 * The words of a pool in host memory: header, stack of free handles, entries, in one run of pages. The stack lies right
 * behind the header, which is all that a loop needs to know to give a buffer back.
 */

import { hostPages } from '@netcx/dma';
import { i32 as m } from '@netcx/dma/memory';
import { BUFFER_WORDS, BufferEntry, Pool, POOL_WORDS } from './buffer.ts';

/** Where a pool's words are. */
export interface EntryTable {
  /** Host offset of the pages that hold it all, for `hostPages.free`. */
  readonly pages: number;
  /** Word index of the header. */
  readonly header: number;
  /** Word index of the stack. */
  readonly stack: number;
  /** Word index of the first entry: the lowest handle. */
  readonly firstHandle: number;
}

/**
 * @param name - whose, for messages
 * @param count - buffers
 * @param state - what each entry's state is: `checked` or not, no references
 * @returns a table whose entries are all on the stack, the first one on top; they say nothing of where buffers lie yet
 * @throws DmaError `OUT_OF_MEMORY`
 */
export function buildEntryTable(name: string, count: number, state: number): EntryTable {
  const pages = hostPages.allocate((POOL_WORDS + count + count * BUFFER_WORDS) * 4 + 64, { owner: `${name}: pool` });
  const header = pages >>> 2;
  const stack = header + POOL_WORDS;
  const firstHandle = (stack + count + 15) & ~15;
  for (let index = 0; index < count; index++) {
    const handle = firstHandle + index * BUFFER_WORDS;
    BufferEntry.pool.set(m, handle, header);
    BufferEntry.state.set(m, handle, state);
    m[stack + count - 1 - index] = handle;
  }
  Pool.free.set(m, header, count);
  Pool.count.set(m, header, count);
  Pool.lowest.set(m, header, count);
  return { pages, header, stack, firstHandle };
}
