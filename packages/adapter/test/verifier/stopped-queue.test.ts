/*
 * What becomes of a queue whose driver broke a rule: it stops there and then, everything comes back, whoever listens is told
 * once, and nothing else notices: not the adapter's other queues, not another adapter, not the protocol.
 */

import { BufferError } from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import { i32 as m } from '@netcx/dma/memory';
import { Packet } from '@netcx/rings';
import { describe, expect, it } from 'vitest';
import { ViolationError } from '../../src/index.ts';
import { buildFakeMachine } from '../fake-machine.ts';
import { filled, pattern, submitFrame } from '../frames.ts';
import { watched, type WatchedRig } from './watched-rig.ts';

/** The next transmit `advance` changes a packet that it must not change. */
function breakTransmit({ tx, rings, poll }: WatchedRig): void {
  const { packets } = rings.tx;
  tx.mistake = { at: 'advance', make: () => Packet.layer4HeaderLength.set(m, packets.at(packets.beginIndex), 7) };
  poll();
}

describe('a queue whose driver breaks a rule', () => {
  it('is cancelled and stopped at once, and its driver is not called again', () =>
    watched({}, async (rig) => {
      rig.send(2);
      breakTransmit(rig);
      expect(rig.tx.calls.slice(-2)).toEqual(['cancel', 'stop']);
      const calls = rig.tx.calls.length;
      rig.send(3);
      await rig.machine.stop();
      expect(rig.tx.calls.length).toBe(calls);
    }));

  it('completes what was submitted, and what is submitted later', () =>
    watched({}, (rig) => {
      const { machine } = rig;
      rig.send(3);
      expect(machine.recorder.sentContexts.length).toBe(0);
      breakTransmit(rig);
      expect(machine.recorder.sentContexts.length).toBe(3);
      rig.send(5);
      expect(machine.recorder.sentContexts.length).toBe(8);
      expect(machine.adapter.transmitQueues[0]!.edge.pending).toBe(0);
    }));

  it('leaves the adapter’s receive queue as it was', () =>
    watched({}, (rig) => {
      rig.send(1);
      breakTransmit(rig);
      rig.rx.arrive({ bytes: pattern(90, 4) });
      rig.poll();
      expect(rig.machine.recorder.shown.map(({ bytes }) => Buffer.from(bytes))).toEqual([Buffer.from(pattern(90, 4))]);
    }));

  it('shows nothing of the call in which the rule was broken, and no frame after it', () =>
    watched({}, (rig) => {
      rig.rx.arrive({ bytes: pattern(90, 4) }, { bytes: pattern(90, 5), spoil: (p) => Packet.layer3Type.set(m, p, 9) });
      rig.poll();
      rig.rx.arrive({ bytes: pattern(90, 6) });
      rig.poll();
      expect(rig.machine.recorder.shown).toEqual([]);
      expect(rig.told.length).toBe(1);
      expect(rig.rx.calls.slice(-2)).toEqual(['cancel', 'stop']);
    }));

  it('is one of several: the others go on, in this adapter and in another', async () => {
    const clock = new VirtualClock();
    const onViolation = () => undefined;
    const one = buildFakeMachine({
      clock,
      queues: { transmit: 2, receive: 1 },
      adapter: { verifier: { onViolation } },
    });
    const other = buildFakeMachine({ clock, name: 'other', adapter: { verifier: { onViolation } } });
    for (const machine of [one, other]) machine.adapter.start();
    for (const { rx } of [one, other]) for (const driver of rx) driver.expectsEmpty = false;
    const send = (machine: typeof one, queue: number) => {
      const { edge } = machine.adapter.transmitQueues[queue]!;
      submitFrame(edge, [filled(edge.pool, pattern(100, queue))]);
    };
    send(one, 0);
    clock.run();
    const { packets } = one.adapter.transmitQueues[0]!.rings;
    Packet.ignore.set(m, packets.at(packets.beginIndex), 1);
    for (const queue of one.adapter.transmitQueues) queue.context.wake();
    clock.run();
    expect(one.adapter.violations.map(({ rule }) => rule.number)).toEqual([0x82]);
    send(one, 1);
    send(other, 0);
    clock.run();
    one.tx[1]!.finishAll();
    other.tx[0]!.finishAll();
    clock.run();
    expect(one.tx[1]!.frames.length).toBe(1);
    expect(other.tx[0]!.frames.length).toBe(1);
    expect(other.adapter.violations).toEqual([]);
    await one.stop();
    await other.stop();
  });

  it('whose driver throws in cancel and in stop as well is stopped all the same', () =>
    watched({}, async (rig) => {
      rig.send(2);
      const refuse = () => {
        throw new Error('no');
      };
      rig.tx.cancel = refuse;
      rig.tx.stop = refuse;
      breakTransmit(rig);
      expect(rig.machine.recorder.sentContexts.length).toBe(2);
      await rig.machine.stop();
      expect(rig.told.length).toBe(1);
    }));

  it('can be started again with the adapter', () =>
    watched({}, async (rig) => {
      rig.send(1);
      breakTransmit(rig);
      await rig.machine.stop();
      rig.machine.adapter.start();
      const { edge } = rig.machine.adapter.transmitQueues[0]!;
      submitFrame(edge, [filled(edge.pool, pattern(100, 1))]);
      rig.machine.clock.run();
      expect(rig.machine.adapter.violations.length).toBe(1);
      expect(edge.pending).toBe(1); // its new driver has it
      await rig.machine.clock.drive(Promise.resolve());
    }));
});

describe('a violation', () => {
  it('is thrown out of the clock’s run when nobody listens, and the clock goes on', () =>
    watched({ verifier: true }, (rig) => {
      rig.send(1);
      expect(() => {
        breakTransmit(rig);
      }).toThrow(ViolationError);
      expect(rig.machine.adapter.violations.length).toBe(1);
      rig.machine.clock.run();
      expect(rig.machine.recorder.sentContexts.length).toBe(1);
    }));

  it('that is found when the adapter stops is thrown by its stop', async () => {
    const machine = buildFakeMachine({ adapter: { verifier: true } });
    machine.adapter.start();
    machine.rx[0]!.expectsEmpty = false;
    machine.clock.run();
    machine.tx[0]!.stop = () => {
      throw new Error('freed twice');
    };
    await expect(machine.stop()).rejects.toThrow('CALLBACK_THREW');
    await machine.stop();
  });

  it('names the rule, its meaning, the queue, the element, the field, both values and the page', () =>
    watched({}, (rig) => {
      rig.send(1);
      breakTransmit(rig);
      const [violation] = rig.told;
      expect(violation!.message).toBe(
        'INVALID_RING_IMMUTABLE_DRIVER_TX_PACKET: fake tx 0 packets: an element was changed that had to stay as it was. ' +
          'InvalidRingImmutableDriverTxPacket (0x34: a packet to send changed; only scratch may); ' +
          'fake tx 0 ring, queue 0, index 0, layer4HeaderLength: expected 0, found 7; ' +
          'see docs/verifier/invalid-ring-immutable-driver-tx-packet.md',
      );
      expect(violation!.details).toMatchObject({
        queue: 0,
        index: 0,
        field: 'layer4HeaderLength',
        expected: 0,
        found: 7,
      });
    }));

  it('of a buffer’s use after its return keeps the pool’s own error as its cause', () =>
    watched({}, (rig) => {
      const { edge } = rig.machine.adapter.transmitQueues[0]!;
      const { address, buffer } = filled(edge.pool, pattern(10, 1));
      edge.pool.release(buffer!);
      m[address >>> 2] = 1;
      expect(() => edge.pool.take()).toThrow(BufferError); // whoever takes it is told, and it is healed
    }));

  it('at start is an error of start, and nothing is left', () => {
    const machine = buildFakeMachine({
      adapter: { verifier: true },
      callbacks: {
        createTxQueue: (init) => {
          init.create((queue) => ({
            start: () => {
              Packet.scratch.set(m, queue.rings.packets.at(0), 1);
              Packet.ignore.set(m, queue.rings.packets.at(0), 1);
            },
            advance: () => undefined,
            setNotificationEnabled: () => undefined,
            cancel: () => undefined,
          }));
        },
      },
    });
    expect(() => {
      machine.adapter.start();
    }).toThrow('RING_CHANGED_BETWEEN_CALLBACKS');
    expect(machine.adapter.transmitQueues).toEqual([]);
  });
});
