/* The suite that every NIC model must pass, for this one. */

import type { PciFunction } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { nicSuite } from '@netcx/conformance';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576, type Nic82576Options } from '../src/index.ts';
import { BAR, LOOPBACK_MODE, REGISTERS } from '../src/registers/index.ts';
import { MAC } from './machine.ts';

const { EIAC, EICS, EIMS, GPIE, RCTL, STATUS, TCTL, TDBAH, TDBAL, TDLEN, TDT, TXDCTL } = REGISTERS;

/** The cases, for a model with these options. */
export function suiteFor(options: Partial<Nic82576Options>) {
  return nicSuite({
    create({ seed }) {
      const clock = new VirtualClock({ seed });
      const link = new Link(clock, { capacity: 128 * 1024 });
      const nic = new Nic82576({ clock, link: link.a, macAddress: MAC, ...options });
      const writer = (fn: PciFunction) => (register: Register, value: number) => {
        fn.write32(BAR.REGISTERS.index, register.offset, value);
      };
      return {
        endpoint: nic,
        clock,
        peer: link.b,
        startDma(fn, address) {
          const write = writer(fn);
          write(RCTL, RCTL.LBM.set(0, LOOPBACK_MODE.MAC)); // it sends without a cable
          write(TDBAL, address % 0x1_0000_0000);
          write(TDBAH, Math.floor(address / 0x1_0000_0000));
          write(TDLEN, 4096);
          write(TXDCTL, TXDCTL.ENABLE.mask);
          write(TCTL, TCTL.EN.mask);
          write(TDT, 1);
        },
        raiseVector(fn, vector) {
          const write = writer(fn);
          write(GPIE, GPIE.Multiple_MSIX.mask);
          write(EIAC, 2 ** vector);
          write(EIMS, 2 ** vector);
          write(EICS, 2 ** vector);
        },
        // STATUS.PHYRA says that the PHY was reset, which a function-level reset leaves alone.
        survivesReset: (bar, offset, kind) =>
          kind === 'function' && bar === BAR.REGISTERS.index && offset === STATUS.offset,
        dispose() {
          nic.close();
          link.close();
        },
      };
    },
  });
}
