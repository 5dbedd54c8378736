// Owns: wires without sockets: a pair, a plug, recordings of any wire, replays of captures, and impairments on all of them.
// Invariant: what was recorded is read by @netcx/pcap's own reader, and the times are arithmetic.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MILLISECOND, SECOND, VirtualClock } from '@netcx/clock';
import { parseImpairments } from '@netcx/hardware';
import { LinkType, parseCapture, PcapngWriter, PcapWriter } from '@netcx/pcap';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWire, parseWire, WireError, type Wire, type WireContext } from '../src/index.ts';
import { Station, toHex } from './station.ts';

let folder = '';
let open: Wire[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-wires-'));
});
afterEach(async () => {
  for (const wire of open) await wire.close();
  open = [];
  rmSync(folder, { recursive: true });
});

async function rig(text: string, context: Partial<WireContext> = {}) {
  const clock = new VirtualClock();
  const events: string[] = [];
  const onEvent: WireContext['onEvent'] = ({ kind, message }) => events.push(`${kind}: ${message}`);
  const wire = await openWire(parseWire(text), { clock, onEvent, ...context });
  open.push(wire);
  const stations = wire.ends.map((end) => new Station(end));
  clock.run({ until: 0 });
  return { clock, wire, stations, station: stations[0]!, events };
}

const frame = (fill: number, length = 60): Uint8Array => new Uint8Array(length).fill(fill);
const first = (frames: readonly Uint8Array[]): (number | undefined)[] => frames.map(([byte]) => byte);

describe('wires inside', () => {
  it('a pair has two ends, a plug has one', async () => {
    const { clock, stations, wire } = await rig('pair');
    stations[0]?.send(frame(1));
    stations[1]?.send(frame(2));
    clock.run();
    expect(stations.map(({ frames }) => first(frames))).toEqual([[2], [1]]);
    expect(wire.counters()).toMatchObject({ 'link.aToB.frames': 1, 'link.bToA.bytes': 60 });
    const plug = await rig('loopback');
    plug.station.send(frame(3));
    plug.clock.run();
    expect(first(plug.station.frames)).toEqual([3]);
    expect([plug.wire.descriptors, plug.wire.busy]).toEqual([[], false]);
  });

  it.each(['pair', 'loopback', 'responder'])('%s can be pulled out', async (text) => {
    const { clock, wire, station } = await rig(text);
    expect(station.up).toBe(true);
    wire.plug(false);
    station.send(frame(1));
    clock.run();
    expect([station.up, station.frames.length]).toEqual([false, 0]);
    expect(wire.counters()['link.aToB.lostFrames']).toBe(1);
    wire.plug(true);
    clock.run();
    expect(station.up).toBe(true);
  });

  it('run at another speed, and with impairments both ways', async () => {
    const impair = parseImpairments('delay=5ms,duplicate=100%');
    const { clock, stations, wire } = await rig('pair', { impair, speed: 10 });
    expect(wire.ends[0]?.speed).toBe(10);
    stations[0]?.send(frame(1));
    stations[1]?.send(frame(2));
    clock.run();
    expect(clock.now()).toBe(67_200 + 500 + 5 * MILLISECOND);
    expect(stations.map(({ frames }) => first(frames))).toEqual([
      [2, 2],
      [1, 1],
    ]);
    expect(wire.counters()).toMatchObject({
      'impair.aToB.delay.delayed': 1,
      'impair.bToA.duplicate.duplicated': 1,
      'impair.bToA.duplicate.held': 0,
    });
    const plug = await rig('loopback', { impair });
    plug.station.send(frame(1));
    plug.clock.run();
    expect(plug.station.frames).toHaveLength(2);
  });

  it('give everything back when they are closed, however often', async () => {
    for (let round = 0; round < 100; round++) {
      const wire = await openWire(parseWire('responder'), {
        clock: new VirtualClock(),
        impair: parseImpairments('loss=1%'),
      });
      await Promise.all([wire.close(), wire.close()]);
    }
  });
});

describe('a recording', () => {
  it('has what passes either way, with times, directions and whole frames', async () => {
    const file = join(folder, 'a.pcapng');
    const { clock, stations, wire } = await rig(`pcap:${file}+pair`, { epoch: 1_700_000_000_000_000_000n });
    stations[0]?.send(frame(1), frame(2, 1514));
    clock.run();
    clock.advance(SECOND);
    stations[1]?.send(frame(3));
    clock.run();
    // What was recorded is there before anybody closes the file.
    expect([...parseCapture(readFileSync(file))]).toHaveLength(3);
    await wire.close();
    const packets = [...parseCapture(readFileSync(file))];
    expect(packets.map(({ timestamp, direction, data }) => [timestamp, direction, toHex(data)])).toEqual([
      [1_700_000_000_000_000_000n + 1172n, 'outbound', toHex(frame(1))],
      [1_700_000_000_000_000_000n + 672n + 12_304n + 500n, 'outbound', toHex(frame(2, 1514))],
      [1_700_000_001_000_000_000n + 672n + 12_304n + 500n + 1172n, 'inbound', toHex(frame(3))],
    ]);
    expect(packets[0]?.interface).toMatchObject({ name: 'wire', speed: 1_000_000_000n, linkType: LinkType.ETHERNET });
    expect(wire.counters()).toMatchObject({ 'pcap.recorded': 3, 'pcap.missed': 0 });
  });

  it('of a wire that nobody answers on has what the NIC sends', async () => {
    const file = join(folder, 'a.pcapng');
    const { clock, station, wire } = await rig(`pcap:${file}`);
    station.send(frame(1));
    clock.run();
    expect([station.up, station.frames.length, [...parseCapture(readFileSync(file))].length]).toEqual([true, 0, 1]);
    expect(wire.counters()).toMatchObject({ 'sink.received': 1 });
  });

  it('shows what came through the impairments, and frames with a wrong check sequence are counted instead', async () => {
    const file = join(folder, 'a.pcapng');
    const impair = parseImpairments('duplicate=100%,corrupt=1e-3');
    const { clock, stations, wire } = await rig(`pcap:${file}+pair`, { impair });
    for (let round = 0; round < 50; round++) stations[0]?.send(frame(0));
    clock.run();
    const recorded = wire.counters()['pcap.recorded'] ?? 0;
    const missed = wire.counters()['pcap.missed'] ?? 0;
    expect([recorded + missed, [...parseCapture(readFileSync(file))].length]).toEqual([100, recorded]);
    expect(missed).toBe(wire.counters()['impair.aToB.corrupt.damaged']);
    expect(missed).toBeGreaterThan(0);
  });

  it('that cannot be made leaves nothing behind', async () => {
    const context = { clock: new VirtualClock() };
    for (const file of [folder, join(folder, 'no', 'folder')]) {
      const refused = openWire(parseWire(`pcap:${file}+responder`), context);
      await expect(refused).rejects.toThrow(WireError);
      await expect(refused).rejects.toThrow(`FILE: pcap: expected a place for a file at ${file}`);
    }
    await expect(
      openWire(parseWire(`pcap:${join(folder, 'x')}+responder:tftp=${folder}/none`), context),
    ).rejects.toThrow('FILE: tftp: expected a folder');
    for (let round = 0; round < 100; round++) {
      await expect(openWire(parseWire(`replay:${folder}/none`), context)).rejects.toThrow(
        'FILE: replay: expected a capture',
      );
    }
  });

  it.runIf(existsSync('/dev/full'))('on a disk that is full from the start is refused', async () => {
    await expect(rig('pcap:/dev/full+pair')).rejects.toThrow('FILE: pcap: /dev/full takes no more: ENOSPC');
  });

  it.skipIf(process.platform === 'win32')('that takes no more ends, and the wire goes on', async () => {
    const pipe = join(folder, 'pipe');
    expect(spawnSync('mkfifo', [pipe]).status).toBe(0);
    // Reads the header, and then no more.
    const reader = spawn('head', ['-c', '100', pipe], { stdio: 'ignore' });
    const gone = new Promise((resolve) => reader.on('exit', resolve));
    const { clock, stations, wire, events } = await rig(`pcap:${pipe}+pair`);
    stations[0]?.send(frame(1));
    clock.run();
    await gone;
    for (let round = 0; round < 3; round++) {
      stations[0]?.send(frame(2));
      clock.run();
    }
    expect(events).toEqual([`failed: pcap: ${pipe} takes no more: EPIPE: broken pipe, write`]);
    expect(first(stations[1]?.frames ?? [])).toEqual([1, 2, 2, 2]);
    expect(wire.counters()).toMatchObject({ 'pcap.recorded': 2, 'pcap.missed': 2 });
  });
});

describe('a replay', () => {
  /** A capture of numbered frames at these milliseconds. */
  function capture(name: string, times: readonly number[], make: 'pcap' | 'pcapng' = 'pcapng'): string {
    const chunks: Uint8Array[] = [];
    const sink = (chunk: Uint8Array): void => void chunks.push(chunk.slice());
    const writer = make === 'pcap' ? new PcapWriter(sink) : new PcapngWriter(sink);
    if (writer instanceof PcapngWriter) writer.addInterface();
    for (const [index, time] of times.entries()) {
      writer.write({ timestamp: 1_600_000_000_000_000_000n + BigInt(time * MILLISECOND), data: frame(index) });
    }
    writer.close();
    const path = join(folder, name);
    writeFileSync(path, Buffer.concat(chunks));
    return path;
  }

  /** Frames and the milliseconds at which they arrive. */
  async function replayed(spec: string, until = 10 * SECOND) {
    const { clock, station, wire, events } = await rig(spec);
    const arrivals: [number, number][] = [];
    const receive = station.receive.bind(station);
    station.receive = (offset, frames) => {
      receive(offset, frames);
      for (const [byte = -1] of station.take()) arrivals.push([byte, Math.floor(clock.now() / MILLISECOND)]);
    };
    clock.run({ until });
    return { arrivals, wire, clock, events };
  }

  it.each(['pcap', 'pcapng'] as const)('has the frames of a %s at its times', async (make) => {
    const { arrivals, wire, clock } = await replayed(`replay:${capture('a', [0, 5, 5, 105], make)}`);
    expect(arrivals).toEqual([
      [0, 0],
      [1, 5],
      [2, 5],
      [3, 105],
    ]);
    expect(wire.counters()).toMatchObject({ 'replay.sent': 4, 'replay.turns': 1, 'replay.skipped': 0 });
    expect(clock.pending).toBe(0);
  });

  it('is faster or slower, and again', async () => {
    const file = capture('a', [0, 20]);
    expect((await replayed(`replay:${file},speed=2,repeat=2`)).arrivals).toEqual([
      [0, 0],
      [1, 10],
      [0, 11],
      [1, 21],
    ]);
    expect((await replayed(`replay:${file},speed=0.5`)).arrivals).toEqual([
      [0, 0],
      [1, 40],
    ]);
    const forever = await replayed(`replay:${file},repeat=forever`);
    expect(forever.arrivals.length).toBeGreaterThan(900);
  });

  it('waits for the link to come up, and does not begin anew when it flaps', async () => {
    const clock = new VirtualClock();
    const wire = await openWire(parseWire(`replay:${capture('a', [0, 10, 20, 30])}`), { clock });
    open.push(wire);
    clock.advance(SECOND);
    const station = new Station(wire.ends[0]!);
    clock.advance(15 * MILLISECOND);
    expect(first(station.frames)).toEqual([0, 1]);
    wire.plug(false);
    clock.advance(10 * MILLISECOND);
    wire.plug(true);
    clock.run();
    expect(first(station.frames)).toEqual([0, 1, 3]);
  });

  it('of more than fits the link at once loses nothing', async () => {
    const times = Array.from({ length: 20_000 }, () => 0);
    const { arrivals, wire } = await replayed(`replay:${capture('a', times)}`);
    expect(arrivals.map(([byte]) => byte)).toEqual(times.map((_, index) => index & 255));
    expect(wire.counters()).toMatchObject({ 'replay.sent': 20_000, 'replay.dropped': 0 });
  });

  it('passes over what is no whole Ethernet frame', async () => {
    const chunks: Uint8Array[] = [];
    const writer = new PcapngWriter((chunk) => void chunks.push(chunk.slice()));
    const ethernet = writer.addInterface();
    const other = writer.addInterface({ linkType: 101 });
    writer.write({ interface: ethernet, timestamp: 0n, data: frame(1) });
    writer.write({ interface: other, timestamp: 0n, data: frame(2) });
    writer.write({ interface: ethernet, timestamp: 0n, data: frame(3), originalLength: 100 });
    writer.write({ interface: ethernet, timestamp: 0n, data: frame(4, 5) });
    writer.write({ interface: ethernet, timestamp: 0n, data: frame(5) });
    writer.close();
    writeFileSync(join(folder, 'a'), Buffer.concat(chunks));
    const { arrivals, wire } = await replayed(`replay:${join(folder, 'a')}`);
    expect(arrivals.map(([byte]) => byte)).toEqual([1, 5]);
    expect(wire.counters()).toMatchObject({ 'replay.skipped': 1, 'replay.cut': 1, 'replay.unfit': 1 });
  });

  it('of a capture that breaks off sends what came before, and says so', async () => {
    const file = capture('a', [0, 1, 2]);
    writeFileSync(file, readFileSync(file).subarray(0, -10));
    const { arrivals, events } = await replayed(`replay:${file},repeat=5`);
    expect(arrivals.map(([byte]) => byte)).toEqual([0, 1]);
    expect(events).toHaveLength(1);
    expect(events[0]).toContain('failed: replay: ');
    writeFileSync(file, 'no capture at all');
    await expect(rig(`replay:${file}`)).rejects.toThrow('FILE: replay: expected a capture');
    writeFileSync(file, '');
    await expect(rig(`replay:${file}`)).rejects.toThrow('FILE: replay: expected a capture');
  });

  it('of a capture without packets ends at once', async () => {
    const { arrivals, wire, clock } = await replayed(`replay:${capture('a', [])},repeat=forever`);
    expect([arrivals, wire.counters()['replay.turns'], clock.pending]).toEqual([[], 1, 0]);
  });

  it('of a recording is the recording again', async () => {
    const file = join(folder, 'a.pcapng');
    const recorded = await rig(`pcap:${file}+pair`);
    for (let index = 0; index < 20; index++) {
      recorded.stations[0]?.send(frame(index, 60 + index * 50));
      recorded.clock.advance(MILLISECOND);
    }
    await recorded.wire.close();
    const { arrivals } = await replayed(`replay:${file}`);
    expect(arrivals).toEqual(Array.from({ length: 20 }, (_, index) => [index, index]));
  });
});
