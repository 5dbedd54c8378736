/*
 * Machines whose drivers are watched, and drivers that make one mistake: they are the correct ones of the other tests, and do
 * one thing more, once. Every machine is stopped in the end, and has kept nothing, whatever its driver did.
 */

import { hostPages, type DmaDomain } from '@netcx/dma';
import type { BoundExtension, Extension, ExtensionFields } from '@netcx/extensions';
import { expect } from 'vitest';
import {
  RxCapabilities,
  type ExecutionContext,
  type NetAdapter,
  type NetAdapterOptions,
  type PacketQueueCallbacks,
  type RxQueue,
  type SharedQueueCallbacks,
  type TxQueue,
  type ViolationError,
} from '../../src/index.ts';
import { FakeRx, FakeTx } from '../fake-driver.ts';
import { buildFakeMachine, type FakeMachine, type FakeMachineOptions } from '../fake-machine.ts';
import { filled, pattern, submitFrame } from '../frames.ts';
import { Attacher, Lender, SLOT } from '../mode-drivers.ts';

type Callback = 'start' | 'advance' | 'setNotificationEnabled' | 'cancel' | 'stop';

/** What a mutant does once, at the end of a callback. */
export interface Mistake {
  readonly at: Callback;
  readonly make: () => void;
}

/** A transmit driver that makes a mistake when it is told to. */
export class MutantTx extends FakeTx {
  readonly queue: TxQueue;
  mistake: Mistake | undefined;

  constructor(queue: TxQueue, domain: DmaDomain | undefined) {
    super(queue, domain);
    this.queue = queue;
  }

  #after(callback: Callback): void {
    if (this.mistake?.at !== callback) return;
    const { make } = this.mistake;
    this.mistake = undefined;
    make();
  }

  override start(): void {
    super.start();
    this.#after('start');
  }

  override advance(): void {
    super.advance();
    this.#after('advance');
  }

  override setNotificationEnabled(enabled: boolean): void {
    super.setNotificationEnabled(enabled);
    this.#after('setNotificationEnabled');
  }

  override cancel(): void {
    super.cancel();
    this.#after('cancel');
  }

  override stop(): void {
    super.stop();
    this.#after('stop');
  }
}

/** A receive driver that makes a mistake when it is told to. */
export class MutantRx extends FakeRx {
  readonly queue: RxQueue;
  override expectsEmpty = false;
  mistake: Mistake | undefined;

  constructor(queue: RxQueue, domain: DmaDomain | undefined) {
    super(queue, domain);
    this.queue = queue;
  }

  #after(callback: Callback): void {
    if (this.mistake?.at !== callback) return;
    const { make } = this.mistake;
    this.mistake = undefined;
    make();
  }

  override advance(): void {
    super.advance();
    this.#after('advance');
  }

  override setNotificationEnabled(enabled: boolean): void {
    super.setNotificationEnabled(enabled);
    this.#after('setNotificationEnabled');
  }

  override cancel(): void {
    super.cancel();
    this.#after('cancel');
  }
}

/** A started machine with watched queues. */
export interface WatchedRig {
  readonly machine: FakeMachine;
  readonly tx: MutantTx;
  /** Of a machine whose buffers the system attaches. */
  readonly rx: MutantRx;
  readonly lender: Lender;
  readonly attacher: Attacher;
  /** What the listener was told, in order. */
  readonly told: ViolationError[];
  /** The rings of the only queue of a direction. */
  readonly rings: { readonly tx: TxQueue['rings']; readonly rx: RxQueue['rings'] };
  /** Where an extension lies in the elements of a queue. */
  readonly txExtension: <F extends ExtensionFields>(extension: Extension<F>) => BoundExtension<F>;
  readonly rxExtension: <F extends ExtensionFields>(extension: Extension<F>) => BoundExtension<F>;
  /** Sends so many frames, and runs the clock: the driver has posted them, and its device has not finished any. */
  readonly send: (frames: number) => void;
  /** Lets the queues be polled, and everything else that is due happen. */
  readonly poll: () => void;
}

/** How a machine of a test is made. */
export interface WatchedOptions extends FakeMachineOptions {
  /** Who brings receive buffers; the system when left out. */
  readonly mode?: 'system' | 'lent' | 'attached';
  readonly verifier?: NetAdapterOptions['verifier'];
  /** Whether both queues are polled in one execution context of the driver's. */
  readonly shared?: boolean;
  /** Told of the adapter before it starts. */
  readonly before?: (adapter: NetAdapter) => void;
}

/** A driver's side, polled in a context of its own: the context's notification is in place of the queue's. */
const sharing = (executionContext: ExecutionContext, driver: PacketQueueCallbacks): SharedQueueCallbacks => ({
  executionContext,
  start: () => driver.start?.(),
  advance: () => {
    driver.advance();
  },
  cancel: () => {
    driver.cancel();
  },
  stop: () => driver.stop?.(),
});

/** Runs a test on a started machine, then stops it: nothing is left. */
export async function watched(options: WatchedOptions, test: (rig: WatchedRig) => void | Promise<void>): Promise<void> {
  const taken = hostPages.bytesTaken;
  const { mode = 'system' } = options;
  const slots = 32;
  const memory = hostPages.allocate(slots * SLOT, { owner: 'the driver’s own' });
  const told: ViolationError[] = [];
  const reach = (): DmaDomain | undefined => (options.withoutDma === true ? undefined : machine.enabler.domain);
  let tx: MutantTx | undefined;
  let rx: MutantRx | undefined;
  let lender: Lender | undefined;
  let attacher: Attacher | undefined;
  let contextOfBoth: ExecutionContext | undefined;
  const context = (): ExecutionContext =>
    (contextOfBoth ??= machine.adapter.createExecutionContext({
      setNotificationEnabled: (enabled) => {
        for (const driver of [tx, rx]) driver?.setNotificationEnabled(enabled);
      },
    }));
  const machine: FakeMachine = buildFakeMachine({
    ...options,
    ...(mode === 'lent' && {
      receive: () => RxCapabilities.driverManaged((low, high) => lender?.back(low, high), SLOT, 1),
    }),
    ...(mode === 'attached' && {
      receive: (dma) => RxCapabilities.systemManagedDma(dma, SLOT, 1, { attachmentMode: 'driver' }),
    }),
    adapter: {
      ...options.adapter,
      verifier: options.verifier ?? { onViolation: (violation) => told.push(violation) },
    },
    callbacks: {
      createTxQueue: (init) => {
        init.create((queue) => {
          tx = new MutantTx(queue, reach());
          return options.shared === true ? sharing(context(), tx) : tx;
        });
      },
      createRxQueue: (init) => {
        init.create((queue) => {
          if (mode === 'lent') {
            lender = new Lender(queue, memory, slots);
            lender.expectsEmpty = false;
            return lender;
          }
          if (mode === 'attached') return (attacher = new Attacher(queue));
          rx = new MutantRx(queue, reach());
          return options.shared === true ? sharing(context(), rx) : rx;
        });
      },
      ...options.callbacks,
    },
  });
  options.before?.(machine.adapter);
  machine.adapter.start();
  machine.clock.run();
  const poll = (): void => {
    for (const queue of [...machine.adapter.transmitQueues, ...machine.adapter.receiveQueues]) queue.context.wake();
    machine.clock.run();
  };
  const txQueue = machine.adapter.transmitQueues[0]!;
  const rxQueue = machine.adapter.receiveQueues[0]!;
  await test({
    machine,
    tx: tx!,
    rx: rx!,
    lender: lender!,
    attacher: attacher!,
    told,
    rings: { tx: txQueue.rings, rx: rxQueue.rings },
    txExtension: (extension) => txQueue.extension(extension),
    rxExtension: (extension) => rxQueue.extension(extension),
    send: (frames) => {
      for (let frame = 0; frame < frames; frame++)
        submitFrame(txQueue.edge, [filled(txQueue.edge.pool, pattern(100, frame))]);
      machine.clock.run();
    },
    poll,
  });
  machine.recorder.keeps = false;
  machine.recorder.release();
  machine.clock.run();
  for (let round = 0; (tx?.outstanding ?? 0) > 0 && round < 100; round++) {
    tx?.finishAll();
    machine.clock.run();
  }
  await machine.stop();
  hostPages.free(memory);
  expect(hostPages.bytesTaken).toBe(taken);
}
