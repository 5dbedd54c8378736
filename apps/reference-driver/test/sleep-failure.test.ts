/* A sleep or a waking that fails, in the driver's own hands and in those of a device: the chip is off the bus then, and all is back. */

import { type AttachedSlot, CapabilityId, findCapability, type PciSlot } from '@netcx/bus';
import { hostPages } from '@netcx/dma';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Pair } from './pair.ts';
import { through } from './slot-through.ts';
import { testSize } from './test-size.ts';

const { CTRL } = REGISTERS;
const WAKE = { wake: true };

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

/** Neither memory space nor bus mastering is on. */
const isOff = ({ a }: Pair): boolean => (a.slot.function.readConfig(4, 2) & 6) === 0;

/** Goes to sleep, ready to wake the host. */
const sleep = ({ a }: Pair): Promise<void> =>
  a.driver.plugAndPlay?.powerDown('D3', WAKE) ?? a.driver.sleep({ magicPacket: true });

const wake = ({ a }: Pair): Promise<void> => a.driver.plugAndPlay?.powerUp() ?? a.driver.start();

/** Of so many moments one is looked at. */
const moments = testSize('moments of a waking', { quick: 61, ci: 17, long: 1 });

const KINDS = [
  ['in its own hands', false],
  ['under plug and play', true],
] as const;

it.each(KINDS)('a function without power management cannot sleep, and is off the bus, %s', async (_, plugAndPlay) => {
  let hidden = 0;
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => {
      const capability = findCapability(real, CapabilityId.powerManagement)!;
      return {
        // A capability of another kind stands in its place.
        readConfig: (offset, size) =>
          offset === capability && hidden > 0 ? real.readConfig(offset, size) | 0xff : real.readConfig(offset, size),
      };
    });
  const pair = await Pair.started({ bus, plugAndPlay, far: { plugAndPlay: false } });
  const { a, clock } = pair;
  hidden = 1;
  await expect(clock.drive(sleep(pair))).rejects.toMatchObject({ code: 'NO_POWER_MANAGEMENT' });
  expect([isOff(pair), a.driver.adapter.linkState.connected]).toEqual([true, false]);
  await clock.drive(wake(pair));
  pair.awaitLink(true);
  hidden = 0;
  await clock.drive(sleep(pair));
  await clock.drive(wake(pair));
  pair.awaitLink(true);
  await clock.drive(a.driver.plugAndPlay?.remove() ?? a.driver.stop());
  await pair.close();
});

it.each(KINDS)('a chip that does not come out of its reset does not wake, and is off the bus, %s', async (_, under) => {
  let stuck = false;
  const bus = (slot: AttachedSlot): PciSlot =>
    through(slot, (real) => ({
      read32: (bar, offset) => {
        const value = real.read32(bar, offset);
        return stuck && offset === CTRL.offset ? (value | CTRL.RST.mask) >>> 0 : value;
      },
    }));
  const pair = await Pair.started({ bus, plugAndPlay: under, far: { plugAndPlay: false } });
  const { a, clock } = pair;
  await clock.drive(sleep(pair));
  stuck = true;
  await expect(clock.drive(wake(pair))).rejects.toMatchObject({ code: 'TIMEOUT' });
  expect([isOff(pair), a.driver.adapter.linkState.connected]).toEqual([true, false]);
  stuck = false;
  if (under) await expect(clock.drive(wake(pair))).rejects.toMatchObject({ code: 'LIFE_ORDER' });
  else {
    await clock.drive(wake(pair));
    pair.awaitLink(true);
  }
  await clock.drive(a.driver.plugAndPlay?.remove() ?? a.driver.stop());
  expect(isOff(pair)).toBe(true);
  await pair.close();
});

it.each(KINDS)(
  'pulled out at any moment of a sleep and a waking, everything comes back, %s',
  async (_, plugAndPlay) => {
    // How many accesses they take: then it is pulled out before each of some of them.
    let accesses = 0;
    let removeAt = Infinity;
    let asleepAt = 0;
    const bus = (slot: AttachedSlot): PciSlot => {
      const isA = slot.function.name === 'a';
      const before = <A extends readonly unknown[], R>(access: (...args: A) => R) => {
        return (...args: A): R => {
          if (isA && ++accesses === removeAt) slot.remove();
          return access(...args);
        };
      };
      return through(slot, (real) => ({
        readConfig: before((offset, size) => real.readConfig(offset, size)),
        writeConfig: before((offset, size, value) => real.writeConfig(offset, size, value)),
        read32: before((bar, offset) => real.read32(bar, offset)),
        write32: before((bar, offset, value) => real.write32(bar, offset, value)),
      }));
    };
    const outcomes = new Set<string>();
    const pullOutAt = async (at: number): Promise<number> => {
      removeAt = Infinity;
      const pair = await Pair.started({ bus, plugAndPlay, far: { plugAndPlay: false } });
      const { a, clock } = pair;
      accesses = 0;
      removeAt = at;
      const both = async (): Promise<string> => {
        await sleep(pair);
        asleepAt = accesses;
        await wake(pair);
        return 'woken';
      };
      const failed = (error: unknown): string => (error as { code?: string }).code ?? String(error);
      outcomes.add(await clock.drive(both().catch(failed)));
      const took = accesses;
      removeAt = Infinity;
      await clock.drive(a.driver.plugAndPlay?.remove() ?? a.driver.stop());
      clock.advance(1e6);
      const { adapter, wakeReason } = a.driver;
      expect(adapter.linkState.connected, `pulled out at access ${at}`).toBe(false);
      expect(Object.values(wakeReason?.on ?? {}), `pulled out at access ${at}`).not.toContain(true); // nothing woke it
      await pair.close();
      expect(hostPages.bytesTaken, `pulled out at access ${at}`).toBe(taken);
      return took;
    };
    const most = await pullOutAt(Infinity);
    const first = asleepAt;
    const closely = Array.from({ length: 24 }, (_each, index) => first + index);
    const others = Array.from({ length: Math.ceil(most / moments) }, (_each, index) => 1 + index * moments);
    for (const at of [...closely, ...others]) await pullOutAt(at);
    expect([...outcomes].sort()).toEqual(['DEVICE_GONE', plugAndPlay ? 'LIFE_ORDER' : '', 'woken'].filter(Boolean));
  },
);
