/*
 * Random accesses of the host, from a seed: whatever a driver does, the model answers and never throws, and bits that
 * cannot change do not. NETCX_FUZZ_ACCESSES and NETCX_FUZZ_SEED set how many and which.
 */

import { expect, it } from 'vitest';
import { enableDevice, HostBridge } from '@netcx/bus';
import { Random, VirtualClock } from '@netcx/clock';
import { IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { accessMasks, Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576 } from '../src/index.ts';
import { BAR, REGISTERS } from '../src/registers/index.ts';
import { MAC, Sink } from './machine.ts';

const ACCESSES = Number(process.env['NETCX_FUZZ_ACCESSES'] ?? 100_000);
const SEED = Number(process.env['NETCX_FUZZ_SEED'] ?? 82576);
const table = Object.values(REGISTERS) as readonly Register[];

/** Registers that show something of the moment: their bits that are the same at every moment. */
// prettier-ignore
const FIXED_BITS: Readonly<Record<string, number>> = {
  STATUS: 0xfff7_fb3c, EECD: 0x7b08, EERD: 0, MDIC: 0, ICR: 0x082b_0402, EICR: 0xfe00_0000, RDH: 0xffff_0000, RQDPC: 0,
};

/** Bits of a register that nothing a host does may change. */
function fixedBits(register: Register): number {
  const known = FIXED_BITS[register.name];
  if (known !== undefined) return known;
  if (register.offset >= 0x4000 && register.offset < 0x4200) return 0; // statistics count
  const { store, clear, readClear } = accessMasks(register);
  return ~(store | clear | readClear);
}

const checks = table.map((register) => ({ register, fixed: fixedBits(register) }));

function value(random: Random): number {
  const kind = random.below(4);
  if (kind === 0) return random.next();
  if (kind === 1) return 2 ** random.below(32);
  return kind === 2 ? random.below(0x1_0000) : random.pick([0, 0xffff_ffff, 0x5a5a_5a5a, 0xa5a5_a5a5]);
}

function fuzz(domain: DmaDomain, stream: string): void {
  const random = new Random(SEED, stream);
  const clock = new VirtualClock({ seed: SEED });
  const link = new Link(clock, { capacity: 128 * 1024 });
  link.b.attach(new Sink());
  link.b.enable(true);
  const nic = new Nic82576({ clock, link: link.a, macAddress: MAC });
  const { function: fn } = new HostBridge(clock).attach(nic, { dma: domain });
  enableDevice(fn);
  const note = `seed ${String(SEED)} (${stream})`;
  for (let access = 0; access < ACCESSES; access++) {
    const where = random.below(100);
    if (where < 80) {
      const { register, fixed } = random.pick(checks);
      const at = register.at(random.below(register.count));
      if (random.chance(0.5)) fn.write32(0, at, value(random));
      const read = fn.read32(0, at);
      const wrong = (read ^ register.reset) & fixed & accessMasks(register).visible;
      if (wrong !== 0) {
        expect.fail(
          `${note}, access ${String(access)}: ${register.name} at 0x${at.toString(16)} reads 0x${read.toString(16)}, bits 0x${(wrong >>> 0).toString(16)} changed`,
        );
      }
      if (register.access === 'wo' && read !== 0)
        expect.fail(`${note}, access ${String(access)}: ${register.name} can be read`);
    } else if (where < 95) {
      const bar = random.pick([BAR.REGISTERS, BAR.IO, BAR.MSIX, BAR.FLASH]);
      const at = random.below(bar.bytes / 4) * 4;
      if (random.chance(0.5)) fn.write32(bar.index, at, value(random));
      else fn.read32(bar.index, at);
    } else if (where < 96) {
      const size = random.pick([1, 2, 4] as const);
      const at = Math.floor(random.below(0x100) / size) * size;
      fn.writeConfig(at, size, value(random));
      enableDevice(fn);
      fn.writeConfig(0x44, 2, 0); // awake
      enableDevice(fn);
    } else {
      clock.advance(random.below(1_000_000));
    }
  }
  // It still works after all that.
  fn.write32(0, REGISTERS.CTRL.offset, REGISTERS.CTRL.RST.mask);
  expect(fn.read32(0, REGISTERS.CTRL.offset), note).toBe(REGISTERS.CTRL.reset);
  expect(nic.describe()).toContain('CTRL @00000');
}

it(`answers ${String(ACCESSES)} random accesses that can reach all of host memory`, { timeout: 600_000 }, () => {
  fuzz(new IdentityMap(), 'identity');
});

it(`answers ${String(ACCESSES)} random accesses that can reach no memory at all`, { timeout: 600_000 }, () => {
  fuzz(new Iommu(), 'iommu');
});
