/* The plain NIC as the NIC suite wants it. */

import { VirtualClock } from '@netcx/clock';
import { Link } from '@netcx/hardware';
import type { NicUnderTest, NicWishes } from '../src/index.ts';
import { PLAIN, PlainNic, type NicFault } from './plain-nic.ts';

export function plainNic({ seed }: NicWishes, faults: readonly NicFault[] = []): NicUnderTest {
  const clock = new VirtualClock({ seed });
  const link = new Link(clock, { capacity: 64 * 1024 });
  const nic = new PlainNic(clock, link.a, faults);
  return {
    endpoint: nic,
    clock,
    peer: link.b,
    startDma(fn, address) {
      fn.write32(0, PLAIN.TX_LOW.offset, address % 0x1_0000_0000);
      fn.write32(0, PLAIN.TX_HIGH.offset, Math.floor(address / 0x1_0000_0000));
      fn.write32(0, PLAIN.TX_COUNT.offset, 16);
      fn.write32(0, PLAIN.TX_TAIL.offset, 1);
      fn.write32(0, PLAIN.CONTROL.offset, PLAIN.CONTROL.TX_ON.mask);
    },
    raiseVector: (fn, vector) => fn.write32(0, PLAIN.RAISE.offset, vector),
    dispose() {
      nic.close();
      link.close();
    },
  };
}
