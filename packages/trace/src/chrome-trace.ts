/*
 * The fields of Chrome's trace event format that are written here: its JSON object form, with complete events (`X`),
 * instants (`i`) and names (`M`). Both chrome://tracing and Perfetto open it.
 */

/** One event. */
export interface ChromeEvent {
  readonly name: string;
  /** Categories, for the viewer's filter. */
  readonly cat?: string;
  /** `X`: takes `dur`. `i`: takes no time. `M`: names a process or a thread. */
  readonly ph: 'X' | 'i' | 'M';
  /** Microseconds. */
  readonly ts?: number;
  /** Microseconds. */
  readonly dur?: number;
  /** The adapter. */
  readonly pid: number;
  /** The execution context or queue. */
  readonly tid: number;
  /** How wide an instant is drawn: `t`, on its own track. */
  readonly s?: 't';
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A file, as an object: `JSON.stringify` makes what the viewers open. */
export interface ChromeTrace {
  readonly displayTimeUnit: 'ns';
  readonly traceEvents: readonly ChromeEvent[];
  /** How many events were recorded, and how many of them had to go for newer ones. */
  readonly otherData: { readonly recorded: number; readonly dropped: number };
}
