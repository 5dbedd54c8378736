/*
 * Random accesses of a host gone mad, from a seed: registers, configuration space, frames from the cable, time. Memory
 * lies behind an IOMMU, so whatever the NIC makes of it cannot reach anything of the test's own.
 */

import { AssertionError, fail } from 'node:assert/strict';
import { enableDevice, type AccessSize, type PciFunction } from '@netcx/bus';
import { PAGE_BYTES, type LogicalAddress } from '@netcx/dma';
import { FRAME_BAD_FCS } from '@netcx/hardware/wire';
import type { NicRig, Place } from './nic-rig.ts';

/** What a scramble may do besides reaching registers. */
export interface ScrambleOptions {
  /** Whether configuration space is written to as well; false when left out. */
  readonly config?: boolean;
  /** Called after each write to configuration space: puts back what the case needs; `enableDevice` when left out. */
  readonly afterConfig?: (fn: PciFunction) => void;
  /** Told of every register that is read. */
  readonly onRead?: (value: number) => void;
}

/** Bytes of memory that the NIC may reach, so that not every random address faults. */
const SANDBOX_BYTES = 16 * PAGE_BYTES;
const EXTREMES = [0, 1, 0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x5a5a_5a5a, 0xa5a5_a5a5];

/**
 * Makes random accesses.
 *
 * @param rig - where; switched on
 * @param accesses - how many
 * @param options - what else
 * @throws AssertionError when the NIC throws, or answers with what is no 32-bit number
 */
export function scramble(rig: NicRig, accesses: number, options: ScrambleOptions = {}): void {
  const sandbox = rig.map(SANDBOX_BYTES);
  const at = { access: 'a look for registers' };
  try {
    const places = rig.places();
    const alive = places.filter(({ bar, offset }) => {
      rig.fn.write32(bar, offset, 0xffff_ffff);
      return rig.fn.read32(bar, offset) !== 0;
    });
    for (let access = 0; access < accesses; access++) {
      step(rig, rig.random.chance(0.7) && alive.length > 0 ? alive : places, sandbox, options, at);
    }
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    fail(
      `the NIC threw during ${at.access}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}

function randomValue({ random }: NicRig, sandbox: LogicalAddress): number {
  const kind = random.below(6);
  if (kind === 0) return random.next();
  if (kind === 1) return 2 ** random.below(32);
  if (kind === 2) return random.below(0x1_0000);
  if (kind === 3) return (sandbox + random.below(SANDBOX_BYTES / 16) * 16) % 0x1_0000_0000;
  if (kind === 4) return Math.floor(sandbox / 0x1_0000_0000);
  return random.pick(EXTREMES);
}

/** One access; `at` says which, for the case that it throws. */
function step(
  rig: NicRig,
  places: readonly Place[],
  sandbox: LogicalAddress,
  options: ScrambleOptions,
  at: { access: string },
): void {
  const { fn, random } = rig;
  const what = random.below(100);
  if (what < 85) {
    const { bar, offset } = random.pick(places);
    const place = `BAR ${bar} 0x${offset.toString(16)}`;
    if (random.chance(0.6)) {
      at.access = `a write to ${place}`;
      fn.write32(bar, offset, randomValue(rig, sandbox));
      return;
    }
    at.access = `a read of ${place}`;
    const value = fn.read32(bar, offset);
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff)
      fail(`${place} reads as ${value}, no 32-bit number`);
    options.onRead?.(value);
  } else if (what < 90) {
    at.access = 'the arrival of frames';
    sendFrames(rig);
  } else if (what < 92) {
    at.access = 'a change of the cable';
    rig.peer.plug(random.chance(0.7));
  } else if (what < 96 && options.config === true) {
    const size = random.pick<AccessSize>([1, 2, 4]);
    const offset = Math.floor(random.below(256) / size) * size;
    at.access = `a write to configuration space at 0x${offset.toString(16)}`;
    fn.writeConfig(offset, size, randomValue(rig, sandbox) % 2 ** (size * 8));
    (options.afterConfig ?? enableDevice)(fn);
  } else {
    at.access = 'the passing of time';
    rig.clock.advance(random.below(random.pick([1000, 100_000, 50_000_000])));
  }
}

function sendFrames({ peer, random }: NicRig): void {
  if (peer.waiting > 0) return;
  const lengths = [0, 1, 13, 59, 60, 64, 1514, 1518, 9000, 16_000];
  const frames = Array.from({ length: random.between(1, 8) }, () => {
    const bytes = new Uint8Array(random.pick(lengths));
    random.fill(bytes.subarray(0, 64));
    if (random.chance(0.5)) bytes.fill(0xff, 0, 6);
    return bytes;
  });
  peer.send(frames, random.chance(0.1) ? FRAME_BAD_FCS : 0);
}
