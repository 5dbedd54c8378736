/*
 * What a user has the driver do, one thing after the other: a start that is asked for while the driver still stops, or a stop while
 * it falls asleep, has its turn when that is over, whether it worked or not. No two of them ever see each other's half.
 */

/** Steps that take turns. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /**
   * @param step - what is done when its turn comes
   * @returns what the step returns or throws
   */
  take(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
