/*
 * The reset of a device that hangs, step by step: diagnostics, down, the reset itself, up. One request is served at a time;
 * others get its answer. Runs the table of device-reset-states.ts.
 */

import type { Clock } from '@netcx/clock';
import {
  DEVICE_RESET_STATES,
  type DeviceResetAction,
  type DeviceResetEvent,
  type DeviceResetState,
} from './device-reset-states.ts';
import type { PowerDownTarget } from './power-state.ts';
import { ResetDiagnostics, type ResetKind, type ResetReport } from './reset-diagnostics.ts';
import { StateMachine } from './state-machine.ts';

/**
 * What came of a request: `reset` by its place; `restarted` where that cannot reset it, or failed to; `ignored` while it was
 * down.
 */
export type DeviceResetOutcome = 'reset' | 'restarted' | 'ignored';

/** What a reset needs of its device. */
export interface DeviceResetOptions {
  /** The device's name. */
  readonly name: string;
  readonly clock: Clock;
  /** The driver's callback. */
  readonly collect: () => void | Promise<void>;
  /** Takes the device down; returns whether it was up. */
  readonly down: () => Promise<boolean>;
  /** Resets it; `undefined` where nobody can. */
  readonly perform: ((kind: ResetKind) => void | Promise<void>) | undefined;
  /** Brings it up again. */
  readonly up: () => Promise<void>;
}

/** The resets of one device. */
export class DeviceReset {
  /** What drivers store in. */
  readonly diagnostics: ResetDiagnostics;
  /** What each reset left to read. */
  readonly reports: ResetReport[] = [];
  readonly #options: DeviceResetOptions;
  readonly #machine: StateMachine<DeviceResetState, DeviceResetEvent, DeviceResetAction, ResetKind>;
  #serving: Promise<DeviceResetOutcome> | undefined;

  /**
   * @param options - the device
   */
  constructor(options: DeviceResetOptions) {
    const { name, clock, collect } = options;
    this.#options = options;
    this.diagnostics = new ResetDiagnostics(name, clock);
    this.#machine = new StateMachine({
      name,
      table: DEVICE_RESET_STATES,
      initial: 'Initialized',
      actions: {
        ignoreRequest: () => undefined,
        collectDiagnostics: async (kind) => {
          this.reports.push(await this.diagnostics.collect(kind, collect));
          return undefined;
        },
      },
    });
  }

  /** The device has entered D0. */
  entered(): void {
    void this.#machine.post('D0EntryPostHardwareEnabled', 'platform');
  }

  /**
   * @param target - where the device goes down to
   */
  exited(target: PowerDownTarget): void {
    const event = target === 'D3Final' ? 'D0ExitPreHardwareDisabledD3Final' : 'D0ExitPreHardwareDisabledDx';
    if (this.#machine.takes(event)) void this.#machine.post(event, 'platform'); // not after an entry that failed
  }

  /**
   * @param kind - what shall be reset
   * @param inTurn - runs the reset when the device does nothing else
   * @returns what came of it; of the request before, when one is being served
   */
  request(
    kind: ResetKind,
    inTurn: (serve: () => Promise<DeviceResetOutcome>) => Promise<DeviceResetOutcome>,
  ): Promise<DeviceResetOutcome> {
    this.#serving ??= inTurn(() => this.#serve(kind)).finally(() => {
      this.#serving = undefined;
    });
    return this.#serving;
  }

  async #serve(kind: ResetKind): Promise<DeviceResetOutcome> {
    await this.#machine.post('RequestPlatformLevelDeviceReset', kind);
    if (this.#machine.state !== 'TriggeringPLDR') return 'ignored';
    const { down, perform, up } = this.#options;
    const wasUp = await down();
    if (!wasUp) this.exited('D3Final'); // before the first start there is nothing to take down
    const outcome = await performed(perform, kind);
    if (wasUp) await up();
    return outcome;
  }
}

async function performed(
  perform: ((kind: ResetKind) => void | Promise<void>) | undefined,
  kind: ResetKind,
): Promise<DeviceResetOutcome> {
  if (perform === undefined) return 'restarted';
  try {
    await perform(kind);
    return 'reset';
  } catch {
    return 'restarted'; // whoever restarts a device that was not reset finds out by its driver whether it works
  }
}
