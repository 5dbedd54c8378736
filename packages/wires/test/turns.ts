// Owns: the loop that a machine with sockets needs: the clock runs, then the event loop turns.
// Invariant: it ends with an error when what is waited for does not come within two minutes, which is for what hangs.
import { MILLISECOND, type VirtualClock } from '@netcx/clock';

/** Runs clock and event loop until something is the case. */
export async function until(clock: VirtualClock, what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 120_000;
  for (;;) {
    clock.advance(MILLISECOND);
    if (condition()) return;
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Runs clock and event loop a number of times. */
export async function turns(clock: VirtualClock, count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    clock.advance(MILLISECOND);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
