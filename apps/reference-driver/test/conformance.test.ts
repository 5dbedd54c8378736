/*
 * The reference driver passes what every driver must, on a model of its NIC: once as shipped, once with jumbo frames and
 * the smallest rings that still hold a frame of the most fragments.
 */

import { driverSuite } from '@netcx/conformance';
import { register } from '@netcx/conformance/vitest';
import { HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import { buildStation, type MachineOptions } from '../src/index.ts';

function suiteFor(options: MachineOptions) {
  return driverSuite({
    create({ iommu, seed }) {
      const clock = new VirtualClock({ seed });
      const link = new Link(clock);
      const address = Uint8Array.of(2, 0, 0, 0, 0, 1);
      const station = buildStation(clock, new HostBridge(clock), 'under test', address, link.a, { ...options, iommu });
      const { driver, nic, slot, domain } = station;
      return {
        clock,
        adapter: driver.adapter,
        peer: link.b,
        domain,
        start: () => driver.start(),
        stop: () => driver.stop(),
        remove: () => slot.remove(),
        dispose: () => {
          nic.close();
          link.close();
        },
      };
    },
  });
}

register('the reference driver', suiteFor({}));
