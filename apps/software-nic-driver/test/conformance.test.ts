/* The software NIC's driver passes what every driver must: the suite that the reference driver passes on its NIC. */

import { VirtualClock } from '@netcx/clock';
import { driverSuite } from '@netcx/conformance';
import { register } from '@netcx/conformance/vitest';
import { SoftwareNicDriver, WireEnd } from '../src/index.ts';
import { BenchEnd } from './bench-end.ts';

const suite = driverSuite({
  iommu: 'without', // no DMA, so nothing that an IOMMU could stand in the way of
  create({ seed }) {
    const clock = new VirtualClock({ seed });
    const { a, b } = WireEnd.pair();
    const macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
    const driver = new SoftwareNicDriver({ name: 'under test', clock, macAddress, wire: a });
    const peer = new BenchEnd(b);
    return {
      clock,
      adapter: driver.adapter,
      peer,
      start: async () => {
        driver.start();
        await Promise.resolve();
      },
      stop: () => driver.stop(),
      remove: () => {
        driver.remove();
      },
      dispose: () => {
        peer.close();
      },
    };
  },
});

register("the software NIC's driver", suite);
