/*
 * Machines around the drivers of mode-drivers.ts: started, tested, stopped, and found to have kept nothing.
 */

import { hostPages } from '@netcx/dma';
import { expect } from 'vitest';
import { RxCapabilities } from '../src/index.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { Attacher, Lender, SLOT } from './mode-drivers.ts';

export interface LendingRig {
  readonly machine: FakeMachine;
  readonly driver: Lender;
}

/** A started machine whose driver lends its own buffers, around a test; each is back in the end. */
export async function lending(
  options: FakeMachineOptions & { readonly slots?: number },
  test: (rig: LendingRig) => void | Promise<void>,
): Promise<void> {
  const taken = hostPages.bytesTaken;
  const { slots = 32 } = options;
  const memory = hostPages.allocate(slots * SLOT, { owner: 'the driver’s own' });
  let driver: Lender | undefined;
  const machine = buildFakeMachine({
    ...options,
    receive: () => RxCapabilities.driverManaged((low, high) => driver?.back(low, high), SLOT, 1),
    callbacks: {
      createRxQueue: (init) => {
        init.create((queue) => (driver = new Lender(queue, memory, slots)));
      },
    },
  });
  machine.adapter.start();
  machine.clock.run();
  await test({ machine, driver: driver! });
  machine.recorder.release();
  await machine.stop();
  expect(driver!.free.toSorted((a, b) => a - b)).toEqual(Array.from({ length: slots }, (_, slot) => slot));
  hostPages.free(memory);
  expect(hostPages.bytesTaken).toBe(taken);
}

/** A started machine whose driver attaches the system's buffers, around a test; nothing is left in the end. */
export async function attaching(
  options: FakeMachineOptions,
  test: (rig: { readonly machine: FakeMachine; readonly driver: Attacher }) => void | Promise<void>,
): Promise<void> {
  const taken = hostPages.bytesTaken;
  let driver: Attacher | undefined;
  const machine = buildFakeMachine({
    ...options,
    receive: (dma) => RxCapabilities.systemManagedDma(dma, SLOT, 1, { attachmentMode: 'driver' }),
    callbacks: {
      createRxQueue: (init) => {
        init.create((queue) => (driver = new Attacher(queue)));
      },
    },
  });
  machine.adapter.start();
  machine.clock.run();
  await test({ machine, driver: driver! });
  machine.recorder.release();
  await machine.stop();
  expect(machine.domain.faultCount).toBe(0);
  expect(hostPages.bytesTaken).toBe(taken);
}
