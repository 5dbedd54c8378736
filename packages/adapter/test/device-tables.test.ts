/*
 * The tables of states, arrow by arrow, against the original's, written down here a second time: a chain of states after an
 * event, and `| event: action` for what stays in the state. Arrows of this house's own are listed as such, and nothing else is
 * there.
 */

import { describe, expect, it } from 'vitest';
import { ADAPTER_PNP_POWER } from '../src/device/adapter-pnp-power.ts';
import { ADAPTER_STATES } from '../src/device/adapter-states.ts';
import { DEVICE_PNP_POWER } from '../src/device/device-pnp-power.ts';
import { DEVICE_RESET_STATES } from '../src/device/device-reset-states.ts';
import type { StateRow } from '../src/device/state-machine.ts';

type Table = Readonly<Record<string, StateRow<string, string, string>>>;

/** One arrow of the text: what leads where; `event` is empty where a state is passed through. */
interface Arrow {
  readonly from: string;
  readonly event: string;
  readonly to: string;
}

/** `A –Event→ B → C; …`, several events with a comma between them. */
function arrowsOf(text: string): Arrow[] {
  return text
    .split(';')
    .map((chain) => chain.trim())
    .filter((chain) => chain !== '')
    .flatMap((chain) => {
      const parts = chain.split(/\s*(?:–([\w, ]+))?→\s*/);
      const arrows: Arrow[] = [];
      for (let at = 0; at + 2 < parts.length; at += 2) {
        const [from, events, to] = parts.slice(at, at + 3) as [string, string | undefined, string];
        for (const event of (events ?? '').split(',')) arrows.push({ from, event: event.trim(), to });
      }
      return arrows;
    });
}

function arrowsIn(table: Table): Arrow[] {
  return Object.entries(table).flatMap(([from, { on = {}, then }]) => [
    ...Object.entries(on).map(([event, to]) => ({ from, event, to: to! })),
    ...(then === undefined ? [] : typeof then === 'string' ? [then] : Object.values(then)).map((to) => ({
      from,
      event: '',
      to,
    })),
  ]);
}

const shown = (arrows: readonly Arrow[]): string[] =>
  [...new Set(arrows.map(({ from, event, to }) => `${from} –${event}→ ${to}`))].sort();

/** What a state does without leaving it: `State: Event, Event`. */
const inside = (table: Table): string[] =>
  Object.entries(table)
    .filter(([, { within }]) => within !== undefined)
    .map(([state, { within }]) => `${state}: ${Object.keys(within!).join(', ')}`);

describe('the data path of an adapter', () => {
  const text = `
    Halted –MiniportInitializeEx→ AdapterPaused; AdapterPaused –MiniportHalt→ Halting → Halted;
    AdapterPaused –DatapathCreate→ DatapathPausedCreating → DatapathPaused;
    DatapathPaused –Restart→ DatapathPausedStarting → DatapathRunning;
    DatapathPaused –DatapathDestroy→ DatapathPausedDestroying → AdapterPaused;
    AdapterPaused –Restart→ AdapterRestartComplete → AdapterRestarted;
    AdapterRestarted –Pause→ AdapterPauseComplete → AdapterPaused;
    AdapterRestarted –DatapathCreate→ DatapathRestartedCreating → DatapathRestartedStarting → DatapathRunning;
    DatapathRunning –Pause→ DatapathPauseStopping → DatapathPaused;
    DatapathRunning –DatapathDestroy→ DatapathRestartStopping → DatapathRestartDestroying → AdapterRestarted`;

  it('has the 16 states and the arrows of the original, and no others', () => {
    expect(Object.keys(ADAPTER_STATES)).toHaveLength(16);
    expect(shown(arrowsIn(ADAPTER_STATES))).toEqual(shown(arrowsOf(text)));
  });

  it('destroys what was settled when queues cannot be started', () => {
    const failing = Object.entries(ADAPTER_STATES).filter(([, { failed }]) => failed !== undefined);
    expect(failing.map(([state, { failed }]) => [state, failed])).toEqual([
      ['DatapathRestartedStarting', 'DatapathRestartDestroying'],
    ]);
  });
});

describe('plug and play and power of a device', () => {
  const text = `
    Created –Start→ SignalStarted → Started; Started –PowerUp→ PoweringUp → SignalD0 → D0;
    D0 –PowerDownD1→ PoweringDownD1 → SignalDx → Dx; D0 –PowerDownD2→ PoweringDownD2 → SignalDx;
    D0 –PowerDownD3→ PoweringDownD3 → SignalDx; Dx –PowerUp→ PoweringUp;
    D0 –PowerDownD3Final→ PoweringDownD3Final → SignalD3Final → D3Final;
    D3Final –Stop→ StoppingD3Final → SignalStoppingD3Final → Stopped; Started –Stop→ StoppingD3Final;
    Stopped –Start→ Restarting → SignalStarted; Stopped –Cleanup→ Removed;
    Created –Cleanup→ DeviceAddFailed → Removed;
    Created –SurpriseRemove→ SurpriseRemovingNotStarted → SurpriseRemovedNotStarted –Cleanup→ Removed;
    D0 –SurpriseRemove→ SurpriseRemovingInD0 → SurpriseRemovedInD0;
    SurpriseRemovedInD0 –PowerDownD1, PowerDownD2, PowerDownD3→ SurpriseRemovedSignalDx → SurpriseRemovedInDx;
    SurpriseRemovedInD0 –PowerDownD3Final→ SurpriseRemovedSignalD3Final → SurpriseRemovedInDx;
    Dx –SurpriseRemove→ SurpriseRemovingInDx → SurpriseRemovedInDx;
    SurpriseRemovedInDx –PowerUp→ SurpriseRemovedSignalD0 → SurpriseRemovedInD0;
    SurpriseRemovedInDx –Stop→ SurpriseRemovedStopping → SurpriseRemovedSignalStopDx → SurpriseRemovedStopped;
    SurpriseRemovedStopped –Cleanup→ Removed`;

  it('has the 32 states and the arrows of the original, and no others', () => {
    expect(Object.keys(DEVICE_PNP_POWER)).toHaveLength(32);
    expect(shown(arrowsIn(DEVICE_PNP_POWER))).toEqual(shown(arrowsOf(text)));
  });

  it('takes an adapter in every state that waits but the last', () => {
    const waiting = Object.entries(DEVICE_PNP_POWER).filter(([, { then }]) => then === undefined);
    expect(waiting.map(([state, { within }]) => [state, within?.AdapterCreated])).toEqual([
      ['Created', 'addAdapter'],
      ['Started', 'addAdapter'],
      ['D0', 'addAdapterPoweredUp'],
      ['Dx', 'addAdapter'],
      ['D3Final', 'addAdapter'],
      ['Stopped', 'addAdapter'],
      ['Removed', undefined],
      ['SurpriseRemovedNotStarted', 'addAdapterSurpriseRemoved'],
      ['SurpriseRemovedInD0', 'addAdapterSurpriseRemoved'],
      ['SurpriseRemovedInDx', 'addAdapterSurpriseRemoved'],
      ['SurpriseRemovedStopped', 'addAdapterSurpriseRemoved'],
    ]);
  });

  it('never leads back from a surprise removal', () => {
    const reached = new Set<string>(Object.keys(DEVICE_PNP_POWER).filter((state) => state.startsWith('SurpriseRemov')));
    for (const { from, to } of arrowsIn(DEVICE_PNP_POWER)) if (reached.has(from)) reached.add(to);
    expect([...reached].filter((state) => !state.startsWith('SurpriseRemov'))).toEqual(['Removed']);
  });
});

describe('plug and play and power of an adapter', () => {
  // The states that wait, and the actions between them.
  const text = `
    IoStopped –IoStart→ IoStarted; IoStarted –IoStopD1, IoStopD2, IoStopD3→ IoStopped;
    IoStarted –IoStopD3Final→ InterfaceStoppedIoStoppedD3Final; InterfaceStoppedIoStoppedD3Final –DeviceRestart→ IoStopped;
    InterfaceStartedIoStopped –IoStart→ InterfaceStartedGoingToIoStarted → InterfaceStartedIoStarted;
    InterfaceStartedIoStoppedDx –IoStart→ InterfaceStartedIoStartingD0 → InterfaceStartedIoStarted;
    InterfaceStartedImplicitIoStarted → InterfaceStartedIoStarted;
    InterfaceStartedIoStarted –IoStopD1→ InterfaceStartedGoingToIoStoppedD1 → InterfaceStartedIoStoppedDx;
    InterfaceStartedIoStarted –IoStopD2→ InterfaceStartedGoingToIoStoppedD2 → InterfaceStartedIoStoppedDx;
    InterfaceStartedIoStarted –IoStopD3→ InterfaceStartedGoingToIoStoppedD3 → InterfaceStartedIoStoppedDx;
    InterfaceStartedIoStarted –IoStopD3Final→ InterfaceStartedGoingToIoStoppedD3Final → InterfaceStartedIoStoppedD3Final;
    InterfaceStartedIoStarted –NetAdapterStop→ GoingToInterfaceStoppedImplicitIoStopped;
    GoingToInterfaceStoppedImplicitIoStopped → GoingToInterfaceStoppedIoStarted → IoStarted;
    InterfaceStartedIoStopped –NetAdapterStop→ GoingToInterfaceStoppedIoStopped → IoStopped;
    InterfaceStartedIoStoppedDx –NetAdapterStop→ GoingToInterfaceStoppedIoStopped;
    InterfaceStartedIoStoppedD3Final –NetAdapterStop→ GoingToInterfaceStoppedIoStoppedD3Final;
    GoingToInterfaceStoppedIoStoppedD3Final → InterfaceStoppedIoStoppedD3Final;
    IoStopped –SurpriseRemove→ DeviceSurpriseRemoved; IoStarted –SurpriseRemove→ DeviceSurpriseRemoved;
    InterfaceStartedIoStarted –SurpriseRemove→ InterfaceStartedImplicitIoStoppedGoingToSurpriseRemoved;
    InterfaceStartedImplicitIoStoppedGoingToSurpriseRemoved → InterfaceStartedIoStoppedGoingToSurpriseRemoved;
    InterfaceStartedIoStoppedGoingToSurpriseRemoved → DeviceSurpriseRemoved;
    InterfaceStartedIoStopped –SurpriseRemove→ InterfaceStartedIoStoppedGoingToSurpriseRemoved;
    InterfaceStartedIoStoppedDx –SurpriseRemove→ InterfaceStartedIoStoppedGoingToSurpriseRemoved;
    InterfaceStartedIoStoppedD3Final –SurpriseRemove→ InterfaceStartedIoStoppedGoingToSurpriseRemoved;
    IoStopped –Cleanup→ ObjectDeleted; IoStarted –Cleanup→ ObjectDeleted; DeviceSurpriseRemoved –Cleanup→ ObjectDeleted;
    InterfaceStoppedIoStoppedD3Final –Cleanup→ ObjectDeleted`;
  // A start is a sub-machine of the original's: dequeue, should it start, start or defer. Here it is one state and its outcomes.
  const start = `
    IoStopped –NetAdapterStart→ IoStoppedStartingInterface → InterfaceStartedIoStopped; IoStoppedStartingInterface → IoStopped;
    IoStarted –NetAdapterStart→ IoStartedStartingInterface → InterfaceStartedImplicitIoStarted;
    IoStartedStartingInterface → IoStarted`;
  // Queues that cannot be made: the original goes on without them.
  const ours = 'InterfaceNotStarted → IoStarted';

  it('has the arrows of the original, and one of its own', () => {
    expect(shown(arrowsIn(ADAPTER_PNP_POWER))).toEqual(shown(arrowsOf(`${text};${start};${ours}`)));
  });

  it('refuses a start on a device that is gone, and takes whatever else happens to it', () => {
    const io = 'IoStart, IoStopD1, IoStopD2, IoStopD3, IoStopD3Final';
    expect(inside(ADAPTER_PNP_POWER).filter((line) => line.includes('NetAdapterStart'))).toEqual([
      `InterfaceStoppedIoStoppedD3Final: NetAdapterStart, NetAdapterStop, PropertyChange, ${io}, SurpriseRemove`,
      `DeviceSurpriseRemoved: NetAdapterStart, NetAdapterStop, PropertyChange, ${io}`,
      `ObjectDeleted: NetAdapterStart, NetAdapterStop, PropertyChange, ${io}, DeviceRestart`,
    ]);
  });

  it('lets deletion wait while the interface is started', () => {
    const waiting = Object.entries(ADAPTER_PNP_POWER).filter(([, { then }]) => then === undefined);
    const started = waiting.filter(([state]) => state.startsWith('InterfaceStarted'));
    expect(started).toHaveLength(4);
    for (const [, { defer }] of started) expect(defer).toEqual(['Cleanup']);
  });
});

describe('the reset of a device', () => {
  const request = 'RequestPlatformLevelDeviceReset';
  const text = `
    Initialized –D0EntryPostHardwareEnabled→ PnPStarted; Initialized –${request}→ CollectingDiagnostics → TriggeringPLDR;
    PnPStarted –${request}→ CollectingDiagnostics; PnPStarted –D0ExitPreHardwareDisabledD3Final→ D3Final;
    PnPStarted –D0ExitPreHardwareDisabledDx→ Dx; Dx –D0EntryPostHardwareEnabled→ PnPStarted;
    D3Final –D0EntryPostHardwareEnabled→ PnPStarted; TriggeringPLDR –D0ExitPreHardwareDisabledD3Final→ D3Final`;
  const ours = 'Dx –D0ExitPreHardwareDisabledD3Final→ D3Final; TriggeringPLDR –D0ExitPreHardwareDisabledDx→ Dx';

  it('has the arrows of the original, and two of its own', () => {
    expect(shown(arrowsIn(DEVICE_RESET_STATES))).toEqual(shown(arrowsOf(`${text};${ours}`)));
  });

  it('ignores a request in D3Final, in sleep, and while one is served', () => {
    expect(inside(DEVICE_RESET_STATES)).toEqual([
      `Dx: ${request}`,
      `D3Final: ${request}`,
      `TriggeringPLDR: D0EntryPostHardwareEnabled, ${request}`,
    ]);
  });
});
