/*
 * What an adapter did, to look at: its packets as pcapng with comments, and its polls, callbacks, interrupts and doorbells
 * as a timeline. Reading order: packet-trace.ts, edge-frame.ts, timeline.ts, chrome-trace.ts.
 */

export { PacketTrace, type PacketPlace, type PacketTraceOptions } from './packet-trace.ts';
export { Timeline, type TimelineOptions } from './timeline.ts';
export type { ChromeEvent, ChromeTrace } from './chrome-trace.ts';
export { traceTo } from './trace-to.ts';
export { TraceError, type TraceErrorCode } from './trace-error.ts';
