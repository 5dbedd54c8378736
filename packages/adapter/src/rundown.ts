/*
 * The way down of things that consist of several: each step is taken, whatever the ones before it threw, so that a driver's
 * callback that fails leaves nothing of the framework's behind. The first error is the one that says why.
 */

/**
 * @param steps - taken one after the other
 * @throws the first of what the steps threw, once all of them were taken
 */
export function takeEach(steps: Iterable<() => void>): void {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/**
 * Takes back what was begun and cannot be finished: why it could not is what its maker hears, and nothing of this.
 *
 * @param steps - taken one after the other, whatever they throw
 */
export function undo(steps: Iterable<() => void>): void {
  try {
    takeEach(steps);
  } catch {
    // A driver that cannot even give up has lost what it made all the same.
  }
}
