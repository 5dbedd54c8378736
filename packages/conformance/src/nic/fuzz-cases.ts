/*
 * Cases in which the host does anything at all: the NIC answers, never throws, keeps to what the host allows, and does
 * the same again for the same seed. `effort` makes them longer.
 */

import { strictEqual } from 'node:assert/strict';
import {
  CapabilityId,
  Configuration,
  enableDevice,
  findCapability,
  PowerManagement,
  type PciFunction,
} from '@netcx/bus';
import { SECOND } from '@netcx/clock';
import { expectEqual } from '../expectations.ts';
import type { NicCase } from './nic-case.ts';
import type { NicRig } from './nic-rig.ts';
import { scramble } from './scramble.ts';

const { COMMAND_STATUS } = Configuration;
const { PM_CTRL } = PowerManagement;
const ACCESSES = 30_000;

const accessesOf = ({ context }: NicRig): number => Math.ceil(ACCESSES * context.effort);

/** Wakes the function from whatever power state it was put into, and switches it on. */
function revive(fn: PciFunction): void {
  const power = findCapability(fn, CapabilityId.powerManagement);
  if (power !== undefined) fn.writeConfig(power + PM_CTRL.offset, 2, 0);
  enableDevice(fn);
}

function answersAnything(rig: NicRig): void {
  enableDevice(rig.fn);
  scramble(rig, accessesOf(rig), { config: true, afterConfig: revive });
  // After all that it is still a NIC that can be reset.
  rig.nic.endpoint.reset();
  revive(rig.fn);
  const id = rig.fn.readConfig(Configuration.ID.offset, 4);
  strictEqual(id !== 0 && id !== 0xffff_ffff, true, 'a NIC that was reset says who it is');
}

function keepsOffTheBus(rig: NicRig): void {
  const { fn, watch } = rig;
  const memoryOnly = (): void => {
    fn.writeConfig(COMMAND_STATUS.offset, 2, COMMAND_STATUS.MEMORY.mask | COMMAND_STATUS.INTX_DISABLE.mask);
  };
  memoryOnly();
  scramble(rig, accessesOf(rig));
  rig.clock.advance(SECOND);
  strictEqual(watch.accesses, 0, 'accesses to memory while bus mastering is off');
  expectEqual(watch.messages, [], 'messages while bus mastering is off');
}

function mayBeRemovedAtAnyMoment(rig: NicRig): void {
  enableDevice(rig.fn);
  scramble(rig, Math.ceil((accessesOf(rig) * rig.random.fraction()) / 4), { config: true, afterConfig: revive });
  rig.slot.remove();
  const { accesses } = rig.watch;
  const messages = rig.watch.messages.length;
  rig.clock.advance(10 * SECOND);
  strictEqual(rig.watch.accesses - accesses, 0, 'accesses to memory of a NIC that is gone');
  strictEqual(rig.watch.messages.length - messages, 0, 'messages of a NIC that is gone');
}

/** Everything that a run shows, in few numbers. */
function trace(rig: NicRig): readonly number[] {
  let hash = 0;
  let reads = 0;
  enableDevice(rig.fn);
  scramble(rig, Math.ceil(accessesOf(rig) / 4), {
    onRead: (value) => {
      hash = Math.imul(hash ^ value, 0x0100_0193);
      reads++;
    },
  });
  return [hash, reads, rig.clock.now(), rig.watch.accesses, rig.watch.messages.length, rig.watch.pinChanges];
}

async function doesTheSameAgain(rig: NicRig, another: () => Promise<NicRig>): Promise<void> {
  const first = trace(rig);
  const second = trace(await another());
  expectEqual(second, first, 'hash of reads, reads, time, memory accesses, messages and pin changes of a second run');
}

/** Cases about random accesses. */
export const FUZZ_CASES: readonly NicCase[] = [
  { name: 'answers any access at any time and never throws', run: answersAnything },
  { name: 'keeps off the bus while bus mastering is off, whatever its registers say', run: keepsOffTheBus },
  { name: 'may be removed at any moment', run: mayBeRemovedAtAnyMoment },
  { name: 'does the same again for the same seed', run: doesTheSameAgain },
];
