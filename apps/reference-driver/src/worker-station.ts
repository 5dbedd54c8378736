/*
 * A NIC with its driver in a worker: what a station's module needs but for its protocol. The classes are those that run in one
 * thread, and nothing here is told of the other workers: frames come by this worker's end of the cable.
 */

import type { NetAdapter } from '@netcx/adapter';
import type { Protocol } from '@netcx/adapter/edge';
import { HostBridge } from '@netcx/bus';
import type { Numbers, Station, StationContext } from '@netcx/workers';
import { buildStation } from './machine.ts';

/** Numbers of a group that mean something here. Switches are on when they are not 0. */
export interface StationNumbers {
  /** The station address, as one number of 48 bits: 0x020000000001 when left out. All workers have the same one. */
  readonly address?: number;
  /** Queue pairs of each worker; 1 when left out. */
  readonly queues?: number;
  /** Elements of each ring; the driver's own when left out, and so below. */
  readonly ringSize?: number;
  readonly mtu?: number;
  /** Microseconds. */
  readonly interruptInterval?: number;
  readonly checksumOffload?: number;
  readonly promiscuous?: number;
  /** Whether an IOMMU stands between the NIC and memory; off when left out. */
  readonly iommu?: number;
  /** Whether the verifier watches the driver; off when left out. */
  readonly verifier?: number;
}

/** What stands above the driver in a worker. */
export interface StationProtocol extends Protocol {
  /** What it can be asked from the main thread. */
  readonly calls?: Station['calls'];
}

const ADDRESS = 0x02_00_00_00_00_01;
const HEX_DIGITS = 12;

/**
 * @param context - what the module's `buildStation` was handed
 * @param protocolOf - makes what stands above the adapter, which is not started
 * @returns the station
 * @throws DriverError `BAD_OPTION` for numbers that cannot be
 * @example
 * ```ts
 * // echo.ts, the module that a WorkerGroup is told of
 * export const buildStation: BuildStation = (context) => driverStation(context, (adapter) => new Echo(adapter));
 * ```
 */
export function driverStation(
  context: StationContext,
  protocolOf: (adapter: NetAdapter, context: StationContext) => StationProtocol,
): Station {
  const { clock, index, link } = context;
  const {
    address = ADDRESS,
    iommu = 0,
    verifier = 0,
    checksumOffload = 1,
    ...rest
  } = context.numbers as StationNumbers;
  const { queues, ringSize, mtu, interruptInterval, promiscuous = 0 } = rest;
  const digits = address.toString(16).padStart(HEX_DIGITS, '0');
  const mac = Uint8Array.from(Buffer.from(digits, 'hex'));
  const { driver, nic, slot } = buildStation(clock, new HostBridge(clock), `nic ${String(index)}`, mac, link, {
    iommu: iommu !== 0,
    verifier: verifier !== 0,
    checksumOffload: checksumOffload !== 0,
    promiscuous: promiscuous !== 0,
    ...(queues === undefined ? {} : { queues }),
    ...(ringSize === undefined ? {} : { ringSize }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(interruptInterval === undefined ? {} : { interruptInterval }),
  });
  const protocol = protocolOf(driver.adapter, context);
  driver.adapter.attachProtocol(protocol);
  return {
    start: () => driver.start(),
    stop: () => driver.stop(),
    counters: () => {
      const { transmit, receive, polls, wakeUps } = driver.adapter.statistics();
      return { ...numbersOf({ transmit, receive, polls, wakeUps }), ...nic.drops() };
    },
    calls: {
      ...protocol.calls,
      linkUp: () => ({ up: Number(driver.adapter.linkState.connected) }),
      remove: () => {
        slot.remove();
        return {};
      },
    },
  };
}

/** Every number in an object, however deep, by its path. */
function numbersOf(value: object, path = ''): Numbers {
  const numbers: Record<string, number> = {};
  for (const [name, found] of Object.entries(value) as [string, unknown][]) {
    if (typeof found === 'number') numbers[path + name] = found;
    else if (typeof found === 'object' && found !== null) Object.assign(numbers, numbersOf(found, `${path}${name}.`));
  }
  return numbers;
}
