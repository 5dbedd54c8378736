/* The software NIC's driver passes what every driver must: the suite that the reference driver passes on its NIC.
 * Under the verifier it breaks no rule. */

import { VirtualClock } from '@netcx/clock';
import { driverSuite } from '@netcx/conformance';
import { register } from '@netcx/conformance/vitest';
import { expect } from 'vitest';
import { SoftwareNicDriver, WireEnd } from '../src/index.ts';
import { BenchEnd } from './bench-end.ts';

const suiteFor = (verifier: boolean) =>
  driverSuite({
    iommu: 'without', // no DMA, so nothing that an IOMMU could stand in the way of
    create({ seed }) {
      const clock = new VirtualClock({ seed });
      const { a, b } = WireEnd.pair();
      const macAddress = Uint8Array.of(2, 0, 0, 0, 0, 1);
      const driver = new SoftwareNicDriver({ name: 'under test', clock, macAddress, wire: a, verifier });
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
          expect(driver.adapter.violations).toEqual([]);
        },
      };
    },
  });

// It has no ring that frames could be at any stage of: they leave and come in one call. And no sleep, reset, hash or clock.
const absent = [
  ...['cannot leave', 'left in part', 'frames that are on the wire', 'about to complete', 'have not been shown'],
  ...['sleeps', 'reset', 'hashes', 'stamps'],
];

register("the software NIC's driver", suiteFor(false), { absent });
register("the software NIC's driver under the verifier", suiteFor(true), { effort: 0.1, absent });
