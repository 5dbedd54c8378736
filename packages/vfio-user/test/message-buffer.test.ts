/* A stream cut into messages, however it arrives. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageBuffer, StreamError } from '../src/message-buffer.ts';

const LONGEST = 64;

function message(id: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(id);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, id, true);
  view.setUint16(2, 9, true);
  view.setUint32(4, size, true);
  view.setUint32(8, 0x10, true);
  view.setUint32(12, 5, true);
  return bytes;
}

function feed(memory: Uint8Array, buffer: MessageBuffer, bytes: Uint8Array, fds: readonly number[] = []): void {
  const room = buffer.room();
  expect(room + bytes.length).toBeLessThanOrEqual(memory.length);
  memory.set(bytes, room);
  buffer.received(bytes.length, fds);
}

describe('messages', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 16, max: LONGEST }), { maxLength: 30 }),
        fc.infiniteStream(fc.integer({ min: 1, max: LONGEST })),
        (sizes, cuts) => {
          const stream = Buffer.concat(sizes.map((size, index) => message(index, size)));
          const memory = new Uint8Array(2 * LONGEST);
          const buffer = new MessageBuffer(memory, LONGEST);
          const seen: number[] = [];
          for (let at = 0; at < stream.length;) {
            const piece = stream.subarray(
              at,
              at + Math.min(cuts.next().value as number, memory.length - buffer.room()),
            );
            feed(memory, buffer, piece);
            at += piece.length;
            for (let found = buffer.next(); found !== undefined; found = buffer.next()) {
              expect([found.id, found.command, found.flags, found.error]).toEqual([seen.length, 9, 0x10, 5]);
              expect(found.payload.bytes.every((byte) => byte === seen.length)).toBe(true);
              seen.push(found.payload.length + 16);
            }
          }
          expect(seen).toEqual(sizes);
        },
      ),
    );
  });

  it('are told of while they wait, since no descriptor becomes readable for what was received already', () => {
    const gives = (buffer: MessageBuffer): boolean => {
      try {
        return buffer.next() !== undefined;
      } catch (error) {
        expect(error).toBeInstanceOf(StreamError);
        return true;
      }
    };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 8, max: LONGEST + 4 }), { minLength: 1, maxLength: 2 }),
        fc.nat(2 * LONGEST),
        (sizes, length) => {
          const memory = new Uint8Array(4 * LONGEST);
          const buffer = new MessageBuffer(memory, LONGEST);
          const stream = Buffer.concat(sizes.map((size, index) => message(index, Math.max(size, 16))));
          // The sizes that the headers tell may be too short or too long; what comes of it is the news.
          new DataView(stream.buffer, stream.byteOffset).setUint32(4, sizes[0] ?? 16, true);
          feed(memory, buffer, stream.subarray(0, length));
          const waits = buffer.waiting;
          expect(waits).toBe(gives(buffer));
        },
      ),
    );
  });

  it('have the descriptors that came with their first byte, behind messages that came before', () => {
    const memory = new Uint8Array(2 * LONGEST);
    const buffer = new MessageBuffer(memory, LONGEST);
    feed(memory, buffer, Buffer.concat([message(1, 16), message(2, 20)]), [7, 8]);
    expect([buffer.next()?.fds, buffer.next()?.fds]).toEqual([[], [7, 8]]);
    feed(memory, buffer, message(3, 20).subarray(0, 9), [9]);
    feed(memory, buffer, Buffer.concat([message(3, 20).subarray(9), message(4, 16)]));
    expect([buffer.next()?.fds, buffer.next()?.fds]).toEqual([[9], []]);
    feed(memory, buffer, message(5, 20).subarray(0, 9), [10]);
    expect([buffer.next(), buffer.leftOver(), buffer.leftOver()]).toEqual([undefined, [10], []]);
  });

  it.each([0, 15, LONGEST + 1, 0xffff_ffff])('of %i bytes are none', (size) => {
    const memory = new Uint8Array(2 * LONGEST);
    const buffer = new MessageBuffer(memory, LONGEST);
    const header = message(1, 16);
    new DataView(header.buffer).setUint32(4, size, true);
    feed(memory, buffer, header);
    expect(() => buffer.next()).toThrow(StreamError);
  });
});
