/*
 * The adapter's contract: what must be set before it starts, how queues come to be, and what the link is said to be.
 */

import { defaultSizing } from '@netcx/buffers';
import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { Checksum, defineExtension, Gso, LogicalAddress, VirtualAddress, type Extension } from '@netcx/extensions';
import { u32 } from '@netcx/layout';
import { describe, expect, it } from 'vitest';
import {
  AdapterError,
  DISCONNECTED,
  NetAdapter,
  type AdapterCallbacks,
  type PacketQueueCallbacks,
  type QueueInit,
  type TxQueue,
} from '../src/index.ts';
import { buildFakeMachine, Recorder, type FakeMachineOptions } from './fake-machine.ts';
import { FakeTx } from './fake-driver.ts';

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof AdapterError) return error.code;
    throw error;
  }
};

const quiet: PacketQueueCallbacks = {
  advance: () => undefined,
  setNotificationEnabled: () => undefined,
  cancel: () => undefined,
};
const callbacks: AdapterCallbacks = {
  createTxQueue: (init) => {
    init.create(() => quiet);
  },
  createRxQueue: (init) => {
    init.create(() => quiet);
  },
};
const bare = () => new NetAdapter({ name: 'nic', clock: new VirtualClock(), callbacks });

describe('before start', () => {
  it('names every setter that is missing', () => {
    const { adapter: complete } = buildFakeMachine();
    const adapter = bare();
    expect(() => {
      adapter.start();
    }).toThrow(
      'CAPABILITIES_MISSING: nic cannot start: call setDatapathCapabilities, setLinkLayerCapabilities, setLinkLayerMtuSize, setPermanentLinkLayerAddress first',
    );
    adapter.setLinkLayerCapabilities(1e9);
    adapter.setPermanentLinkLayerAddress(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(() => {
      adapter.start();
    }).toThrow('nic cannot start: call setDatapathCapabilities, setLinkLayerMtuSize first');
    adapter.setLinkLayerMtuSize(1500);
    expect(() => {
      adapter.start();
    }).toThrow('nic cannot start: call setDatapathCapabilities first');
    expect(adapter.transmitQueues).toEqual([]);
    expect(() => {
      complete.start();
    }).not.toThrow();
  });

  // prettier-ignore
  it.each<[string, (adapter: NetAdapter) => void, string]>([
    ['no speed',          (adapter) => { adapter.setLinkLayerCapabilities(0); },        'CAPABILITIES_INVALID: nic: linkSpeed is 0 bit/s; expected more than 0'],
    ['an endless speed',  (adapter) => { adapter.setLinkLayerCapabilities(Infinity); }, 'CAPABILITIES_INVALID: nic: linkSpeed is Infinity'],
    ['no speed at all',   (adapter) => { adapter.setLinkLayerCapabilities(NaN); },      'CAPABILITIES_INVALID: nic: linkSpeed is NaN'],
    ['no MTU',            (adapter) => { adapter.setLinkLayerMtuSize(0); },             'CAPABILITIES_INVALID: nic: an MTU of 0; expected 1 to 67108849'],
    ['half an MTU',       (adapter) => { adapter.setLinkLayerMtuSize(0.5); },           'CAPABILITIES_INVALID: nic: an MTU of 0.5'],
    ['an MTU beyond fragments', (adapter) => { adapter.setLinkLayerMtuSize(67_108_850); }, 'CAPABILITIES_INVALID: nic: an MTU of 67108850'],
    ['no address',        (adapter) => { adapter.setPermanentLinkLayerAddress(new Uint8Array(0)); },  'ADDRESS_INVALID: nic: an address of 0 bytes; expected 1 to 32'],
    ['too much address',  (adapter) => { adapter.setPermanentLinkLayerAddress(new Uint8Array(33)); }, 'ADDRESS_INVALID: nic: an address of 33 bytes'],
  ])('refuses %s', (_what, set, message) => {
    expect(() => { set(bare()); }).toThrow(message);
  });

  it.each([-1, 1.5, NaN])('refuses %d queues', (transmit) => {
    expect(
      () => new NetAdapter({ name: 'nic', clock: new VirtualClock(), callbacks, queues: { transmit, receive: 1 } }),
    ).toThrow(`QUEUE_CONFIGURATION: nic: queues.transmit is ${transmit}; expected 0 or more`);
  });

  it.each(['idleMappings', 'copyBreak'])('refuses %s that cannot be counted', (what) => {
    expect(() => new NetAdapter({ name: 'nic', clock: new VirtualClock(), callbacks, [what]: -1 })).toThrow(
      `QUEUE_CONFIGURATION: nic: ${what} is -1; expected 0 or more`,
    );
  });

  it('keeps a copy of the address', () => {
    const adapter = bare();
    expect([adapter.linkLayerAddress.length, adapter.mtu]).toEqual([0, 0]);
    const address = Uint8Array.of(2, 0, 0, 0, 0, 7);
    adapter.setPermanentLinkLayerAddress(address);
    address[0] = 99;
    adapter.linkLayerAddress[1] = 99;
    expect([...adapter.linkLayerAddress]).toEqual([2, 0, 0, 0, 0, 7]);
  });
});

describe('start', () => {
  it('creates the queues that were wanted, never more than the NIC has', async () => {
    const machine = buildFakeMachine({ queues: { transmit: 3, receive: 9 } });
    const { adapter, tx, rx } = machine;
    adapter.start();
    expect([tx.length, rx.length]).toEqual([3, 4]);
    expect(adapter.transmitQueues.map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(adapter.receiveQueues.map(({ id }) => id)).toEqual([0, 1, 2, 3]);
    for (const queue of [...tx, ...rx]) expect(queue.calls).toEqual(['start']);
    expect(
      codeOf(() => {
        adapter.start();
      }),
    ).toBe('ADAPTER_STARTED');
    for (const [setter, ...values] of [
      ['setLinkLayerMtuSize', 9000],
      ['setLinkLayerCapabilities', 1e9],
      ['setOffloadCapabilities', {}],
    ] as const) {
      expect(
        codeOf(() => {
          (adapter[setter] as (value: unknown) => void)(values[0]);
        }),
      ).toBe('ADAPTER_STARTED');
    }
    await machine.stop();
    expect([adapter.transmitQueues.length, adapter.receiveQueues.length]).toEqual([0, 0]);
    expect(
      codeOf(() => {
        adapter.setLinkLayerMtuSize(9000);
      }),
    ).toBe('accepted');
  });

  it('lays out what was advertised, on the queues that can use it', async () => {
    const layers = { ipv4: true, tcp: true, udp: true };
    const enabledOn = async (options: FakeMachineOptions) => {
      const machine = buildFakeMachine(options);
      const { adapter } = machine;
      adapter.start();
      const [queue] = [...adapter.transmitQueues, ...adapter.receiveQueues];
      const enabled = ([Checksum, Gso, VirtualAddress, LogicalAddress] as Extension[]).map(
        (extension) => queue!.extension(extension).enabled,
      );
      const strides = [queue!.rings.packets.stride, queue!.rings.fragments.stride];
      await machine.stop();
      return [...enabled, ...strides];
    };
    expect(await enabledOn({})).toEqual([false, false, true, true, 3, 6]);
    expect(await enabledOn({ withoutDma: true })).toEqual([false, false, true, false, 3, 4]);
    expect(await enabledOn({ offloads: { rxChecksum: layers } })).toEqual([true, false, true, true, 4, 6]);
  });

  it("lays out extensions of the driver's own, on the queues that they were added for, at each start", async () => {
    const Mark = defineExtension({
      name: 'test_packet_mark',
      version: 1,
      size: 4,
      alignment: 4,
      level: 'packet',
      fields: { flow: u32(0) },
    });
    const machine = buildFakeMachine({});
    const { adapter } = machine;
    adapter.ownExtensions.add(Mark, { receive: true });
    expect(() => {
      adapter.ownExtensions.add(Mark, { transmit: true });
    }).toThrow(expect.objectContaining({ code: 'DUPLICATE' }) as Error);
    adapter.start();
    expect(adapter.transmitQueues.map((queue) => queue.extension(Mark).enabled)).toEqual([false]);
    const [receive] = adapter.receiveQueues;
    expect([receive!.extension(Mark).offset, receive!.rings.packets.stride]).toEqual([12, 4]);
    expect(codeOf(() => adapter.ownExtensions.add(Checksum as Extension, {}))).toBe('ADAPTER_STARTED');
    await machine.stop();
    adapter.start();
    expect(adapter.receiveQueues[0]!.extension(Mark).enabled).toBe(true);
    await machine.stop();
  });

  it('says what was asked for rings and pools, what was granted, and why', async () => {
    const hint = { fragmentRingNumberOfElementsHint: 64 };
    const machine = buildFakeMachine({ sizing: defaultSizing, tx: hint, rx: hint });
    const { adapter } = machine;
    expect(adapter.sizes).toBeUndefined();
    adapter.start();
    // Up to 64 fragments a packet, so that 64 elements are too few for transmit; a received packet needs one.
    expect(adapter.sizes?.transmit.fragments).toEqual({
      asked: 64,
      granted: 128,
      reason: 'a packet of the most fragments must fit',
    });
    expect(adapter.sizes?.receive.fragments).toEqual({ asked: 64, granted: 64, reason: 'as asked' });
    expect(adapter.transmitQueues[0]!.rings.fragments.elements).toBe(128);
    expect(adapter.receiveQueues[0]!.rings.fragments.elements).toBe(64);
    expect(adapter.receiveQueues[0]!.pool!.count).toBe(128);
    await machine.stop();
  });
});

describe('a queue', () => {
  const machineWith = (createTxQueue: AdapterCallbacks['createTxQueue']) => {
    const taken = hostPages.bytesTaken;
    return { taken, ...buildFakeMachine({ callbacks: { createTxQueue }, queues: { transmit: 2, receive: 1 } }) };
  };

  it('must be created during the callback', () => {
    const { adapter, taken } = machineWith(() => undefined);
    expect(() => {
      adapter.start();
    }).toThrow('QUEUE_NOT_CREATED: fake: createTxQueue for queue 0: the driver returned without init.create');
    expect(hostPages.bytesTaken).toBe(taken);
    expect([adapter.transmitQueues.length, adapter.receiveQueues.length]).toEqual([0, 0]);
    expect(
      codeOf(() => {
        adapter.start();
      }),
    ).toBe('QUEUE_NOT_CREATED');
  });

  it('is created once for each init', async () => {
    const second: string[] = [];
    const { adapter, stop } = machineWith((init) => {
      init.create(() => quiet);
      second.push(codeOf(() => init.create(() => quiet)));
    });
    adapter.start();
    expect(second).toEqual(['QUEUE_CREATED_TWICE', 'QUEUE_CREATED_TWICE']);
    expect(adapter.transmitQueues.length).toBe(2);
    await stop();
  });

  it('is not created later on, nor after the callback has failed', () => {
    const inits: QueueInit<TxQueue>[] = [];
    const { adapter, taken } = machineWith((init) => {
      inits.push(init);
      throw new Error('out of registers');
    });
    expect(() => {
      adapter.start();
    }).toThrow('out of registers');
    expect(codeOf(() => inits[0]!.create(() => quiet))).toBe('QUEUE_INIT_EXPIRED');
    expect(hostPages.bytesTaken).toBe(taken);
  });

  it('is cancelled and stopped when another one cannot be created', () => {
    const made: FakeTx[] = [];
    const { adapter, taken, clock } = machineWith((init) => {
      if (init.id === 1) throw new Error('no second queue');
      init.create((queue) => (made[0] = new FakeTx(queue, undefined)));
    });
    expect(() => {
      adapter.start();
    }).toThrow('no second queue');
    expect(made[0]!.calls).toEqual(['start', 'cancel', 'stop']);
    clock.run(); // what the queues had asked for comes to nothing
    expect([made[0]!.violations, made[0]!.calls.length]).toEqual([[], 3]);
    expect(hostPages.bytesTaken).toBe(taken);
  });
});

describe('the link', () => {
  const up = { connected: true, txLinkSpeed: 1e9, rxLinkSpeed: 1e9, duplex: 'full' } as const;

  it('starts disconnected, and tells the protocol of changes only', () => {
    const { adapter, recorder } = buildFakeMachine();
    expect(adapter.linkState).toEqual(DISCONNECTED);
    adapter.setLinkState(DISCONNECTED);
    adapter.setLinkState(up);
    adapter.setLinkState({ ...up, txLinkSpeed: 1e8 });
    adapter.setLinkState(DISCONNECTED);
    expect(recorder.links).toEqual([true, false]);
  });

  it('tells a protocol that comes later that it is up', () => {
    const { adapter } = buildFakeMachine();
    adapter.detachProtocol();
    adapter.setLinkState(up);
    const late = new Recorder();
    adapter.attachProtocol(late);
    expect(late.links).toEqual([true]);
    expect(
      codeOf(() => {
        adapter.attachProtocol(new Recorder());
      }),
    ).toBe('PROTOCOL_ATTACHED');
  });

  it.each([
    [{ ...up, txLinkSpeed: 0 }, 'txLinkSpeed is 0 bit/s; expected more than 0 on a link that is connected'],
    [{ ...up, rxLinkSpeed: NaN }, 'rxLinkSpeed is NaN bit/s'],
    [
      { ...DISCONNECTED, rxLinkSpeed: 1e9 },
      'rxLinkSpeed is 1000000000 bit/s; expected 0 on a link that is disconnected',
    ],
  ])('is refused as %o', (state, message) => {
    const { adapter, recorder } = buildFakeMachine();
    expect(() => {
      adapter.setLinkState(state);
    }).toThrow(`LINK_STATE_INVALID: fake: ${message}`);
    expect([adapter.linkState, recorder.links]).toEqual([DISCONNECTED, []]);
  });
});
