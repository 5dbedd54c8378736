/*
 * Owns: one machine in its worker: a clock along real time, a wire, the NICs at it, and a server for each.
 * Invariant: whatever is opened is closed again, also when a later part cannot be opened.
 */
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { parseImpairments } from '@netcx/hardware';
import { Nic82576 } from '@netcx/nic-82576';
import { RealTime, VfioUserServer } from '@netcx/vfio-user';
import { openWire, parseWire, type Wire } from '@netcx/wires';
import type { ControlRequest, MachineReport, MachineSettings, NicCounter } from './worker-messages.ts';

/**
 * A driver in a virtual machine enables its interrupts some time after it made the PHY negotiate; real links take seconds.
 * QEMU's own NIC takes as long as this.
 */
const AUTONEGOTIATION = 500 * MILLISECOND;

/** A machine that runs. */
export interface ServedMachine {
  /**
   * @param request - what is asked
   * @returns false when it was the end
   */
  carryOut(request: ControlRequest): Promise<boolean>;
}

interface Seat {
  readonly number: number;
  readonly nic: Nic82576;
  readonly server: VfioUserServer;
}

/**
 * @param settings - NICs and wire
 * @param report - told of what happens
 * @returns the machine, listening
 * @throws whatever keeps a socket or a wire from being opened
 */
export async function startMachine(
  settings: MachineSettings,
  report: (message: MachineReport) => void,
): Promise<ServedMachine> {
  const clock = new VirtualClock();
  const first = settings.nics[0]?.number ?? 0;
  const wire = await openWire(parseWire(settings.wire), {
    clock,
    impair: settings.impair === undefined ? undefined : parseImpairments(settings.impair),
    onEvent: ({ kind, message }) => report({ kind: 'line', about: 'wire', nic: first, what: kind, text: message }),
  });
  const seats: Seat[] = [];
  const time = new RealTime(clock, (error) => {
    report({ kind: 'fault', stack: String((error as Error).stack ?? error) });
    for (const { server } of seats) server.disconnect('a fault of netcx');
  });
  try {
    for (const [index, { number, socket, mac }] of settings.nics.entries()) {
      const link = wire.ends[index];
      if (link === undefined) throw new Error(`${settings.wire} has no end for NIC ${String(number)}`);
      const nic = new Nic82576({
        clock,
        link,
        macAddress: mac,
        name: `82576 ${String(number)}`,
        autonegotiationTime: AUTONEGOTIATION,
      });
      const server = new VfioUserServer({
        socket,
        endpoint: nic,
        intxOnly: settings.intx,
        trace: settings.trace,
        onEvent: ({ kind, detail }) => {
          if (kind === 'message') report({ kind: 'trace', nic: number, text: detail });
          else report({ kind: 'line', about: 'machine', nic: number, what: kind, text: detail });
        },
      });
      seats.push({ number, nic, server });
    }
  } catch (error) {
    for (const { server } of seats) server.close();
    await wire.close();
    throw error;
  }
  for (const { server } of seats) time.add(server);
  return { carryOut: (request) => carryOut(request, { seats, wire, time, report }) };
}

interface Machine {
  readonly seats: readonly Seat[];
  readonly wire: Wire;
  readonly time: RealTime;
  readonly report: (message: MachineReport) => void;
}

async function carryOut(request: ControlRequest, machine: Machine): Promise<boolean> {
  const { seats, wire, time, report } = machine;
  const seat = 'nic' in request ? seats.find(({ number }) => number === request.nic) : undefined;
  switch (request.kind) {
    case 'link':
      wire.plug(request.up);
      report({ kind: 'line', about: 'link', nic: request.nic, what: request.up ? 'up' : 'down', text: '' });
      break;
    case 'remove':
      seat?.server.remove();
      report({ kind: 'line', about: 'machine', nic: request.nic, what: 'removed', text: '' });
      break;
    case 'describe':
      report({ kind: 'text', text: seat?.nic.describe() ?? '' });
      break;
    case 'counters':
      report({ kind: 'counters', counters: count(machine) });
      break;
    case 'close':
      time.stop();
      for (const { server } of seats) server.close();
      await wire.close();
      report({ kind: 'counters', counters: count(machine) });
      for (const { nic } of seats) nic.close();
      return false;
  }
  time.run();
  return true;
}

function count({ seats, wire }: Machine): NicCounter[] {
  const counters: NicCounter[] = [];
  const add = (nic: number, prefix: string, values: object): void => {
    for (const [name, value] of Object.entries(values)) counters.push([nic, `${prefix}${name}`, Number(value)]);
  };
  for (const { number, nic, server } of seats) {
    add(number, 'server.', server.counters());
    add(number, '', nic.drops());
  }
  add(seats[0]?.number ?? 0, 'wire.', wire.counters());
  return counters;
}
