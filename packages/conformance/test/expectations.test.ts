/* Failed expectations say what differs in few words, however much differs. */

import { expect, it } from 'vitest';
import { expectBytes, expectEqual, expectFrames } from '../src/expectations.ts';

const stream = Uint8Array.from({ length: 200_000 }, (_, index) => index * 7);
const none = new Uint8Array(0);

it('pass what is the same', () => {
  expectEqual([{ address: 1n, bytes: stream }], [{ address: 1n, bytes: stream.slice() }], 'a list');
  expectBytes(Buffer.from(stream), stream, 'a stream');
  expectFrames([stream, none], [stream.slice(), none], 'frames');
});

it('name what differs, and where', () => {
  expect(() => expectEqual([1, 2], [1, 3], 'vectors')).toThrow('vectors: [ 1, 2 ] instead of [ 1, 3 ]');
  const altered = stream.slice();
  altered[1000] = 0;
  const differs = '200000 bytes expected and 200000 came; byte 1000 is 0x00 instead of 0x58';
  expect(() => expectBytes(altered, stream, 'a stream')).toThrow(`a stream: ${differs}`);
  expect(() => expectFrames([none, altered], [none, stream], 'frames')).toThrow(`frames, number 2 of 2: ${differs}`);
  expect(() => expectFrames([stream], [stream, none], 'frames')).toThrow('frames: 2 expected and 1 came');
});

// Node 24's own comparison took 24 GB for the second of these, and minutes.
it('are short where everything differs', () => {
  const messages = Array.from({ length: 50_000 }, (_, index) => ({ address: index, text: 'x'.repeat(1000) }));
  for (const fails of [
    () => expectEqual(messages, [], 'messages'),
    () => expectBytes(none, stream, 'a stream'),
    () => expectFrames([], [stream], 'frames'),
  ]) {
    let message = '';
    try {
      fails();
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/AssertionError.*(messages|a stream|frames)/);
    expect(message.length).toBeLessThan(3000);
  }
});
