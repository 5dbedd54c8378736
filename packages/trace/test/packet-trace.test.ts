/* The packets of an adapter that receives what it sends, read back by a reader that knows nothing of traces. */

import { FrameDescriptor } from '@netcx/adapter/edge';
import { i32 } from '@netcx/dma/memory';
import { decodePacketFlags, parseCapture, type CapturePacket } from '@netcx/pcap';
import { describe, expect, it } from 'vitest';
import { PacketTrace, TraceError, type PacketTraceOptions } from '../src/index.ts';
import { buildLoopback, send } from './loopback.ts';

const frameTo = (last: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, at) => (at < 6 ? (at === 5 ? last : 2) : at & 0xff));

/** Runs an adapter with a trace, and reads the trace back. */
async function traced(
  use: (rig: ReturnType<typeof buildLoopback>) => void | Promise<void>,
  options: PacketTraceOptions = {},
): Promise<CapturePacket[]> {
  const chunks: Uint8Array[] = [];
  const trace = new PacketTrace((chunk) => chunks.push(chunk.slice()), options);
  const rig = buildLoopback({ trace });
  await use(rig);
  rig.clock.run();
  await rig.clock.drive(rig.adapter.stop());
  trace.close();
  expect(trace.failure).toBeUndefined();
  const packets = [...parseCapture(Buffer.concat(chunks))];
  expect(packets.length).toBe(trace.packets);
  return packets;
}

describe('a packet trace', () => {
  it('has each frame at every place where it is seen, in order and byte for byte', async () => {
    const frame = frameTo(9, 100);
    const packets = await traced(({ adapter }) => send(adapter, [frame.subarray(0, 30), frame.subarray(30)]));
    expect(packets.map((packet) => [packet.interface.name, packet.direction, packet.comments[0] ?? ''])).toEqual([
      ['nic tx 0 edge', 'outbound', ''],
      ['nic tx 0 driver', 'outbound', expect.stringMatching(/^packet 0: [12] fragments? from 0|^packet 0/)],
      ['nic rx 0 driver', 'inbound', expect.stringMatching(/^packet 0: 1 fragments from 0/)],
      ['nic rx 0 edge', 'inbound', ''],
    ]);
    for (const packet of packets) {
      expect(packet.data).toEqual(frame);
      expect(packet.originalLength).toBe(100);
      expect(packet.timestamp).toBe(1_000_000n);
    }
  });

  it('says in comments what is left to the NIC, and in flags what tools look for', async () => {
    const packets = await traced(
      ({ adapter }) => {
        const wishes = (d: number): void => {
          FrameDescriptor.checksum.set(i32, d, 0x28); // layer 3 and layer 4: required
          FrameDescriptor.tagging.set(i32, d, 3);
          FrameDescriptor.tag.set(i32, d, (5 << 13) | 42);
        };
        send(adapter, [frameTo(1, 64)], wishes);
        send(adapter, [Uint8Array.from({ length: 64 }, () => 0xff)]);
        send(adapter, [Uint8Array.from({ length: 64 }, () => 0x33)]);
      },
      { places: ['edge'] },
    );
    const sent = packets.filter(({ direction }) => direction === 'outbound');
    expect(sent[0]!.comments).toEqual(['layer 3 checksum wanted, layer 4 checksum wanted, priority 5, VLAN 42']);
    expect(sent.map(({ flags }) => decodePacketFlags(flags ?? 0))).toMatchObject([
      { direction: 'outbound', reception: 'unicast', checksumNotReady: true },
      { direction: 'outbound', reception: 'broadcast', checksumNotReady: false },
      { direction: 'outbound', reception: 'multicast', checksumNotReady: false },
    ]);
    expect(new Set(packets.map((packet) => packet.interface.name))).toEqual(
      new Set(['nic tx 0 edge', 'nic rx 0 edge']),
    );
  });

  it('cuts packets at the snapshot length, and says how long they were', async () => {
    const packets = await traced(({ adapter }) => send(adapter, [frameTo(9, 1000)]), { snapLength: 64 });
    expect(packets.length).toBe(4);
    for (const { data, originalLength } of packets) {
      expect(data).toEqual(frameTo(9, 1000).subarray(0, 64));
      expect(originalLength).toBe(1000);
    }
  });

  it('goes on with the same interfaces after a stop and a start', async () => {
    const packets = await traced(async ({ adapter, clock }) => {
      send(adapter, [frameTo(1, 64)]);
      clock.run();
      await clock.drive(adapter.stop());
      adapter.start();
      send(adapter, [frameTo(2, 64)]);
    });
    expect(packets.map((packet) => packet.interface.id)).toEqual([0, 1, 3, 2, 0, 1, 3, 2]);
    expect(packets[0]!.interface.name).toBe('nic tx 0 edge');
  });

  it('ends itself when the sink fails, and lets the adapter be', async () => {
    let calls = 0;
    const trace = new PacketTrace(() => {
      calls++;
      throw new Error('the disk is full');
    });
    const { adapter, clock } = buildLoopback({ trace });
    for (let number = 0; number < 200; number++) {
      send(adapter, [frameTo(number, 1000)]);
      clock.run();
    }
    expect(adapter.statistics().receive.packets).toBe(200);
    expect(trace.failure).toEqual(new Error('the disk is full'));
    await clock.drive(adapter.stop());
    expect(calls).toBe(1);
    expect(() => {
      trace.close();
    }).toThrow('the disk is full');
    expect(() => {
      trace.close();
    }).toThrow(TraceError);
  });

  it.each([
    [{ snapLength: 0 }, 'OPTION: snapLength is 0; expected a whole number from 1 to 67108864'],
    [{ snapLength: 1.5 }, 'OPTION: snapLength is 1.5'],
    [{ places: ['wire' as 'edge'] }, 'OPTION: places has wire; expected edge or driver'],
  ])('refuses %j', (options, message) => {
    expect(() => new PacketTrace(() => undefined, options)).toThrow(message);
  });

  it('knows no queue that was not opened', () => {
    expect(() => {
      new PacketTrace(() => undefined).atEdge(3, 0, 0, 1);
    }).toThrow('UNKNOWN_TRACK: no queue 3 is open in this trace');
  });
});
