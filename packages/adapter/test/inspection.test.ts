/* What an adapter shows of itself: the checklist of a debugger's commands, with numbers that the test put there. */

import { hostBytes, i32 } from '@netcx/dma/memory';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describePacket } from '../src/statistics/described-packet.ts';
import { buildFakeMachine } from './fake-machine.ts';
import { filled, pattern, submitFrame } from './frames.ts';

describe('inspect', () => {
  it('shows rings, elements by owner, layout, buffers, contexts, offloads and filter', async () => {
    const machine = buildFakeMachine({ packets: 8, fragments: 8, offloads: { txChecksum: { ipv4: true } } as never });
    const { adapter, clock, tx } = machine;
    adapter.start();
    clock.run();
    const { edge } = adapter.transmitQueues[0]!;
    for (let number = 0; number < 3; number++) submitFrame(edge, [filled(edge.pool, pattern(100 + number, 1))]);
    clock.run();
    const { queues, text, ...facts } = adapter.inspect(2);
    expect(facts).toMatchObject({
      name: 'fake',
      running: true,
      mtu: 1500,
      linkLayerAddress: '02:00:00:00:00:01',
      linkState: { connected: false },
    });
    expect(queues.map(({ direction, id, context }) => [direction, id, context])).toEqual([
      ['transmit', 0, 'fake tx 0'],
      ['receive', 0, 'fake rx 0'],
    ]);
    const [packets, fragments, descriptors] = queues[0]!.rings;
    expect(packets).toMatchObject({
      elements: 8,
      processedIndex: 0,
      beginIndex: 0,
      nextIndex: 3,
      endIndex: 3,
      notShown: 1,
    });
    expect(packets!.inFlight.map(({ index, owner }) => [index, owner])).toEqual([
      [0, 'device'],
      [1, 'device'],
    ]);
    // Each field by its name, as it lies in memory: the second frame's only fragment has 101 bytes.
    expect(packets!.inFlight[1]!.lines.join('\n')).toMatch(/fragmentIndex +0x1 \(1\)/);
    expect(fragments!.inFlight[1]!.lines.join('\n')).toMatch(/validLength +0x65 \(101\)/);
    expect(fragments!.inFlight[1]!.lines.join('\n')).toMatch(/ms_fragment_logicaladdress: address \d+/);
    expect(descriptors!.inFlight[0]!.lines.join('\n')).toMatch(/length +0x64 \(100\)/);
    expect(queues[1]!.rings[0]!.inFlight[0]!.owner).toBe('driver');
    for (const said of [
      'fake: running, MTU 1500, address 02:00:00:00:00:01, link down',
      'transmit queue 0, in fake tx 0',
      'and 1 more in flight',
      'fake rx 0: {"count":32',
      'ms_packet_checksum',
      'receive filter none',
      'receive scaling off',
    ])
      expect(text).toContain(said);
    tx[0]!.finishAll();
    clock.run();
    expect(adapter.inspect().queues[0]).toMatchObject({
      drained: false,
      rings: [{ inFlight: [], notShown: 0 }, {}, {}],
    });
    await machine.stop();
  });

  it('is plain data, and good before the first start and after the last stop', async () => {
    const machine = buildFakeMachine();
    const before = machine.adapter.inspect();
    expect(before).toMatchObject({ running: false, queues: [] });
    expect(before.text).toContain('not running');
    machine.adapter.start();
    machine.clock.run();
    const running = machine.adapter.inspect();
    expect(JSON.parse(JSON.stringify(running))).toEqual(JSON.parse(JSON.stringify(structuredClone(running))));
    await machine.stop();
    expect(machine.adapter.inspect()).toMatchObject({ running: false, queues: [] });
  });

  it('shows whatever a driver wrote into its elements, and reaches for nothing outside of host memory', async () => {
    const machine = buildFakeMachine({ packets: 8, fragments: 8 });
    const { adapter, clock } = machine;
    adapter.start();
    clock.run();
    const { block, rings } = adapter.receiveQueues[0]!;
    const elements = [rings.packets, rings.fragments].flatMap((ring) =>
      Array.from({ length: ring.elements }, (_, index) => ({ at: ring.at(index), words: ring.stride })),
    );
    const kept = elements.map(({ at, words }) => i32.slice(at, at + words));
    const word = fc.oneof(fc.integer(), fc.integer({ min: 0, max: 16 }), fc.constantFrom(-1, 0x7fff_ffff));
    const property = fc.property(fc.infiniteStream(word), (noise) => {
      for (const { at, words } of elements) i32.set([...noise.take(words)], at);
      for (let index = 0; index < 8; index++) {
        const { parts, lines } = describePacket(block, index);
        expect(lines.length).toBeGreaterThan(0);
        for (const { address, length } of parts) expect(address >= 0 && address + length <= hostBytes).toBe(true);
      }
      expect(adapter.inspect(8).text).toContain('receive queue 0');
    });
    try {
      fc.assert(property, { seed: 20_261_122, numRuns: 25 });
    } finally {
      elements.forEach(({ at }, index) => {
        i32.set(kept[index]!, at);
      });
    }
    await machine.stop();
  });
});
