// Owns: the TFTP server: whole transfers with every option against a client written here, losses, and names that lead out.
// Invariant: packets are literal bytes or built by this test; the server's own code builds none that it reads.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND, VirtualClock } from '@netcx/clock';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServedFolder } from '../src/responder/served-folder.ts';
import { TFTP_PORT, TftpServer, type TftpPeer } from '../src/responder/tftp-server.ts';
import { WireError } from '../src/index.ts';
import { toHex } from './station.ts';

let folder = '';
const big = Uint8Array.from({ length: 10_000 }, (_, index) => (index * 31) >> 3);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-tftp-'));
  const root = join(folder, 'root');
  mkdirSync(join(root, 'sub'), { recursive: true });
  writeFileSync(join(root, 'small'), 'hello');
  writeFileSync(join(root, 'empty'), '');
  writeFileSync(join(root, 'exact'), new Uint8Array(1024).fill(7));
  writeFileSync(join(root, 'sub', 'big'), big);
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync(join(folder, 'secret'), join(root, 'out'));
  symlinkSync('..', join(root, 'up'));
  symlinkSync('sub/big', join(root, 'inside'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Packet {
  readonly peer: TftpPeer;
  readonly port: number;
  readonly bytes: Uint8Array;
}

function rig() {
  const clock = new VirtualClock();
  const sent: Packet[] = [];
  const server = new TftpServer(clock, new ServedFolder(join(folder, 'root')), (peer, port, bytes) =>
    sent.push({ peer, port, bytes }),
  );
  return { clock, server, take: () => sent.splice(0) };
}

const peer = (port = 2000): TftpPeer => ({ mac: new Uint8Array(6), address: 0x0a00020f, port });
const text = (...parts: readonly string[]): Uint8Array => Buffer.from(parts.map((part) => `${part}\0`).join(''));
const read = (...parts: readonly string[]): Uint8Array => Uint8Array.of(0, 1, ...text(...parts));
const ack = (block: number): Uint8Array => Uint8Array.of(0, 4, block >> 8, block & 255);

/** Reads a file as a client does, and gives its bytes and the sizes of its blocks. */
function fetch({ server, take }: ReturnType<typeof rig>, name: string, ...options: readonly string[]) {
  server.take(peer(), TFTP_PORT, read(name, 'octet', ...options));
  const data: number[] = [];
  const blocks: number[] = [];
  let granted = '';
  for (let [packet] = take(); packet !== undefined; [packet] = take()) {
    const { bytes, port } = packet;
    if (bytes[1] === 6) {
      granted = Buffer.from(bytes.subarray(2)).toString().replaceAll('\0', ' ').trim();
      server.take(peer(), port, ack(0));
    } else {
      expect(bytes[1]).toBe(3);
      blocks.push(bytes.length - 4);
      expect(new DataView(bytes.buffer).getUint16(2)).toBe(blocks.length & 0xffff);
      data.push(...bytes.subarray(4));
      server.take(peer(), port, ack(blocks.length & 0xffff));
    }
  }
  return { data: Uint8Array.from(data), blocks, granted };
}

describe('a transfer', () => {
  it('is literally this', () => {
    const { server, take } = rig();
    server.take(peer(), TFTP_PORT, Buffer.from('0001 736d616c6c 00 6f63746574 00'.replaceAll(' ', ''), 'hex'));
    const [packet] = take();
    expect([packet?.port, toHex(packet?.bytes ?? Uint8Array.of())]).toEqual([50_000, '0003000168656c6c6f']);
    server.take(peer(), 50_000, Uint8Array.of(0, 4, 0, 1));
    expect([take(), server.counters]).toEqual([[], { served: 1, refused: 0, retransmitted: 0, abandoned: 0, open: 0 }]);
  });

  it.each([
    ['small', [], '', [5]],
    ['empty', [], '', [0]],
    ['exact', [], '', [512, 512, 0]],
    ['/small', ['tsize', '0'], 'tsize 5', [5]],
    ['exact', ['blksize', '1024', 'tsize', '0'], 'blksize 1024 tsize 1024', [1024, 0]],
    ['exact', ['BLKSIZE', '65464'], 'blksize 1468', [1024]],
    ['small', ['blksize', '7', 'timeout', '0', 'windowsize', '8', 'blksize2', 'x'], '', [5]],
    ['small', ['timeout', '3', 'blksize', '8'], 'blksize 8 timeout 3', [5]],
    ['./sub//..big', [], undefined, []],
  ])('of %s with %j', (name, options, granted, blocks) => {
    const machine = rig();
    if (granted === undefined) {
      machine.server.take(peer(), TFTP_PORT, read(name, 'octet'));
      expect(machine.take()[0]?.bytes[1]).toBe(5);
      return;
    }
    const result = fetch(machine, name, ...options);
    expect([result.granted, result.blocks]).toEqual([granted, blocks]);
    expect(machine.server.counters).toMatchObject({ served: 1, open: 0 });
  });

  it.each(['sub/big', 'sub\\big', '//sub/./big', 'inside'])('finds %s', (name) => {
    const { data } = fetch(rig(), name, 'blksize', '1000');
    expect(Buffer.compare(data, big)).toBe(0);
  });

  it('longer than block numbers goes on at zero', () => {
    writeFileSync(join(folder, 'root', 'long'), new Uint8Array(8 * 65_540 + 3).fill(9));
    const { data, blocks } = fetch(rig(), 'long', 'blksize', '8');
    expect([data.length, blocks.length]).toEqual([8 * 65_540 + 3, 65_541]);
  });
});

describe('what is lost', () => {
  it('is sent again, as often as it takes, and then given up', () => {
    const { clock, server, take } = rig();
    server.take(peer(), TFTP_PORT, read('small', 'octet', 'timeout', '2'));
    clock.advance(60 * SECOND);
    const times = take();
    expect(times.map(({ bytes }) => bytes[1])).toEqual([6, 6, 6, 6, 6, 6]);
    expect(server.counters).toEqual({ served: 0, refused: 0, retransmitted: 5, abandoned: 1, open: 0 });
    expect(clock.pending).toBe(0);
  });

  it('is not sent again because an old block is acknowledged twice', () => {
    const { clock, server, take } = rig();
    server.take(peer(), TFTP_PORT, read('exact', 'octet'));
    server.take(peer(), 50_000, ack(1));
    server.take(peer(), 50_000, ack(1));
    server.take(peer(), 50_000, ack(7));
    expect(take().map(({ bytes }) => bytes[3])).toEqual([1, 2]);
    clock.advance(SECOND);
    expect(take().map(({ bytes }) => bytes[3])).toEqual([2]);
    server.take(peer(), 50_000, ack(2));
    server.take(peer(), 50_000, ack(3));
    expect(server.counters).toMatchObject({ served: 1, retransmitted: 1, open: 0 });
  });

  it('a request that comes twice is one transfer; a client that begins anew has its old one ended', () => {
    const { clock, server, take } = rig();
    server.take(peer(), TFTP_PORT, read('exact', 'octet'));
    server.take(peer(), TFTP_PORT, read('exact', 'octet'));
    expect(take().map(({ port, bytes }) => [port, bytes[3]])).toEqual([
      [50_000, 1],
      [50_000, 1],
    ]);
    server.take(peer(), 50_000, ack(1));
    server.take(peer(), TFTP_PORT, read('small', 'octet'));
    clock.run({ until: clock.now() });
    expect(take().map(({ port }) => port)).toEqual([50_000, 50_001]);
    expect(server.counters.open).toBe(1);
    server.close();
    expect([server.counters.open, clock.pending]).toEqual([0, 0]);
  });

  it('an error of the client ends its transfer, and a stranger is told that there is none', () => {
    const { server, take } = rig();
    server.take(peer(), TFTP_PORT, read('exact', 'octet'));
    take();
    server.take(peer(2001), 50_000, ack(1));
    expect(take().map(({ bytes }) => toHex(bytes.subarray(0, 4)))).toEqual(['00050005']);
    expect(server.counters.open).toBe(1);
    server.take(peer(), 50_000, Uint8Array.of(0, 5, 0, 8, 0));
    expect(server.counters).toMatchObject({ open: 0, served: 0, abandoned: 0 });
  });
});

describe('a request that is refused', () => {
  it.each([
    [read('../secret', 'octet'), 2],
    [read('sub/../../secret', 'octet'), 2],
    [read('..\\secret', 'octet'), 2],
    [read('out', 'octet'), 2],
    [read('up/secret', 'octet'), 2],
    [read('up', 'octet'), 2],
    [read('/', 'octet'), 2],
    [read('nothing', 'octet'), 1],
    [read('sub', 'octet'), 1],
    [read('small/x', 'octet'), 1],
    [read('small', 'netascii'), 4],
    [Uint8Array.of(0, 2, ...text('small', 'octet')), 2],
  ])('%j', (request, code) => {
    const { server, take } = rig();
    server.take(peer(), TFTP_PORT, request);
    const [packet] = take();
    expect(toHex(packet?.bytes.subarray(0, 4) ?? Uint8Array.of())).toBe(`0005000${String(code)}`);
    expect(packet?.bytes.at(-1)).toBe(0);
    expect(server.counters).toMatchObject({ refused: 1, open: 0 });
  });

  it('a pipe is not waited for', () => {
    const pipe = join(folder, 'root', 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    const { server, take } = rig();
    server.take(peer(), TFTP_PORT, read('pipe', 'octet'));
    expect(take()[0]?.bytes[1]).toBe(5);
  });

  it('there are so many transfers at most', () => {
    const { server, take } = rig();
    for (let port = 1; port <= 65; port++) server.take(peer(port), TFTP_PORT, read('small', 'octet'));
    expect(take().map(({ bytes }) => bytes[1])).toEqual([...Array.from({ length: 64 }, () => 3), 5]);
    server.close();
  });

  it('a folder that is none is refused when the wire is opened', () => {
    expect(() => new ServedFolder(join(folder, 'nowhere'))).toThrow(WireError);
    expect(() => new ServedFolder(join(folder, 'secret'))).toThrow(/FILE: tftp: expected a folder/);
  });
});

describe('any packet', () => {
  it('is answered or not; nothing is read outside of the folder, and transfers are bounded', () => {
    const { server, take } = rig();
    const name = fc.array(fc.constantFrom('..', '.', 'sub', 'small', 'out', 'up', 'secret', '', 'root'), {
      maxLength: 5,
    });
    const option = fc.tuple(
      fc.constantFrom('blksize', 'tsize', 'timeout', 'x', ''),
      fc.oneof(fc.nat().map(String), fc.string({ maxLength: 4 })),
    );
    const packet = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.constantFrom(1, 2, 3, 4, 5, 6), fc.uint8Array({ maxLength: 12 }))
        .map(([code, rest]) => Uint8Array.of(0, code, ...rest)),
      fc
        .tuple(name, fc.constantFrom('/', '\\', '//'), fc.array(option, { maxLength: 4 }))
        .map(([parts, separator, options]) => read(parts.join(separator), 'octet', ...options.flat())),
    );
    const step = fc.record({
      packet,
      client: fc.integer({ min: 1, max: 80 }),
      port: fc.constantFrom(TFTP_PORT, 50_000, 50_001),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        for (const one of steps) server.take(peer(one.client), one.port, one.packet);
        for (const { bytes } of take()) {
          expect(bytes.length).toBeLessThanOrEqual(4 + 1468);
          expect(Buffer.from(bytes).includes('secret')).toBe(false);
        }
        expect(server.counters.open).toBeLessThanOrEqual(64);
      }),
      { numRuns: 500 },
    );
    server.close();
  });
});
