/*
 * The reset of a device that hangs: what can be learnt of it is collected first, then it is reset, which takes it down to D3Final
 * and up again. Names and arrows of the original's NxDevice (reference netadaptercx §5.3); its two states of power are written
 * out as PnPStarted (D0) and Dx. A request in D3Final, or while one is being served, does nothing.
 */

import type { StateTable } from './state-machine.ts';

/** The states of a device with respect to resets. */
export type DeviceResetState =
  'Initialized' | 'PnPStarted' | 'Dx' | 'D3Final' | 'CollectingDiagnostics' | 'TriggeringPLDR';

/** What happens. */
export type DeviceResetEvent =
  | 'D0EntryPostHardwareEnabled'
  | 'D0ExitPreHardwareDisabledDx'
  | 'D0ExitPreHardwareDisabledD3Final'
  | 'RequestPlatformLevelDeviceReset';

/** What is done. */
export type DeviceResetAction = 'collectDiagnostics' | 'ignoreRequest';

const request = 'RequestPlatformLevelDeviceReset';

/** The table. */
// prettier-ignore
export const DEVICE_RESET_STATES: StateTable<DeviceResetState, DeviceResetEvent, DeviceResetAction> = {
  Initialized:           { on: { D0EntryPostHardwareEnabled: 'PnPStarted', [request]: 'CollectingDiagnostics' } },
  PnPStarted:            { on: { D0ExitPreHardwareDisabledDx: 'Dx', D0ExitPreHardwareDisabledD3Final: 'D3Final', [request]: 'CollectingDiagnostics' } },
  Dx:                    { on: { D0EntryPostHardwareEnabled: 'PnPStarted', D0ExitPreHardwareDisabledD3Final: 'D3Final' }, within: { [request]: 'ignoreRequest' } },
  D3Final:               { on: { D0EntryPostHardwareEnabled: 'PnPStarted' }, within: { [request]: 'ignoreRequest' } },
  CollectingDiagnostics: { enter: 'collectDiagnostics', then: 'TriggeringPLDR' },
  TriggeringPLDR:        { on: { D0ExitPreHardwareDisabledD3Final: 'D3Final', D0ExitPreHardwareDisabledDx: 'Dx' }, within: { D0EntryPostHardwareEnabled: null, [request]: 'ignoreRequest' } },
};
