/*
 * Wakes somebody when a descriptor can be read. koffi's threads wait for it, a tenth of a second at a time: a thread that
 * sat in a system call for ever could not be ended, and would keep the process from ending.
 */

import { awaitReadable } from './libc.ts';

/** How long a thread waits before it looks whether it still should, in milliseconds. */
const PATIENCE = 100;

/**
 * @param fd - a descriptor; its owner reads until nothing is there
 * @param wake - called when something may be there, at most once for each time that it was read empty
 * @returns ends it; the descriptor may be closed once the promise has resolved
 */
export function watchReadable(fd: number, wake: () => void): () => Promise<void> {
  let watching = true;
  const ended = new Promise<void>((resolve) => {
    const ask = (): void => {
      awaitReadable(fd, PATIENCE, (readable) => {
        if (watching && readable) wake();
        // `wake` may have ended it.
        if (watching) ask();
        else resolve();
      });
    };
    ask();
  });
  return () => {
    watching = false;
    return ended;
  };
}
