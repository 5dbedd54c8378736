/* The suite that every driver must pass, for a driver of the 82576 on a model of its NIC. */

import { deepEqual } from 'node:assert/strict';
import { HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { driverSuite, type DriverUnderTest } from '@netcx/conformance';
import { Link } from '@netcx/hardware';
import { buildStation, type MachineOptions, type Station } from '../src/index.ts';

/** Changes a machine: for drivers that are wrong in some way. */
export type Change = (machine: DriverUnderTest, station: Station) => DriverUnderTest;

/** The cases, for a driver that is told these options; under the verifier it breaks no rule. */
export function suiteFor(options: MachineOptions, change: Change = (machine) => machine) {
  return driverSuite({
    create({ iommu, seed }) {
      const clock = new VirtualClock({ seed });
      const link = new Link(clock);
      const address = Uint8Array.of(2, 0, 0, 0, 0, 1);
      const all = { ...options, iommu };
      const station = buildStation(clock, new HostBridge(clock), 'under test', address, link.a, all);
      const { driver, nic, slot, domain } = station;
      let wakeCalls = 0;
      slot.onWake(() => wakeCalls++);
      const machine = {
        clock,
        adapter: driver.adapter,
        peer: link.b,
        domain,
        start: () => driver.start(),
        stop: () => driver.stop(),
        remove: () => slot.remove(),
        power: { sleep: () => driver.sleep({ magicPacket: true }), wakeCalls: () => wakeCalls },
        reset: () => driver.reset(),
        dispose: () => {
          nic.close();
          link.close();
          deepEqual(driver.adapter.violations, []);
        },
      };
      return change(machine, station);
    },
  });
}
