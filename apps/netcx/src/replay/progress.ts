/*
 * Owns: the progress bar, for a person who looks at a terminal.
 * Invariant: where nobody looks, nothing is written.
 */
import { SingleBar } from 'cli-progress';
import type { Terminal } from '../terminal.ts';

const STEPS = 1000;

/** A bar on the terminal's error stream, gone when it is stopped. */
export class ProgressBar {
  readonly #stream: Terminal['stderr'];
  #bar: SingleBar | undefined;

  /**
   * @param terminal - where it is shown
   */
  constructor(terminal: Terminal) {
    this.#stream = terminal.stderr;
  }

  /**
   * Shows an empty bar, in place of the one before.
   *
   * @param doing - what takes time
   */
  start(doing: string): void {
    this.stop();
    if (this.#stream.isTTY !== true) return;
    this.#bar = new SingleBar({
      stream: this.#stream,
      format: `${doing} [{bar}] {percentage}% | {frames} frames`,
      clearOnComplete: true,
      hideCursor: true,
      barsize: 30,
    });
    this.#bar.start(STEPS, 0, { frames: '0' });
  }

  /** Takes how much is done, from 0 to 1, and how many frames that is. */
  readonly update = (part: number, frames: number): void => {
    this.#bar?.update(Math.floor(part * STEPS), { frames: frames.toLocaleString('en-US') });
  };

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
