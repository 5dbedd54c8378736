/*
 * The suite that every driver must pass, with QEMU's own 82576 behind the bus instead of our model. The driver is the same:
 * it does not know.
 */

import type { ConformanceCase } from '@netcx/conformance';
import { provideRam } from '@netcx/qtest/ram';
import type { DriverOptions } from '../../src/settings.ts';

const ram = provideRam(128 * 1024 * 1024);
const { driverSuite } = await import('@netcx/conformance');
const { register } = await import('@netcx/conformance/node');
const { VirtualClock } = await import('@netcx/clock');
const { QemuMachine } = await import('@netcx/qtest');
const { ReferenceDriver } = await import('../../src/driver.ts');
const { WireEnd } = await import('./wire-end.ts');
const program = process.env['NETCX_QEMU'] ?? '';

/** What QEMU's chip does otherwise; `features.suite.ts` and `differential.suite.ts` show that it does. */
const DIFFERENT = [
  // It parses every frame, and drops one that claims to be IP and is not, whatever the driver asked for.
  'leaves frames alone that look like IP and are not sound',
  // No segment has the packet's FIN or PSH, not even the last one.
  'cuts frames into segments of every shape',
  // The test protocol cannot pull a device out of QEMU's root bus.
  'stops after its NIC was pulled out, and does not start without it',
  'does not start when its NIC was pulled out before',
  'leaves nothing behind when its NIC is pulled out while it starts',
  'stops when its NIC is pulled out while it stops',
];

/**
 * Cases that have no place here: the machine has no hooks for removal, sleep and reset, the driver is not told to hash or to
 * stamp, and moments are sought in steps of 20 ns, each of which is a message to QEMU.
 */
const ELSEWHERE =
  /: (?:loses its NIC |stops with frames that |sleeps in silence|carries frames again after it was reset|stops after its NIC was pulled out while it was reset|gives right hashes|stamps frames)/;

function suiteFor(options: DriverOptions): readonly ConformanceCase[] {
  const cases = driverSuite({
    iommu: 'without',
    create({ seed }) {
      const clock = new VirtualClock({ seed });
      const macAddress = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
      const machine = new QemuMachine({ program, ram, clock, devices: [{ model: 'igb', macAddress }] });
      const [station] = machine.stations;
      if (station === undefined) throw new Error('the machine has no device');
      const { slot, wire } = station;
      const driver = new ReferenceDriver(slot, clock, { name: 'igb', ...options });
      const peer = new WireEnd(wire, clock);
      return {
        clock,
        adapter: driver.adapter,
        peer,
        domain: slot.dma,
        start: () => driver.start(),
        stop: () => driver.stop(),
        dispose: () => {
          peer.close();
          machine.close();
        },
      };
    },
  });
  const here = cases.filter(({ name }) => !ELSEWHERE.test(name));
  const applicable = here.filter(({ name }) => !DIFFERENT.some((different) => name.endsWith(different)));
  if (applicable.length !== here.length - DIFFERENT.length)
    throw new Error('a case of the list of differences is gone');
  return applicable;
}

register("the reference driver on QEMU's igb", suiteFor({}), { effort: 0.1 });
register(
  "the reference driver on QEMU's igb, with jumbo frames, several queues and small rings",
  suiteFor({ mtu: 9000, queues: 4, ringSize: 16 }),
  { effort: 0.02 },
);
