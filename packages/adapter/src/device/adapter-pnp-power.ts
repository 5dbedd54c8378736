/*
 * The life of an adapter on its device: its interface (started when every requestor wants it) and its I/O (there while the
 * device is in D0). The states that wait have the names of the original's AdapterPnpPower (reference netadaptercx §5.3); its
 * sub-machines are written out, and PropertyChange (an MTU set while the adapter runs) is a row here. A start of the interface in
 * D0 starts I/O at once, and a stop stops I/O first.
 */

import type { StateTable } from './state-machine.ts';

/** The states of an adapter. */
// prettier-ignore
export type AdapterPnpPowerState =
  | 'IoStopped' | 'IoStarted' | 'IoStoppedStartingInterface' | 'IoStartedStartingInterface'
  | 'InterfaceStartedIoStopped' | 'InterfaceStartedImplicitIoStarted' | 'InterfaceStartedGoingToIoStarted'
  | 'InterfaceStartedIoStartingD0' | 'InterfaceStartedIoStarted' | 'InterfaceNotStarted'
  | 'InterfaceStartedGoingToIoStoppedD1' | 'InterfaceStartedGoingToIoStoppedD2' | 'InterfaceStartedGoingToIoStoppedD3'
  | 'InterfaceStartedGoingToIoStoppedD3Final' | 'InterfaceStartedIoStoppedDx' | 'InterfaceStartedIoStoppedD3Final'
  | 'GoingToInterfaceStoppedImplicitIoStopped' | 'GoingToInterfaceStoppedIoStarted' | 'GoingToInterfaceStoppedIoStopped'
  | 'GoingToInterfaceStoppedIoStoppedD3Final' | 'InterfaceStoppedIoStoppedD3Final'
  | 'InterfaceStartedImplicitIoStoppedGoingToSurpriseRemoved' | 'InterfaceStartedIoStoppedGoingToSurpriseRemoved'
  | 'DeviceSurpriseRemoved' | 'ObjectDeleted';

/** What happens to an adapter. */
export type AdapterPnpPowerEvent =
  | 'NetAdapterStart'
  | 'NetAdapterStop'
  | 'IoStart'
  | 'IoStopD1'
  | 'IoStopD2'
  | 'IoStopD3'
  | 'IoStopD3Final'
  | 'SurpriseRemove'
  | 'DeviceRestart'
  | 'PropertyChange'
  | 'Cleanup';

/** What is done. `startInterface` has the outcomes `started` and `deferred`. */
export type AdapterPnpPowerAction =
  | 'startInterface'
  | 'refuseStart'
  | 'stopInterface'
  | 'alreadyStopped'
  | 'startIo'
  | 'startIoD0'
  | 'stopIoD1'
  | 'stopIoD2'
  | 'stopIoD3'
  | 'stopIoD3Final'
  | 'change'
  | 'changeDatapath'
  | 'reportSurpriseRemoval'
  | 'deleted';

const change = { PropertyChange: 'change' } as const;
const stop = { NetAdapterStop: 'alreadyStopped', ...change } as const;
const invalid = { NetAdapterStart: 'refuseStart', ...stop } as const;
const noIo = { IoStart: null, IoStopD1: null, IoStopD2: null, IoStopD3: null, IoStopD3Final: null } as const;
const starting = 'startInterface';

/** The table. */
// prettier-ignore
export const ADAPTER_PNP_POWER: StateTable<AdapterPnpPowerState, AdapterPnpPowerEvent, AdapterPnpPowerAction> = {
  IoStopped:                                { within: stop, on: { NetAdapterStart: 'IoStoppedStartingInterface', IoStart: 'IoStarted', SurpriseRemove: 'DeviceSurpriseRemoved', Cleanup: 'ObjectDeleted' } },
  IoStoppedStartingInterface:               { enter: starting, then: { started: 'InterfaceStartedIoStopped', deferred: 'IoStopped' } },
  InterfaceStartedIoStopped:                { within: change, on: { IoStart: 'InterfaceStartedGoingToIoStarted', NetAdapterStop: 'GoingToInterfaceStoppedIoStopped', SurpriseRemove: 'InterfaceStartedIoStoppedGoingToSurpriseRemoved' }, defer: ['Cleanup'] },

  IoStarted:                                { within: stop, on: { NetAdapterStart: 'IoStartedStartingInterface', IoStopD1: 'IoStopped', IoStopD2: 'IoStopped', IoStopD3: 'IoStopped', IoStopD3Final: 'InterfaceStoppedIoStoppedD3Final', SurpriseRemove: 'DeviceSurpriseRemoved', Cleanup: 'ObjectDeleted' } },
  IoStartedStartingInterface:               { enter: starting, then: { started: 'InterfaceStartedImplicitIoStarted', deferred: 'IoStarted' } },
  InterfaceStartedImplicitIoStarted:        { enter: 'startIo', then: 'InterfaceStartedIoStarted', failed: 'InterfaceNotStarted' },
  InterfaceNotStarted:                      { enter: 'stopInterface', then: 'IoStarted' },

  InterfaceStartedGoingToIoStarted:         { enter: 'startIo', then: 'InterfaceStartedIoStarted' },
  InterfaceStartedIoStartingD0:             { enter: 'startIoD0', then: 'InterfaceStartedIoStarted' },
  InterfaceStartedIoStarted:                { within: { PropertyChange: 'changeDatapath' }, on: { IoStopD1: 'InterfaceStartedGoingToIoStoppedD1', IoStopD2: 'InterfaceStartedGoingToIoStoppedD2', IoStopD3: 'InterfaceStartedGoingToIoStoppedD3', IoStopD3Final: 'InterfaceStartedGoingToIoStoppedD3Final', NetAdapterStop: 'GoingToInterfaceStoppedImplicitIoStopped', SurpriseRemove: 'InterfaceStartedImplicitIoStoppedGoingToSurpriseRemoved' }, defer: ['Cleanup'] },
  InterfaceStartedGoingToIoStoppedD1:       { enter: 'stopIoD1', then: 'InterfaceStartedIoStoppedDx' },
  InterfaceStartedGoingToIoStoppedD2:       { enter: 'stopIoD2', then: 'InterfaceStartedIoStoppedDx' },
  InterfaceStartedGoingToIoStoppedD3:       { enter: 'stopIoD3', then: 'InterfaceStartedIoStoppedDx' },
  InterfaceStartedGoingToIoStoppedD3Final:  { enter: 'stopIoD3Final', then: 'InterfaceStartedIoStoppedD3Final' },
  InterfaceStartedIoStoppedDx:              { within: change, on: { IoStart: 'InterfaceStartedIoStartingD0', NetAdapterStop: 'GoingToInterfaceStoppedIoStopped', SurpriseRemove: 'InterfaceStartedIoStoppedGoingToSurpriseRemoved' }, defer: ['Cleanup'] },
  InterfaceStartedIoStoppedD3Final:         { within: change, on: { NetAdapterStop: 'GoingToInterfaceStoppedIoStoppedD3Final', SurpriseRemove: 'InterfaceStartedIoStoppedGoingToSurpriseRemoved' }, defer: ['Cleanup'] },

  GoingToInterfaceStoppedImplicitIoStopped: { enter: 'stopIoD3Final', then: 'GoingToInterfaceStoppedIoStarted' },
  GoingToInterfaceStoppedIoStarted:         { enter: 'stopInterface', then: 'IoStarted' },
  GoingToInterfaceStoppedIoStopped:         { enter: 'stopInterface', then: 'IoStopped' },
  GoingToInterfaceStoppedIoStoppedD3Final:  { enter: 'stopInterface', then: 'InterfaceStoppedIoStoppedD3Final' },
  InterfaceStoppedIoStoppedD3Final:         { within: { ...invalid, ...noIo, SurpriseRemove: null }, on: { DeviceRestart: 'IoStopped', Cleanup: 'ObjectDeleted' } },

  InterfaceStartedImplicitIoStoppedGoingToSurpriseRemoved: { enter: 'stopIoD3Final', then: 'InterfaceStartedIoStoppedGoingToSurpriseRemoved' },
  InterfaceStartedIoStoppedGoingToSurpriseRemoved:         { enter: 'reportSurpriseRemoval', then: 'DeviceSurpriseRemoved' },
  DeviceSurpriseRemoved:                    { within: { ...invalid, ...noIo }, on: { Cleanup: 'ObjectDeleted' } },
  ObjectDeleted:                            { enter: 'deleted', within: { ...invalid, ...noIo, DeviceRestart: null } },
};
