/*
 * A machine to run the driver on: two 82576 models, each in a slot of one host, a cable between them, and a driver for
 * each. The one file of this app that sees the device side; everything else would run on any bus.
 */

import { HostBridge, type AttachedSlot } from '@netcx/bus';
import type { Clock } from '@netcx/clock';
import { IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { Link, type LinkEnd } from '@netcx/hardware';
import { Nic82576 } from '@netcx/nic-82576';
import { ReferenceDriver } from './driver.ts';
import type { DriverOptions } from './settings.ts';

/** How the machine is built. */
export interface MachineOptions extends Omit<DriverOptions, 'name'> {
  /** Whether an IOMMU stands between the NICs and memory; false when left out. */
  readonly iommu?: boolean;
}

/** One NIC with its driver. */
export interface Station {
  /** The model. */
  readonly nic: Nic82576;
  /** Its place on the bus. */
  readonly slot: AttachedSlot;
  /** The driver, not started. */
  readonly driver: ReferenceDriver;
  /** How its DMA reaches memory. */
  readonly domain: DmaDomain;
}

/** Two stations and the cable between them. */
export interface Machine {
  readonly a: Station;
  readonly b: Station;
  readonly link: Link;
  /** Takes the machine apart: its devices' memory is free. The drivers must have stopped. */
  close(): void;
}

/**
 * @param clock - the machine's time
 * @param bridge - the host
 * @param name - for messages
 * @param macAddress - the NIC's address
 * @param link - the end of the cable that it is plugged into
 * @param options - what its driver is told, and whether an IOMMU is there
 * @returns a NIC in a slot, and a driver for it that is not started
 */
export function buildStation(
  clock: Clock,
  bridge: HostBridge,
  name: string,
  macAddress: Uint8Array,
  link: LinkEnd,
  options: MachineOptions = {},
): Station {
  const { iommu = false, ...driverOptions } = options;
  const domain = iommu ? new Iommu() : new IdentityMap();
  const nic = new Nic82576({ clock, macAddress, link, name });
  const slot = bridge.attach(nic, { name, dma: domain });
  const driver = new ReferenceDriver(slot, clock, { ...driverOptions, name });
  return { nic, slot, driver, domain };
}

/**
 * @param clock - the machine's time
 * @param options - what the drivers are told, and whether an IOMMU is there
 * @returns two stations, `a` and `b`, with a gigabit cable between them; their drivers are not started
 */
export function buildMachine(clock: Clock, options: MachineOptions = {}): Machine {
  const bridge = new HostBridge(clock);
  const link = new Link(clock, { speed: 1000 });
  const station = (name: string, last: number, end: LinkEnd): Station =>
    buildStation(clock, bridge, name, Uint8Array.of(2, 0, 0, 0, 0, last), end, options);
  const a = station('a', 1, link.a);
  const b = station('b', 2, link.b);
  const close = (): void => {
    a.nic.close();
    b.nic.close();
    link.close();
  };
  return { a, b, link, close };
}
