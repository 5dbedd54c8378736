/*
 * Time, virtual or real, and random numbers from a seed. Reading order: clock.ts (the interface), virtual-clock.ts,
 * real-clock.ts, then what they stand on: alarm-schedule.ts, due-queue.ts, alarm-heap.ts.
 */

export { MICROSECOND, MILLISECOND, SECOND, type Alarm, type Clock } from './clock.ts';
export { ClockError, type ClockErrorCode } from './clock-error.ts';
export { Random } from './random.ts';
export { RealClock, type RealClockOptions } from './real-clock.ts';
export { VirtualClock, type Companion, type RunLimit, type VirtualClockOptions } from './virtual-clock.ts';
export type { TimerScope } from './host-timers.ts';
