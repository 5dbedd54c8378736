/*
 * The steps of a device's life, one at a time: what is asked for waits for what was asked for before, whether that worked or not.
 * A step down goes all the way, whatever callbacks throw on it, so that nothing stays undone.
 */

/** Runs steps one after the other. */
export class DeviceSteps {
  #last: Promise<unknown> = Promise.resolve();
  #failures: unknown[] = [];

  /**
   * @param step - what is done
   * @returns what it returns, once it had its turn
   */
  run<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#last.then(step, step);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * @param step - a step down
   * @returns when it is done
   * @throws what the step throws; else, once it is done, the first that an attempt in it failed with
   */
  runDown(step: () => Promise<void>): Promise<void> {
    return this.run(async () => {
      this.#failures = [];
      await step();
      if (this.#failures.length > 0) throw this.#failures[0];
    });
  }

  /**
   * @param callback - a callback on the way down
   */
  async attempt(callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback();
    } catch (error) {
      this.#failures.push(error);
    }
  }
}
