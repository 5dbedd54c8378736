/*
 * The reference driver passes what every driver must, on a model of its NIC: as shipped, and with jumbo frames, several
 * queues and the smallest rings, where everything wraps around and runs out all the time.
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
register('the reference driver with jumbo frames and small rings', suiteFor({ mtu: 9706, queues: 4, ringSize: 8 }), {
  effort: 0.1,
});
