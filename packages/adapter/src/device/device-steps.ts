/*
 * The steps of a device's life, one at a time: what is asked for waits for what was asked for before, whether that worked or not.
 * A step down goes all the way, whatever callbacks throw on it, so that nothing stays undone. The first error says why a step
 * failed; those that came of it are with it, as `suppressed`.
 */

/** Runs steps one after the other. */
export class DeviceSteps {
  #last: Promise<unknown> = Promise.resolve();
  #failures: unknown[] = [];

  /**
   * @param step - what is done
   * @returns what it returns, once it had its turn
   * @throws what the step throws, with what attempts in it failed with
   */
  run<T>(step: () => Promise<T>): Promise<T> {
    const turn = async (): Promise<T> => {
      this.#failures = [];
      try {
        return await step();
      } catch (error) {
        throw withSuppressed(error, this.#failures);
      }
    };
    const result = this.#last.then(turn);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * @param step - a step down
   * @returns when it is done
   * @throws what the step throws; else, once it is done, the first that an attempt in it failed with; the others are with it
   */
  runDown(step: () => Promise<void>): Promise<void> {
    return this.run(async () => {
      await step();
      if (this.#failures.length > 0) throw this.#failures.shift();
    });
  }

  /**
   * @param callback - a callback on the way down, or what takes back a step that has failed
   */
  async attempt(callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.#failures.push(error);
    }
  }
}

/** An error that can carry others has them as `suppressed`, the first one first. */
function withSuppressed(error: unknown, suppressed: readonly unknown[]): unknown {
  if (suppressed.length === 0 || !(error instanceof Error) || !Object.isExtensible(error)) return error;
  return Object.assign(error, { suppressed });
}
