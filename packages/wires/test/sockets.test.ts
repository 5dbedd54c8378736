// Owns: the wires that are sockets, each against a plain socket of Node's and against another wire of its kind.
// Invariant: loopback addresses and sockets in a folder of this test, and nothing else.
import { createSocket, type Socket as Dgram } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { VirtualClock } from '@netcx/clock';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWire, parseWire, WireError, type Wire } from '../src/index.ts';
import { hex, Station, toHex } from './station.ts';
import { turns, until } from './turns.ts';

let folder = '';
let closing: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-wires-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  closing = [];
  rmSync(folder, { recursive: true });
});

interface Machine {
  readonly clock: VirtualClock;
  readonly wire: Wire;
  readonly station: Station;
  readonly events: string[];
  readonly count: (name: string) => number | undefined;
}

async function open(text: string, clock = new VirtualClock()): Promise<Machine> {
  const events: string[] = [];
  const wire = await openWire(parseWire(text), { clock, onEvent: ({ kind }) => events.push(kind) });
  closing.push(() => wire.close());
  const station = new Station(wire.ends[0]!);
  clock.run({ until: clock.now() });
  return { clock, wire, station, events, count: (name) => wire.counters()[name] };
}

const frame = (fill: number, length = 60): Uint8Array => new Uint8Array(length).fill(fill);
/** A frame as it arrives when a peer did not pad it: with zeros up to Ethernet's 60 bytes. */
const padded = (bytes: Uint8Array): Uint8Array => Uint8Array.from({ length: 60 }, (_, index) => bytes[index] ?? 0);

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => void socket.close(() => resolve()));
  return port;
}

async function bound(type: 'udp4' | 'udp6' = 'udp4'): Promise<{ socket: Dgram; port: number; heard: string[] }> {
  const socket = createSocket(type);
  const heard: string[] = [];
  socket.on('message', (message) => heard.push(toHex(message)));
  await new Promise<void>((resolve) => void socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1', resolve));
  closing.push(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
  return { socket, port: socket.address().port, heard };
}

describe('dgram', () => {
  it('is one frame a datagram, both ways', async () => {
    const peer = await bound();
    const local = await freePort();
    const { clock, station, wire, count } = await open(`dgram:127.0.0.1:${local},127.0.0.1:${peer.port}`);
    station.send(frame(1), frame(2, 1514));
    expect(wire.busy).toBe(false);
    await until(clock, 'two datagrams', () => peer.heard.length === 2);
    expect(peer.heard).toEqual([toHex(frame(1)), toHex(frame(2, 1514))]);
    for (const one of [frame(3), frame(4, 9000)]) peer.socket.send(one, local, '127.0.0.1');
    await until(clock, 'two frames', () => station.frames.length === 2);
    expect(station.take().map(toHex)).toEqual([toHex(frame(3)), toHex(frame(4, 9000))]);
    expect([count('dgram.transmitted'), count('dgram.sent'), count('dgram.failed')]).toEqual([2, 2, 0]);
    expect(wire.descriptors).toHaveLength(process.platform === 'win32' ? 0 : 1);
    await wire.close();
    expect(wire.descriptors).toEqual([]);
  });

  it('is of both families', async () => {
    const peer = await bound('udp6');
    const { clock, station } = await open(`dgram:[::1]:0,[::1]:${peer.port}`);
    station.send(frame(1));
    await until(clock, 'a datagram', () => peer.heard.length === 1);
  });

  it('takes nothing from strangers, and nothing that no link carries', async () => {
    const peer = await bound();
    const stranger = await bound();
    const local = await freePort();
    const { clock, station, count } = await open(`dgram:127.0.0.1:${local},127.0.0.1:${peer.port}`);
    stranger.socket.send(frame(9), local, '127.0.0.1');
    await until(clock, 'a stranger', () => count('dgram.strangers') === 1);
    for (const length of [0, 1, 13, 16 * 1024 + 1, 60_000]) peer.socket.send(frame(5, length), local, '127.0.0.1');
    peer.socket.send(frame(6, 14), local, '127.0.0.1');
    await until(clock, 'a frame', () => station.frames.length === 1);
    expect([count('dgram.unfit'), station.take().map(toHex)]).toEqual([5, [toHex(padded(frame(6, 14)))]]);
  });

  it('goes on when nobody listens, and says so when its address is taken', async () => {
    const nobody = await freePort();
    const { clock, station, count } = await open(`dgram:127.0.0.1:0,127.0.0.1:${nobody}`);
    for (let round = 0; round < 3; round++) {
      station.send(frame(1));
      await turns(clock);
    }
    expect((count('dgram.transmitted') ?? 0) + (count('dgram.failed') ?? 0)).toBeGreaterThanOrEqual(3);
    const taken = await bound();
    const refused = openWire(parseWire(`dgram:127.0.0.1:${taken.port},127.0.0.1:9`), { clock });
    await expect(refused).rejects.toThrow(WireError);
    await expect(refused).rejects.toThrow(`SOCKET: dgram: expected a free local address, got 127.0.0.1:${taken.port}`);
  });
});

/** A plain client or server on a stream. */
class Plain {
  readonly socket: Socket;
  readonly heard: Buffer[] = [];
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => void this.heard.push(chunk));
    socket.on('close', () => {
      this.closed = true;
    });
    socket.on('error', () => undefined);
    closing.push(() => socket.destroy());
  }

  get bytes(): string {
    return Buffer.concat(this.heard).toString('hex');
  }
}

const framed = (bytes: Uint8Array): string => `${bytes.length.toString(16).padStart(8, '0')}${toHex(bytes)}`;

describe('stream', () => {
  it('is a length and a frame, both ways, however the bytes come', async () => {
    const path = join(folder, 'a.sock');
    const { clock, station, wire, events, count } = await open(`stream:${path}`);
    station.send(frame(7));
    await turns(clock, 5);
    const peer = new Plain(connect({ path }));
    await until(clock, 'a peer', () => events.length === 1);
    expect(wire.descriptors).toHaveLength(process.platform === 'win32' ? 0 : 2);
    station.send(frame(1), frame(2, 1514));
    await until(clock, 'two frames at the peer', () => peer.bytes.length === 2 * (4 + 60 + 4 + 1514));
    expect(peer.bytes).toBe(framed(frame(1)) + framed(frame(2, 1514)));
    const bytes = hex(framed(frame(3)) + framed(frame(4, 9000)) + framed(frame(5, 14)));
    for (let at = 0; at < bytes.length; at += 777) {
      peer.socket.write(bytes.subarray(at, at + 777));
      await turns(clock, 1);
    }
    await until(clock, 'three frames', () => station.frames.length === 3);
    expect(station.take().map(toHex)).toEqual([frame(3), frame(4, 9000), padded(frame(5, 14))].map(toHex));
    expect([count('link.aToB.lostFrames'), count('stream.transmitted'), events]).toEqual([1, 2, ['connected']]);
  });

  it('has its link up while it has a peer', async () => {
    const path = join(folder, 'a.sock');
    const { clock, station, wire } = await open(`stream:${path}`);
    await turns(clock, 5);
    expect(station.up).toBe(false);
    for (let round = 0; round < 3; round++) {
      const peer = new Plain(connect({ path }));
      await until(clock, 'a link that is up', () => station.up);
      peer.socket.destroy();
      await until(clock, 'a link that is down', () => !station.up);
    }
    new Plain(connect({ path }));
    await until(clock, 'a link that is up', () => station.up);
    wire.plug(false);
    await until(clock, 'a cable that is out', () => !station.up);
    wire.plug(true);
    await until(clock, 'a cable that is in', () => station.up);
  });

  it('has one peer at a time, and another when that one is gone', async () => {
    const path = join(folder, 'a.sock');
    const { clock, station, events, count } = await open(`stream:${path}`);
    const first = new Plain(connect({ path }));
    await until(clock, 'a peer', () => events.length === 1);
    const second = new Plain(connect({ path }));
    await until(clock, 'a refusal', () => second.closed);
    first.socket.write(hex('00000040 0000'));
    await turns(clock);
    first.socket.destroy();
    await until(clock, 'the end of the first', () => events.includes('disconnected'));
    const third = new Plain(connect({ path }));
    await until(clock, 'a third', () => events.length === 4);
    third.socket.write(hex(framed(frame(8))));
    await until(clock, 'a frame', () => station.frames.length === 1);
    // What the first one left unfinished is not in it.
    expect(station.take().map(toHex)).toEqual([toHex(frame(8))]);
    expect([events, count('stream.refused'), count('stream.truncated'), count('stream.connections')]).toEqual([
      ['connected', 'refused', 'disconnected', 'connected'],
      1,
      1,
      2,
    ]);
  });

  it.each(['00000000', '00004001', 'ffffffff', '474554202f20485454502f312e310d0a'])(
    'ends a connection on which a length is %s, and serves the next one',
    async (bytes) => {
      const path = join(folder, 'a.sock');
      const { clock, station, events, count } = await open(`stream:${path}`);
      const bad = new Plain(connect({ path }));
      bad.socket.write(hex(bytes));
      await until(clock, 'the end', () => bad.closed && events.length === 2);
      expect([count('stream.oversize'), station.frames.length]).toEqual([1, 0]);
      const good = new Plain(connect({ path }));
      good.socket.write(hex(framed(frame(1))));
      await until(clock, 'a frame', () => station.frames.length === 1);
    },
  );

  it('connects, over TCP, and again when the other end comes back', async () => {
    const peers: Plain[] = [];
    const listen = async (port: number): Promise<Server> => {
      const server = createServer((socket) => void peers.push(new Plain(socket)));
      await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
      return server;
    };
    const first = await listen(0);
    const { port } = first.address() as AddressInfo;
    const { clock, station, events, wire } = await open(`stream:127.0.0.1:${port},connect`);
    await until(clock, 'a connection', () => events.length === 1);
    station.send(frame(1));
    await until(clock, 'a frame', () => peers[0]?.bytes === framed(frame(1)));
    first.close();
    peers[0]?.socket.destroy();
    await until(clock, 'the end', () => events.length === 2);
    // Nobody is there: it tries every second of its clock.
    for (let second = 0; second < 3; second++) await turns(clock, 1000);
    const again = await listen(port);
    closing.push(() => again.close());
    await until(clock, 'another connection', () => events.length === 3);
    peers[1]?.socket.write(hex(framed(frame(2))));
    await until(clock, 'a frame', () => station.frames.length === 1);
    expect(events).toEqual(['connected', 'disconnected', 'connected']);
    await wire.close();
    expect(clock.pending).toBe(0);
  });

  it('joins two wires: what goes in at one end comes out at the other, in order', async () => {
    const path = join(folder, 'a.sock');
    const clock = new VirtualClock();
    const one = await open(`stream:${path}`, clock);
    const other = await open(`stream:${path},connect`, clock);
    await until(clock, 'a connection', () => one.events.length + other.events.length === 2);
    const frames = Array.from({ length: 2000 }, (_, index) => {
      const bytes = frame(index & 255, 60 + (index % 1400));
      bytes[0] = index >> 8;
      return bytes;
    });
    for (let at = 0; at < frames.length; at += 100) {
      one.station.send(...frames.slice(at, at + 100));
      other.station.send(frame(at & 255));
      await until(clock, 'a hundred frames', () => other.station.frames.length >= at + 100);
    }
    await until(clock, 'the way back', () => one.station.frames.length === 20);
    expect(other.station.take().map(toHex)).toEqual(frames.map(toHex));
  });

  it('a peer that does not read costs a bounded amount of memory', async () => {
    const path = join(folder, 'a.sock');
    const { clock, station, events, count } = await open(`stream:${path}`);
    const lazy = new Plain(connect({ path }));
    await until(clock, 'a peer', () => events.length === 1);
    lazy.socket.pause();
    for (let round = 0; count('stream.overrun') === 0 && round < 200; round++) {
      station.send(...Array.from({ length: 60 }, () => frame(1, 9000)));
      await turns(clock, 5);
    }
    expect(count('stream.overrun')).toBeGreaterThan(0);
    const sent = count('stream.transmitted') ?? 0;
    expect(sent * 9004).toBeLessThan(10 * 1024 * 1024);
    lazy.socket.resume();
    await until(clock, 'everything', () => lazy.heard.reduce((sum, { length }) => sum + length, 0) === sent * 9004);
  });

  it.each([
    ['IPv4', '0800' + '4500002c', 58],
    ['IPv6', '86dd' + '600000000004' + '0640', 58],
    ['ARP', '0806', 42],
    ['something else', '88cc', 60],
    ['IPv4 that says more than there is', '0800' + '450005dc', 60],
  ])('cuts padding off %s when it is to', async (_, start, length) => {
    const path = join(folder, 'a.sock');
    const { clock, station, events } = await open(`stream:${path},trim`);
    const peer = new Plain(connect({ path }));
    await until(clock, 'a peer', () => events.length === 1);
    const bytes = padded(hex('020000000001' + '020000000002' + start));
    station.send(bytes);
    await until(clock, 'a frame', () => peer.bytes.length === 2 * (4 + length));
    expect(peer.bytes).toBe(framed(bytes.subarray(0, length)));
  });

  it('makes a peer wait that sends faster than the link carries, and loses nothing', async () => {
    const path = join(folder, 'a.sock');
    const { clock, station, events, count } = await open(`stream:${path}`);
    const peer = new Plain(connect({ path }));
    await until(clock, 'a peer', () => events.length === 1);
    const block = hex(framed(frame(1, 9000)).repeat(50));
    let wrote = 0;
    for (; wrote < 30; wrote++) peer.socket.write(block); // 13.5 MB, where an outbox holds 4 MiB
    // The link stands still while the connection brings what it can.
    for (let turn = 0; turn < 2000; turn++) await new Promise((resolve) => setImmediate(resolve));
    await until(clock, 'everything', () => station.frames.length === 50 * wrote);
    expect(count('stream.dropped')).toBe(0);
  });

  it('takes the place of a socket that was left behind, and of nothing else', async () => {
    const path = join(folder, 'a.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(path)).toBe(true);
    const { wire } = await open(`stream:${path}`);
    const clock = new VirtualClock();
    const taken = openWire(parseWire(`stream:${path}`), { clock });
    await expect(taken).rejects.toThrow(`SOCKET: stream: expected a place to listen at, got ${path}`);
    await wire.close();
    expect(existsSync(path)).toBe(false);
    const file = join(folder, 'file');
    writeFileSync(file, 'x');
    await expect(openWire(parseWire(`stream:${file}`), { clock })).rejects.toThrow(WireError);
    expect(existsSync(file)).toBe(true);
  });

  it('any bytes from a peer: no exception, and the next peer is served', async () => {
    const path = join(folder, 'a.sock');
    const { clock, station, count, wire } = await open(`stream:${path}`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), async (chunks) => {
        const before = count('stream.connections') ?? 0;
        const peer = new Plain(connect({ path }));
        await until(clock, 'a connection', () => count('stream.connections') === before + 1);
        for (const chunk of chunks) if (!peer.closed) peer.socket.write(chunk);
        await turns(clock, 3);
        peer.socket.destroy();
        await until(clock, 'the end', () => wire.descriptors.length <= 1);
      }),
      { numRuns: 60 },
    );
    station.take();
    const good = new Plain(connect({ path }));
    good.socket.write(hex(framed(frame(1))));
    await until(clock, 'a frame', () => station.frames.length === 1);
  });
});
