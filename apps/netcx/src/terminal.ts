/*
 * Owns: what a command has of the world around it: streams, a folder, and a signal to end early.
 * Invariant: commands write nowhere else, so a test gives them streams of its own and reads what was said.
 */

/** A stream that a command writes text to. */
export interface TextStream {
  /** Whether a person looks at it. */
  readonly isTTY?: boolean | undefined;
  /** Characters in a line of a terminal. */
  readonly columns?: number | undefined;
  /** Lines of a terminal. */
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

/** What a command has of the world around it. */
export interface Terminal {
  /** Results. */
  readonly stdout: TextStream;
  /** Errors, and progress while somebody watches. */
  readonly stderr: TextStream & NodeJS.WritableStream;
  /** Commands for a program that runs on; none when left out. */
  readonly stdin?: NodeJS.ReadableStream | undefined;
  /** Relative paths start here. */
  readonly folder: string;
  /** Fires when nobody reads results any more: the pipe is closed, the disk is full. */
  readonly unheard?: AbortSignal | undefined;
  /** Whether results may have colour. */
  readonly colour: boolean;
  /** Fires when the user wants an end; its reason is the exit code to give then. */
  readonly signal: AbortSignal;
}
