/*
 * How an adapter stops, fails to stop and can be stopped again, and that it gives everything back.
 */

import { hostPages } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import { AdapterError } from '../src/index.ts';
import { buildFakeMachine } from './fake-machine.ts';
import { submitFrame } from './frames.ts';

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof AdapterError) return error.code;
    throw error;
  }
};

describe('stop', () => {
  it('calls cancel, then advance until everything is back, then stop, and gives all memory back', async () => {
    const taken = hostPages.bytesTaken;
    const machine = buildFakeMachine();
    const { adapter, clock, tx, rx, domain } = machine;
    adapter.start();
    clock.run();
    expect(rx[0]!.buffers).toBe(15);
    expect(adapter.statistics().buffers).toEqual({
      'fake tx 0': { count: 32, free: 32, nic: 0, protocol: 0, transmit: 0 },
      'fake tx 0 reserve': { count: 1, free: 1, nic: 0, protocol: 0, transmit: 0 },
      'fake rx 0': { count: 32, free: 17, nic: 15, protocol: 0, transmit: 0 },
    });
    await machine.stop();
    expect(tx[0]!.calls.filter((call) => call !== 'arm' && call !== 'disarm')).toEqual(['start', 'cancel', 'stop']);
    expect(rx[0]!.calls.filter((call) => call !== 'arm' && call !== 'disarm')).toEqual(['start', 'cancel', 'stop']);
    expect([tx[0]!.violations, rx[0]!.violations]).toEqual([[], []]);
    expect([hostPages.bytesTaken, domain.mappedPages]).toEqual([taken, 0]);
    await machine.stop(); // once more: nothing happens
    adapter.start(); // and it starts again
    clock.run();
    expect(rx[0]!.buffers).toBe(15);
    await machine.stop();
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('is one stop, however often it is asked for', async () => {
    const { adapter, clock, rx } = buildFakeMachine();
    adapter.start();
    clock.run();
    const first = adapter.stop();
    expect(adapter.stop()).toBe(first);
    await clock.drive(first);
    expect(rx[0]!.calls.filter((call) => call === 'cancel' || call === 'stop')).toEqual(['cancel', 'stop']);
  });

  it('fails when the driver keeps something, and can be repeated once it gives it back', async () => {
    const taken = hostPages.bytesTaken;
    const machine = buildFakeMachine();
    const { adapter, clock, rx } = machine;
    adapter.start();
    clock.run();
    rx[0]!.stuck = true;
    await expect(machine.stop()).rejects.toThrow(
      /^QUEUE_NOT_DRAINED: fake: driver and protocol have not given back everything: fake rx 0 packets: 16 x 12 B, processed 0 begin 0 next 0 end 15; fake rx 0 fragments.*; fake rx 0 edge/,
    );
    expect(clock.now()).toBe(1e9);
    expect(
      codeOf(() => {
        adapter.start();
      }),
    ).toBe('ADAPTER_STARTED');
    rx[0]!.stuck = false;
    await machine.stop();
    expect(rx[0]!.calls.filter((call) => call === 'cancel' || call === 'stop')).toEqual(['cancel', 'stop']);
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('fails while the protocol holds buffers, and can be repeated once it has released them', async () => {
    const taken = hostPages.bytesTaken;
    const machine = buildFakeMachine();
    const { adapter, clock, rx, recorder } = machine;
    adapter.start();
    clock.run();
    recorder.keeps = true;
    rx[0]!.arrive({ bytes: Uint8Array.of(1, 2, 3) });
    clock.run();
    await expect(machine.stop()).rejects.toThrow(
      'STILL_HELD: fake rx 0: 1 of 32 buffers are still held (receive rings 0, protocol 1, transmit rings 0)',
    );
    expect(
      codeOf(() => {
        adapter.start();
      }),
    ).toBe('ADAPTER_STARTED');
    recorder.release();
    await machine.stop();
    expect(hostPages.bytesTaken).toBe(taken);
    adapter.start();
    await machine.stop();
  });

  it('waits for the poll that it is asked for in', async () => {
    const { adapter, clock, tx } = buildFakeMachine({ queues: { transmit: 1, receive: 0 } });
    let callsAfterwards: string[] = [];
    let stopped: Promise<void> | undefined;
    adapter.detachProtocol();
    adapter.attachProtocol({
      receive: () => undefined,
      sent: () => {
        stopped = adapter.stop(); // everything has come back already
        callsAfterwards = [...tx[0]!.calls];
      },
    });
    adapter.start();
    submitFrame(adapter.transmitQueues[0]!.edge, [{ address: 0, length: 0 }]);
    clock.run();
    await clock.drive(stopped!);
    expect(callsAfterwards).not.toContain('stop');
    expect(tx[0]!.calls.slice(-2)).toEqual(['cancel', 'stop']);
  });

  it('may be asked for from inside a poll', async () => {
    const taken = hostPages.bytesTaken;
    const { adapter, clock, tx, rx, recorder } = buildFakeMachine();
    let stopped: Promise<void> | undefined;
    adapter.detachProtocol();
    adapter.attachProtocol({
      receive: (edge, count) => {
        recorder.receive(edge, count);
        stopped = adapter.stop();
      },
    });
    adapter.start();
    clock.run();
    rx[0]!.arrive({ bytes: Uint8Array.of(1, 2, 3) });
    clock.run();
    await clock.drive(stopped!);
    expect([tx[0]!.violations, rx[0]!.violations]).toEqual([[], []]);
    expect(recorder.shown.length).toBe(1);
    expect(hostPages.bytesTaken).toBe(taken);
  });
});
