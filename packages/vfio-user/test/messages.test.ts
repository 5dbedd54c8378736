/* Literal messages and literal answers: what a peer sends byte by byte, and what it gets. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Channel } from '../src/channel.ts';
import { connectUnix } from '../src/unix-socket.ts';
import { EventCount } from '../src/index.ts';
import { Rig } from './rig.ts';

let rig: Rig;
let channel: Channel;
beforeEach(() => {
  rig = new Rig();
  channel = new Channel(connectUnix(rig.socket), 1 << 20);
});
afterEach(() => {
  channel.close();
  rig.close();
});

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(/[^0-9a-f]/g, ''), 'hex'));

/** Sends a command with id 1 and gives the answer: its flags, its error, its payload in words. */
function ask(command: number, payload: string, fds: readonly number[] = [], flags = 0): string {
  channel.send(1, command, flags, 0, bytes(payload), fds);
  for (let round = 0; round < 8; round++) {
    rig.turn();
    channel.receive();
    const answer = channel.next();
    if (answer === undefined) continue;
    if (answer.id !== 1 || answer.command !== command) return `an answer to ${answer.id}, ${answer.command}`;
    const hex = Buffer.from(answer.payload.bytes)
      .toString('hex')
      .replaceAll(/(.{8})(?=.)/g, '$1 ');
    return `${answer.flags.toString(16)} ${answer.error}: ${hex}`.replace(/: $/, '');
  }
  return 'nothing';
}

const VERSION = 1;
const MAP = 2;
const UNMAP = 3;
const SET_IRQS = 8;
const READ = 9;
const WRITE = 10;
/** An error without payload. */
const error = (errno: number): string => `21 ${errno}`;
const [EINVAL, ENOENT, EEXIST, ENOTSUP, E2BIG] = [error(22), error(2), error(17), error(95), error(7)];

const json = (text: string): string => `0000 0000 ${Buffer.from(`${text}\0`).toString('hex')}`;
const attach = (): string => ask(VERSION, '0000 0000');

describe('VERSION', () => {
  it('is answered with the same version and what this side takes', () => {
    const answer = ask(VERSION, '0000 0100' + Buffer.from('{"capabilities":{"max_msg_fds":8}}\0').toString('hex'));
    const text = Buffer.from(answer.split(': ')[1]!.replaceAll(' ', ''), 'hex');
    expect(answer.slice(0, 13)).toBe('1 0: 00000100');
    expect(JSON.parse(text.subarray(4, -1).toString())).toEqual({
      capabilities: { max_msg_fds: 16, max_data_xfer_size: 1048576, max_dma_maps: 1024, pgsizes: 4096 },
    });
    expect(text.at(-1)).toBe(0);
    expect(rig.heard).toEqual(['attached']);
  });

  it('with an older minor version is answered with that, and without capabilities is enough', () => {
    expect(ask(VERSION, '0000 0000').slice(0, 13)).toBe('1 0: 00000000');
  });

  it.each([
    ['too short', '0000', EINVAL],
    ['of another protocol', '0100 0000', ENOTSUP],
    ['with text without an end', '0000 0000 7b7d', EINVAL],
    ['with text with two ends', '0000 0000 7b7d 00 00', EINVAL],
    ['with no JSON', json('{'), EINVAL],
    ['with no UTF-8', '0000 0000 ff00', EINVAL],
    ['with no object', json('[]'), EINVAL],
    ['with capabilities that are no object', json('{"capabilities":[1]}'), EINVAL],
    ['with no number', json('{"capabilities":{"max_msg_fds":"8"}}'), EINVAL],
    ['with too small a number', json('{"capabilities":{"max_data_xfer_size":1}}'), EINVAL],
    ['that is huge', json(`{"x":"${'y'.repeat(5000)}"}`), EINVAL],
  ])('%s is refused; a right one may follow', (_name, payload, answer) => {
    expect(ask(VERSION, payload)).toBe(answer);
    expect(rig.heard).toEqual([]);
    expect(attach()).toMatch(/^1 0: /);
    expect(ask(VERSION, '0000 0000')).toBe(EINVAL); // but not twice
  });

  it('must come first', () => {
    expect(ask(4, '10000000 00000000 00000000 00000000')).toBe(EINVAL);
  });
});

describe('information', () => {
  beforeEach(attach);

  it.each([
    ['the device', 4, '10000000 00000000 00000000 00000000', '1 0: 10000000 03000000 09000000 05000000'],
    ['BAR 0', 5, info(0, 32), '1 0: 20000000 03000000 00000000 00000000 00000200 00000000 00000000 00000000'],
    ['BAR 1', 5, info(1, 32), '1 0: 20000000 00000000 01000000 00000000 00000000 00000000 00000000 00000000'],
    ['BAR 2', 5, info(2, 32), '1 0: 20000000 03000000 02000000 00000000 20000000 00000000 00000000 00000000'],
    ['BAR 3', 5, info(3, 32), '1 0: 20000000 03000000 03000000 00000000 00400000 00000000 00000000 00000000'],
    ['configuration', 5, info(7, 32), '1 0: 20000000 03000000 07000000 00000000 00100000 00000000 00000000 00000000'],
    ['no region', 5, info(9, 32), EINVAL],
    ['INTx', 7, info(0, 16), '1 0: 10000000 07000000 00000000 01000000'],
    ['MSI', 7, info(1, 16), '1 0: 10000000 09000000 01000000 01000000'],
    ['MSI-X', 7, info(2, 16), '1 0: 10000000 09000000 02000000 19000000'],
    ['errors', 7, info(3, 16), '1 0: 10000000 00000000 03000000 00000000'],
    ['no interrupt', 7, info(5, 16), EINVAL],
    ['little room', 4, '0f000000 00000000 00000000 00000000', EINVAL],
    ['half a question', 4, '10000000', EINVAL],
    ['file descriptors of a region', 6, info(0, 16), ENOTSUP],
    ['what nobody knows', 99, '', ENOTSUP],
  ])('about %s', (_name, command, payload, answer) => {
    expect(ask(command, payload)).toBe(answer);
  });

  function info(index: number, size: number): string {
    return `${size.toString(16).padStart(2, '0')}000000 00000000 0${index}000000`.padEnd(size * 2 + 2, '0');
  }
});

describe('memory', () => {
  beforeEach(attach);
  const map = (flags: number, offset: string, address: string, size: string): string =>
    `20000000 0${flags}000000 ${offset} 00000000 ${address} 00000000 ${size} 00000000`;

  it('without a descriptor is taken, and given back once', () => {
    const [address, size] = ['00001000', '00100000'];
    expect(ask(MAP, map(3, '00000000', address, size))).toBe('1 0');
    expect(ask(MAP, map(3, '00000000', address, size))).toBe(EEXIST);
    expect(ask(UNMAP, `18000000 00000000 ${address} 00000000 00200000 00000000`)).toBe(ENOENT);
    const unmap = `18000000 00000000 ${address} 00000000 ${size} 00000000`;
    expect(ask(UNMAP, unmap)).toBe(`1 0: ${unmap}`);
    expect(ask(UNMAP, unmap)).toBe(ENOENT);
  });

  it('is given back all at once', () => {
    ask(MAP, map(1, '00000000', '00001000', '00100000'));
    ask(MAP, map(2, '00000000', '00002000', '00100000'));
    expect(rig.server.counters().regions).toBe(2);
    expect(ask(UNMAP, '18000000 02000000 00001000 00000000 00000000 00000000')).toBe(EINVAL);
    expect(ask(UNMAP, '18000000 04000000 00000000 00000000 00000000 00000000')).toBe(ENOTSUP);
    expect(ask(UNMAP, '18000000 02000000 00000000 00000000 00000000 00000000')).toMatch(/^1 0: /);
    expect(rig.server.counters().regions).toBe(0);
  });

  it.each([
    ['neither readable nor writable', map(0, '00000000', '00001000', '00100000')],
    ['with flags that nobody knows', map(4, '00000000', '00001000', '00100000')],
    ['of no size', map(3, '00000000', '00001000', '00000000')],
    ['of half a page', map(3, '00000000', '00001000', '00080000')],
    ['at half a page', map(3, '00000000', '00081000', '00100000')],
    ['above 2^53', `20000000 03000000 00000000 00000000 00000000 00002000 00100000 00000000`],
    ['that ends above 2^53', `20000000 03000000 00000000 00000000 00000000 00000000 00000000 00002000`],
    ['that is cut off', '20000000 03000000 00000000'],
  ])('%s is refused', (_name, payload) => {
    expect(ask(MAP, payload)).toBe(EINVAL);
    expect(rig.server.counters().regions).toBe(0);
  });

  it('by a descriptor that is no file, or by two, is refused, and the descriptors are closed', () => {
    const [one, other] = [new EventCount(), new EventCount()];
    expect(ask(MAP, map(3, '00000000', '00001000', '00100000'), [one.fd])).toBe(EINVAL);
    expect(ask(MAP, map(3, '00000000', '00001000', '00100000'), [one.fd, other.fd])).toBe(EINVAL);
    one.close();
    other.close();
  });

  it('is limited in bytes', () => {
    expect(ask(MAP, '20000000 03000000 00000000 00000000 00000000 00000000 00000000 00040000')).toBe('1 0');
    expect(ask(MAP, map(3, '00000000', '00001000', '00100000'))).toBe(EEXIST);
    expect(ask(MAP, '20000000 03000000 00000000 00000000 00000000 00040000 00100000 00000000')).toBe(error(28));
  });

  it('comes in pieces that are limited in number', () => {
    for (let piece = 0; piece < 1024; piece++) {
      const page = (piece * 2 + 1).toString(16).padStart(4, '0');
      const address = `00${page[3]}0 ${page[1]}${page[2]} 0${page[0]}`.replaceAll(' ', '');
      expect(ask(MAP, map(3, '00000000', address, '00100000'))).toBe('1 0');
    }
    expect(ask(MAP, map(3, '00000000', '000000f0', '00100000'))).toBe(error(28)); // ENOSPC
  });
});

describe('access', () => {
  beforeEach(attach);
  const at = (offset: string, region: number, count: string): string => `${offset} 00000000 0${region}000000 ${count}`;

  it('reads configuration space and says where', () => {
    expect(ask(READ, at('00000000', 7, '04000000'))).toBe('1 0: 00000000 00000000 07000000 04000000 8680c910');
  });

  it('writes, answers without the data, or not at all', () => {
    expect(ask(WRITE, at('04000000', 7, '02000000') + '4600')).toBe('1 0: 04000000 00000000 07000000 02000000');
    expect(ask(WRITE, at('04000000', 7, '02000000') + '0600', [], 0x10)).toBe('nothing');
    expect(ask(READ, at('04000000', 7, '02000000'))).toBe('1 0: 04000000 00000000 07000000 02000000 0600');
  });

  it.each([
    ['of nothing', READ, at('00000000', 7, '00000000'), EINVAL],
    ['behind the end', READ, at('fe0f0000', 7, '04000000'), EINVAL],
    ['far behind the end', READ, 'ffffffff ffff1f00 07000000 04000000', EINVAL],
    ['at no number', READ, 'ffffffff ffffffff 07000000 04000000', EINVAL],
    ['to a BAR that is not there', READ, at('00000000', 1, '04000000'), EINVAL],
    ['to no region', READ, at('00000000', 9, '04000000'), EINVAL],
    ['of more than is taken', READ, at('00000000', 0, '01001000'), E2BIG],
    ['with less data than it says', WRITE, at('04000000', 7, '04000000') + '4600', EINVAL],
    ['without a count', READ, '00000000', EINVAL],
  ])('%s is refused', (_name, command, payload, answer) => {
    expect(ask(command, payload)).toBe(answer);
    expect(ask(command, payload, [], 0x10)).toBe('nothing');
  });

  it('in bursts is as many accesses', () => {
    expect(ask(READ, at('00000000', 0, '00000200')).length).toBeGreaterThan(0x20000 * 2);
  });
});

describe('SET_IRQS', () => {
  beforeEach(attach);
  const set = (flags: string, index: number, start: number, count: number, data = ''): string =>
    `14000000 ${flags}000000 0${index}000000 0${start}000000 ${count.toString(16).padStart(2, '0')}000000 ${data}`;

  it.each([
    ['no data, trigger', '21', ''],
    ['chosen, trigger', '22', '01'],
    ['no data, mask', '09', ''],
    ['chosen, mask', '0a', '01'],
    ['no data, unmask', '11', ''],
    ['chosen, unmask', '12', '00'],
    ['descriptors, none', '24', ''],
  ])('%s of the pin', (_name, flags, data) => {
    expect(ask(SET_IRQS, set(flags, 0, 0, 1, data))).toBe('1 0');
  });

  it('tells whoever asked: on trigger, mask and unmask, each its own', () => {
    const [trigger, mask, unmask] = [new EventCount(), new EventCount(), new EventCount()];
    const counts = (): number[] => [trigger.take(), mask.take(), unmask.take()];
    expect(ask(SET_IRQS, set('24', 0, 0, 1), [trigger.fd])).toBe('1 0');
    expect(ask(SET_IRQS, set('0c', 0, 0, 1), [mask.fd])).toBe('1 0');
    expect(ask(SET_IRQS, set('14', 0, 0, 1), [unmask.fd])).toBe('1 0');
    expect(counts()).toEqual([0, 0, 0]);
    ask(SET_IRQS, set('21', 0, 0, 1));
    expect(counts()).toEqual([1, 0, 0]);
    ask(SET_IRQS, set('22', 0, 0, 1, '00'));
    expect(counts()).toEqual([0, 0, 0]);
    ask(SET_IRQS, set('09', 0, 0, 1));
    expect(counts()).toEqual([0, 1, 0]);
    ask(SET_IRQS, set('11', 0, 0, 1));
    expect(counts()).toEqual([0, 0, 1]);
    ask(SET_IRQS, set('24', 0, 0, 1)); // nobody any more
    ask(SET_IRQS, set('21', 0, 0, 1));
    expect(counts()).toEqual([0, 0, 0]);
    for (const event of [trigger, mask, unmask]) event.close();
  });

  it('triggers MSI-X vectors of a range, and those chosen of a range', () => {
    const events = [new EventCount(), new EventCount(), new EventCount()];
    const fds = events.map(({ fd }) => fd);
    expect(ask(SET_IRQS, set('24', 2, 5, 3), fds)).toBe('1 0');
    ask(SET_IRQS, set('21', 2, 4, 3));
    expect(events.map((event) => event.take())).toEqual([1, 1, 0]);
    ask(SET_IRQS, set('22', 2, 5, 3, '000001'));
    expect(events.map((event) => event.take())).toEqual([0, 0, 1]);
    ask(SET_IRQS, set('21', 2, 0, 0)); // all of them off
    ask(SET_IRQS, set('21', 2, 5, 3));
    expect(events.map((event) => event.take())).toEqual([0, 0, 0]);
    for (const event of events) event.close();
  });

  it.each([
    ['of no kind', set('21', 5, 0, 1), EINVAL],
    ['of a vector that is not there', set('21', 2, 9, 17), EINVAL],
    ['of no data at all', set('20', 0, 0, 1), EINVAL],
    ['of data of two kinds', set('23', 0, 0, 1, '01'), EINVAL],
    ['of no action', set('01', 0, 0, 1), EINVAL],
    ['of two actions', set('31', 0, 0, 1), EINVAL],
    ['with flags that nobody knows', set('61', 0, 0, 1), EINVAL],
    ['with fewer choices than lines', set('22', 2, 0, 3, '0101'), EINVAL],
    ['that masks a vector', set('09', 2, 0, 1), ENOTSUP],
    ['that is cut off', '14000000 21000000', EINVAL],
  ])('%s is refused', (_name, payload, answer) => {
    expect(ask(SET_IRQS, payload)).toBe(answer);
  });

  it('with a descriptor that counts nothing, or with too few, changes nothing', () => {
    const [event, other] = [new EventCount(), new EventCount()];
    expect(ask(SET_IRQS, set('24', 2, 0, 1), [event.fd])).toBe('1 0');
    expect(ask(SET_IRQS, set('24', 2, 0, 2), [other.fd])).toBe(EINVAL);
    expect(ask(SET_IRQS, set('24', 2, 0, 1), [0])).toBe(EINVAL); // standard input
    ask(SET_IRQS, set('21', 2, 0, 2));
    expect([event.take(), other.take()]).toEqual([1, 0]);
    event.close();
    other.close();
  });
});

describe('a stream that is none', () => {
  it.each([
    ['a message shorter than its header', '0100 0100 0f000000 00000000 00000000', 'a message of 15 bytes'],
    ['a message longer than any', '0100 0100 ffffff7f 00000000 00000000', 'a message of 2147483647 bytes'],
    [
      'an answer to nothing',
      '0100 0900 10000000 01000000 00000000',
      'an answer to REGION_READ, which nobody has asked',
    ],
  ])('%s ends the connection, and the next peer finds everything as it was', (_name, message, why) => {
    attach();
    expect(rig.heard).toEqual(['attached']);
    rawSend(message);
    rig.turn();
    expect(rig.heard[0]).toContain(`detached: ${why}`);
    expect(channel.receive()).toBe('gone');
    expect(rig.connect().read32(7, 0)).toBe(0x10c9_8086);
  });

  it('a type that is neither command nor answer is refused', () => {
    attach();
    expect(ask(READ, '00000000 00000000 07000000 04000000', [], 2)).toBe(EINVAL);
    expect(ask(READ, '00000000 00000000 07000000 04000000', [], 0x40)).toBe(EINVAL);
  });

  /** The header is what `send` would make, so it is taken apart for it. */
  function rawSend(message: string): void {
    channel.sendRaw(bytes(message));
  }
});
