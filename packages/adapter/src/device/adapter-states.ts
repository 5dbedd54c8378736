/*
 * The data path of an adapter: 16 states, with the names of the original's NxAdapter (reference netadaptercx §5.3). `Adapter…`
 * = no data path is settled; `Datapath…` = one is. Here queues exist while the data path runs: creating settles sizes and
 * extensions, starting makes the queues and starts them, stopping cancels, drains and closes them.
 */

import type { StateTable } from './state-machine.ts';

/** The states of an adapter's data path. */
// prettier-ignore
export type AdapterState =
  | 'Halted' | 'Halting' | 'AdapterPaused' | 'AdapterRestartComplete' | 'AdapterRestarted' | 'AdapterPauseComplete'
  | 'DatapathPausedCreating' | 'DatapathPaused' | 'DatapathPausedStarting' | 'DatapathPausedDestroying'
  | 'DatapathRestartedCreating' | 'DatapathRestartedStarting' | 'DatapathRunning'
  | 'DatapathPauseStopping' | 'DatapathRestartStopping' | 'DatapathRestartDestroying';

/** What happens to a data path. */
export type AdapterEvent =
  'MiniportInitializeEx' | 'Restart' | 'Pause' | 'MiniportHalt' | 'DatapathCreate' | 'DatapathDestroy';

/** What is done. */
export type AdapterAction = 'createDatapath' | 'startDatapath' | 'stopDatapath' | 'destroyDatapath';

/** The table. */
// prettier-ignore
export const ADAPTER_STATES: StateTable<AdapterState, AdapterEvent, AdapterAction> = {
  Halted:                    { on: { MiniportInitializeEx: 'AdapterPaused' } },
  AdapterPaused:             { on: { DatapathCreate: 'DatapathPausedCreating', Restart: 'AdapterRestartComplete', MiniportHalt: 'Halting' } },
  Halting:                   { then: 'Halted' },

  DatapathPausedCreating:    { enter: 'createDatapath', then: 'DatapathPaused' },
  DatapathPaused:            { on: { Restart: 'DatapathPausedStarting', DatapathDestroy: 'DatapathPausedDestroying' } },
  DatapathPausedStarting:    { enter: 'startDatapath', then: 'DatapathRunning' },
  DatapathPausedDestroying:  { enter: 'destroyDatapath', then: 'AdapterPaused' },

  AdapterRestartComplete:    { then: 'AdapterRestarted' },
  AdapterRestarted:          { on: { DatapathCreate: 'DatapathRestartedCreating', Pause: 'AdapterPauseComplete' } },
  AdapterPauseComplete:      { then: 'AdapterPaused' },
  DatapathRestartedCreating: { enter: 'createDatapath', then: 'DatapathRestartedStarting' },
  DatapathRestartedStarting: { enter: 'startDatapath', then: 'DatapathRunning', failed: 'DatapathRestartDestroying' },

  DatapathRunning:           { on: { Pause: 'DatapathPauseStopping', DatapathDestroy: 'DatapathRestartStopping' } },
  DatapathPauseStopping:     { enter: 'stopDatapath', then: 'DatapathPaused' },
  DatapathRestartStopping:   { enter: 'stopDatapath', then: 'DatapathRestartDestroying' },
  DatapathRestartDestroying: { enter: 'destroyDatapath', then: 'AdapterRestarted' },
};
