/*
 * Queue pairs on workers, over one shared memory. Reading order: station.ts (what runs in a worker), worker-group.ts,
 * steered-port.ts, lock-step.ts, member.ts, then the worker's side: worker-main.ts, worker-side.ts, shared-end.ts; between them
 * burst-ring.ts with its ends.
 */

export { WorkerGroup, type LockStepOptions, type WorkerGroupOptions } from './worker-group.ts';
export type { BuildStation, Numbers, Station, StationContext } from './station.ts';
export type { PortCounters, Steering } from './steered-port.ts';
export type { BurstRingSize } from './burst-ring.ts';
export { WorkerError, type RemoteError, type WorkerErrorCode } from './worker-error.ts';
