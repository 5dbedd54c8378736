/* A start that fails says why, leaves nothing allocated, mapped or connected, and can be tried again. */

import { hostPages, Iommu } from '@netcx/dma';
import type { AttachedSlot, PciSlot } from '@netcx/bus';
import { EEPROM_WORD } from '@netcx/nic-82576/registers';
import { eepromImage, NicError } from '@netcx/nic-82576';
import { expect, it } from 'vitest';
import { frame, Pair, type PairOptions } from './pair.ts';
import { through } from './slot-through.ts';

/** By itself, and in the hands of a device that follows plug and play. */
async function expectFailure(options: PairOptions, code: string): Promise<void> {
  for (const plugAndPlay of [false, true]) await expectFailureOf({ ...options, plugAndPlay }, code);
}

async function expectFailureOf(options: PairOptions, code: string): Promise<void> {
  const taken = hostPages.bytesTaken;
  const pair = new Pair({ iommu: true, ...options });
  const { a, clock } = pair;
  await expect(clock.drive(a.driver.start())).rejects.toMatchObject({ code });
  expect(hostPages.bytesTaken).toBe(taken);
  expect(a.domain).toBeInstanceOf(Iommu);
  expect(a.domain).toHaveProperty('mappedPages', 0);
  // Neither memory space nor bus mastering is on any more.
  expect(a.slot.function.readConfig(4, 2) & 6).toBe(0);
  await pair.close();
}

it('finds a wrong EEPROM checksum', async () => {
  const eeprom = eepromImage('02:00:00:00:00:01');
  eeprom[EEPROM_WORD.CHECKSUM]! ^= 1;
  await expectFailure({ nic: { eeprom } }, 'EEPROM_CHECKSUM');
});

it('refuses a function that is no 82576', () => {
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({
      readConfig: (offset, size) => (offset === 0 ? 0x10d3_8086 : real.readConfig(offset, size)),
    }));
  expect(() => new Pair({ bus })).toThrow(/^WRONG_DEVICE: a: ids 10d38086; expected 10c98086/);
});

it('refuses a function with a single vector', async () => {
  // It would do with a message or the pin, but was told not to.
  await expectFailure({ nic: { vectors: 1 }, interrupts: 'msix' }, 'TOO_FEW_VECTORS');
  expect(() => new Pair({ nic: { vectors: 0 } })).toThrow(NicError);
});

it('gives up on a chip that never finishes a reset', async () => {
  const [CTRL, RST] = [0, 0x0400_0000];
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({ read32: (bar, offset) => real.read32(bar, offset) | (offset === CTRL ? RST : 0) }));
  await expectFailure({ bus }, 'TIMEOUT');
});

it("starts on a chip that never says that its EEPROM was read, as QEMU's", async () => {
  const EECD = 0x10;
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({ read32: (bar, offset) => (offset === EECD ? 0 : real.read32(bar, offset)) }));
  const pair = await Pair.started({ bus });
  await pair.close();
});

it('gives up on a PHY that it does not know, with its queues up already', async () => {
  const MDIC = 0x20;
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({ read32: (bar, offset) => real.read32(bar, offset) ^ (offset === MDIC ? 0x40 : 0) }));
  await expectFailure({ bus }, 'PHY_UNKNOWN');
});

it('gives up on a PHY that reports an error', async () => {
  const MDIC = 0x20;
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({
      read32: (bar, offset) => (real.read32(bar, offset) | (offset === MDIC ? 0x4000_0000 : 0)) >>> 0,
    }));
  await expectFailure({ bus }, 'PHY_ERROR');
});

it('gives back what it has when the host runs out of messages', async () => {
  let left = 1;
  const bus = (slot: AttachedSlot): PciSlot => ({
    ...through(slot, () => ({})),
    allocateMessage: (handler) => {
      if (left-- === 0) throw new Error('no messages left');
      return slot.allocateMessage(handler);
    },
  });
  const taken = hostPages.bytesTaken;
  const pair = new Pair({ bus });
  await expect(pair.clock.drive(pair.a.driver.start())).rejects.toThrow('no messages left');
  expect(hostPages.bytesTaken).toBe(taken);
  left = Infinity;
  await pair.start();
  await pair.close();
});

it('survives the device being pulled out at any moment of the start', async () => {
  const taken = hostPages.bytesTaken;
  // How many register accesses a start takes: then it is pulled out before each of some of them.
  let accesses = 0;
  let removeAt = Infinity;
  const bus = (slot: AttachedSlot): PciSlot => {
    const isA = slot.function.name === 'a';
    const access = (): void => {
      if (isA && ++accesses === removeAt) slot.remove();
    };
    return through(slot, (real) => ({
      read32: (bar, offset) => {
        access();
        return real.read32(bar, offset);
      },
      write32: (bar, offset, value) => {
        access();
        real.write32(bar, offset, value);
      },
    }));
  };
  const whole = await Pair.started({ bus, queues: 2 });
  const most = accesses;
  await whole.close();
  expect(most).toBeGreaterThan(500);
  const outcomes = new Set<string>();
  for (let at = 1; at <= most; at += at < 60 || at > most - 120 ? 1 : 37) {
    const pair = new Pair({ bus, queues: 2 });
    accesses = 0;
    removeAt = at;
    const { a, clock } = pair;
    const started = await clock.drive(
      a.driver.start().then(
        () => 'started',
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      ),
    );
    outcomes.add(started);
    removeAt = Infinity;
    await clock.drive(a.driver.stop());
    clock.advance(1e6);
    await pair.close();
    expect(hostPages.bytesTaken, `pulled out at access ${at}`).toBe(taken);
  }
  expect([...outcomes].sort()).toEqual(['DEVICE_GONE', 'started']);
});

it('can be started once what was wrong is put right', async () => {
  let wrong = true;
  const [CTRL, RST] = [0, 0x0400_0000];
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({
      read32: (bar, offset) => real.read32(bar, offset) | (offset === CTRL && wrong ? RST : 0),
    }));
  const pair = new Pair({ bus });
  await expect(pair.clock.drive(pair.a.driver.start())).rejects.toMatchObject({ code: 'TIMEOUT' });
  wrong = false;
  await pair.start();
  pair.send(pair.a, frame(60));
  pair.clock.advance(1e6);
  expect(pair.b.arrivals).toHaveLength(1);
  await pair.close();
});
