/*
 * A device's life, plug and play and power together: 32 states, with the names of the original's DevicePnpPower (reference
 * netadaptercx §5.3). The Signal states are where the original wakes the thread that waits; here the event is over. Surprise
 * removal is its own row of states for each state of power: the power-down and the stop that follow are consumed, and
 * nothing leads back.
 */

import type { StateTable } from './state-machine.ts';

/** The states of a device. */
// prettier-ignore
export type DevicePnpPowerState =
  | 'Created' | 'Started' | 'SignalStarted' | 'Stopped' | 'Restarting' | 'DeviceAddFailed' | 'Removed'
  | 'PoweringUp' | 'SignalD0' | 'D0'
  | 'PoweringDownD1' | 'PoweringDownD2' | 'PoweringDownD3' | 'SignalDx' | 'Dx'
  | 'PoweringDownD3Final' | 'SignalD3Final' | 'D3Final' | 'StoppingD3Final' | 'SignalStoppingD3Final'
  | 'SurpriseRemovingNotStarted' | 'SurpriseRemovedNotStarted'
  | 'SurpriseRemovingInD0' | 'SurpriseRemovedInD0' | 'SurpriseRemovedSignalD0'
  | 'SurpriseRemovingInDx' | 'SurpriseRemovedInDx' | 'SurpriseRemovedSignalDx' | 'SurpriseRemovedSignalD3Final'
  | 'SurpriseRemovedStopping' | 'SurpriseRemovedSignalStopDx' | 'SurpriseRemovedStopped';

/** What happens to a device. */
export type DevicePnpPowerEvent =
  | 'AdapterCreated'
  | 'Start'
  | 'PowerUp'
  | 'PowerDownD1'
  | 'PowerDownD2'
  | 'PowerDownD3'
  | 'PowerDownD3Final'
  | 'Stop'
  | 'SurpriseRemove'
  | 'Cleanup';

/** What is done to the device's adapters. */
export type DevicePnpPowerAction =
  | 'addAdapter'
  | 'addAdapterPoweredUp'
  | 'addAdapterSurpriseRemoved'
  | 'poweringUp'
  | 'poweringDownD1'
  | 'poweringDownD2'
  | 'poweringDownD3'
  | 'poweringDownD3Final'
  | 'stopping'
  | 'restarting'
  | 'surpriseRemoving';

const quiet = { AdapterCreated: 'addAdapter' } as const;
const powered = { AdapterCreated: 'addAdapterPoweredUp' } as const;
const gone = { AdapterCreated: 'addAdapterSurpriseRemoved' } as const;

/** The table. */
// prettier-ignore
export const DEVICE_PNP_POWER: StateTable<DevicePnpPowerState, DevicePnpPowerEvent, DevicePnpPowerAction> = {
  Created:                      { within: quiet, on: { Start: 'SignalStarted', SurpriseRemove: 'SurpriseRemovingNotStarted', Cleanup: 'DeviceAddFailed' } },
  SignalStarted:                { then: 'Started' },
  Started:                      { within: quiet, on: { PowerUp: 'PoweringUp', Stop: 'StoppingD3Final' } },

  PoweringUp:                   { enter: 'poweringUp', then: 'SignalD0' },
  SignalD0:                     { then: 'D0' },
  D0:                           { within: powered, on: { PowerDownD1: 'PoweringDownD1', PowerDownD2: 'PoweringDownD2', PowerDownD3: 'PoweringDownD3', PowerDownD3Final: 'PoweringDownD3Final', SurpriseRemove: 'SurpriseRemovingInD0' } },

  PoweringDownD1:               { enter: 'poweringDownD1', then: 'SignalDx' },
  PoweringDownD2:               { enter: 'poweringDownD2', then: 'SignalDx' },
  PoweringDownD3:               { enter: 'poweringDownD3', then: 'SignalDx' },
  SignalDx:                     { then: 'Dx' },
  Dx:                           { within: quiet, on: { PowerUp: 'PoweringUp', SurpriseRemove: 'SurpriseRemovingInDx' } },

  PoweringDownD3Final:          { enter: 'poweringDownD3Final', then: 'SignalD3Final' },
  SignalD3Final:                { then: 'D3Final' },
  D3Final:                      { within: quiet, on: { Stop: 'StoppingD3Final' } },
  StoppingD3Final:              { enter: 'stopping', then: 'SignalStoppingD3Final' },
  SignalStoppingD3Final:        { then: 'Stopped' },
  Stopped:                      { within: quiet, on: { Start: 'Restarting', Cleanup: 'Removed' } },
  Restarting:                   { enter: 'restarting', then: 'SignalStarted' },

  DeviceAddFailed:              { enter: 'stopping', then: 'Removed' },
  Removed:                      {},

  SurpriseRemovingNotStarted:   { enter: 'stopping', then: 'SurpriseRemovedNotStarted' },
  SurpriseRemovedNotStarted:    { within: gone, on: { Cleanup: 'Removed' } },

  SurpriseRemovingInD0:         { enter: 'surpriseRemoving', then: 'SurpriseRemovedInD0' },
  SurpriseRemovedInD0:          { within: gone, on: { PowerDownD1: 'SurpriseRemovedSignalDx', PowerDownD2: 'SurpriseRemovedSignalDx', PowerDownD3: 'SurpriseRemovedSignalDx', PowerDownD3Final: 'SurpriseRemovedSignalD3Final' } },
  SurpriseRemovedSignalD0:      { then: 'SurpriseRemovedInD0' },

  SurpriseRemovingInDx:         { enter: 'surpriseRemoving', then: 'SurpriseRemovedInDx' },
  SurpriseRemovedSignalDx:      { then: 'SurpriseRemovedInDx' },
  SurpriseRemovedSignalD3Final: { then: 'SurpriseRemovedInDx' },
  SurpriseRemovedInDx:          { within: gone, on: { PowerUp: 'SurpriseRemovedSignalD0', Stop: 'SurpriseRemovedStopping' } },
  SurpriseRemovedStopping:      { enter: 'stopping', then: 'SurpriseRemovedSignalStopDx' },
  SurpriseRemovedSignalStopDx:  { then: 'SurpriseRemovedStopped' },
  SurpriseRemovedStopped:       { within: gone, on: { Cleanup: 'Removed' } },
};
