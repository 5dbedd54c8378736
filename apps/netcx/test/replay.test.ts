/* `netcx replay` when all is well: what it says, what it writes, and that the same call gives the same. */

import { readFileSync, statSync } from 'node:fs';
import { expect, it, describe } from 'vitest';
import { shippedCaptures } from '../src/shipped-captures.ts';
import { foldersForTests, frame, inFolder, netcx, readPackets, replayJson, writePcap, type JsonReport } from './cli.ts';

foldersForTests();

it('replays the shipped captures when it is told nothing, and says what each frame is', async () => {
  const { code, out, err } = await netcx(['replay']);
  expect(code).toBe(0);
  expect(err).toBe('');
  for (const line of [
    /^│ captures +│ +12 │ above-segmentation-offload\.pcap, big-endian-made\.pcap and 10 more/m,
    /^│ frames +│ +1,353 │/m,
    /^│ {3}equal +│ +1,257 │/m,
    /^│ {3}padded +│ +84 │ to 60 bytes by the NIC/m,
    /^│ {3}too long +│ +12 │ more than the 9720 bytes/m,
    /^│ {3}lost +│ +0 │/m,
    /^│ {3}altered +│ +0 │/m,
    /^│ bytes sent +│ +859,053 │/m,
    /^│ drops +│ +12 │/m,
    /^│ {3}a adapter: too long to send │ +12 │/m,
    /^│ interrupts +│ +[\d,]+ │/m,
    /^│ polls +│ +[\d,]+ │/m,
    /^│ buffers in use +│ +510 │/m,
    /^│ buffers leaked +│ +0 │/m,
    /^│ frames per second +│ +[\d,]+ │/m,
    /^Every frame that can be sent equal, in order: 1,257 byte for byte; 84 shorter than 60 bytes and padded by the NIC, as it must; 12 longer than the NIC can send and refused, as they must be\.$/m,
    /^Written to replayed\.pcapng: 1,341 frames/m,
  ]) {
    expect(out).toMatch(line);
  }
  expect(await readPackets('replayed.pcapng')).toHaveLength(1341);
});

it.each(shippedCaptures().map((path) => [path.replace(/.*\//, ''), path]))('verifies %s', async (_, path) => {
  const { code, json } = await replayJson(path, '--verify');
  expect(json.problems).toEqual([]);
  expect(code).toBe(0);
  expect(json.frames).toMatchObject({ lost: 0, altered: 0, reordered: 0 });
  expect(json.verification).toMatchObject({ mismatch: null, irreproducible: null, compared: json.output.frames });
  expect(json.output.frames).toBe(json.frames.equal + json.frames.padded);
});

it('prints one JSON object and nothing else', async () => {
  const { code, out, err, json } = await replayJson();
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(out).toBe(`${JSON.stringify(json, null, 2)}\n`);
  expect(json).toMatchObject({
    ok: true,
    exitCode: 0,
    interrupted: false,
    settings: { seed: 1, timing: 'captured', repeat: 1, frames: null, mtu: 9706, iommu: false },
    frames: { read: 1353, equal: 1257, padded: 84, tooLong: 12, empty: 0, lost: 0, altered: 0, reordered: 0 },
    drops: { 'a adapter: too long to send': 12 },
    buffers: { inUse: 510, leaked: 0 },
    output: { file: 'replayed.pcapng', frames: 1341, problem: null },
    verification: null,
    problems: [],
  });
  expect(json.inputs).toHaveLength(12);
});

it("writes what arrived: padded, with the machine's time, inbound, and where it comes from", async () => {
  writePcap('in.pcap', [{ data: frame(20) }, { data: frame(100, 1) }, { data: frame(9721) }, { data: frame(60, 2) }]);
  const { code } = await replayJson('in.pcap', '--out', 'out.pcapng', '--seed', '7');
  expect(code).toBe(0);
  const packets = await readPackets('out.pcapng');
  const padded = new Uint8Array(60);
  padded.set(frame(20));
  expect(packets.map(({ data }) => Buffer.from(data).toString('hex'))).toEqual(
    [padded, frame(100, 1), frame(60, 2)].map((bytes) => Buffer.from(bytes).toString('hex')),
  );
  expect(packets.map(({ direction, linkType }) => [direction, linkType])).toEqual(new Array(3).fill(['inbound', 1]));
  // Captured a millisecond apart, and two where the long one was refused.
  const times = packets.map(({ timestamp }) => Number(timestamp));
  expect(Math.round((times[1]! - times[0]!) / 1e5)).toBe(10);
  expect(Math.round((times[2]! - times[1]!) / 1e5)).toBe(20);
  const { interface: from } = packets[0]!;
  expect(from).toMatchObject({ name: 'b', speed: 1_000_000_000n, timestampResolution: { base: 10, exponent: 9 } });
  expect(from.macAddress).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 2));
  const text = readFileSync(inFolder('out.pcapng'), 'latin1');
  expect(text).toContain('replay of in.pcap');
  expect(text).toContain('seed 7, timing captured, 1 times, mtu 9706, without IOMMU');
});

describe('the same call', () => {
  const withoutTime = ({ json }: { json: JsonReport }): object => ({ ...json, wallTime: 0, framesPerSecond: 0 });

  it('gives the same counters and the same bytes', async () => {
    const args = ['--repeat', '2', '--seed', '99', '--mtu', '1500'];
    const first = await replayJson(...args);
    const bytes = readFileSync(inFolder('replayed.pcapng'));
    const second = await replayJson(...args);
    expect(withoutTime(second)).toEqual(withoutTime(first));
    expect(readFileSync(inFolder('replayed.pcapng')).equals(bytes)).toBe(true);
  });

  it('with another seed gives other times and the same frames', async () => {
    const first = await replayJson('--repeat', '2');
    const second = await replayJson('--repeat', '2', '--seed', '2');
    expect(first.json.settings.timing).toBe('varied');
    expect(second.json.frames).toEqual(first.json.frames);
    expect(second.json.virtualTime).not.toBe(first.json.virtualTime);
  });
});

it('repeats, stops after so many frames, and keeps to an MTU', async () => {
  writePcap('in.pcap', [{ data: frame(64) }, { data: frame(1514) }, { data: frame(1515) }]);
  const { json } = await replayJson(
    'in.pcap',
    '--repeat',
    '5',
    '--frames',
    '10',
    '--mtu',
    '1500',
    '--iommu',
    '--timing',
    'none',
    '--verify',
  );
  expect(json).toMatchObject({ ok: true, settings: { timing: 'none' }, frames: { read: 10, equal: 7, tooLong: 3 } });
  expect(json.verification).toMatchObject({ compared: 7, mismatch: null, irreproducible: null });
});

it('replays the shipped captures many times over with varied timing', async () => {
  // 8 times is 10,824 frames, 74 times 100,122; NETCX_TEST_SIZE says which, as for the reference driver's tests.
  const size = process.env['NETCX_TEST_SIZE'] ?? (process.env['CI'] === undefined ? 'quick' : 'ci');
  const repeat = { quick: 8, ci: 74, long: 740 }[size] ?? 8;
  const seed = process.env['NETCX_TEST_SEED'] ?? '1';
  process.stderr.write(`shipped captures ${repeat} times (NETCX_TEST_SIZE=${size}, NETCX_TEST_SEED=${seed})\n`);
  const { code, json } = await replayJson('--repeat', String(repeat), '--seed', seed, '--verify');
  expect(code).toBe(0);
  expect(json).toMatchObject({
    settings: { timing: 'varied' },
    buffers: { leaked: 0 },
    verification: { mismatch: null, irreproducible: null },
  });
  expect(json.frames).toEqual({
    read: 1353 * repeat,
    equal: 1257 * repeat,
    padded: 84 * repeat,
    tooLong: 12 * repeat,
    empty: 0,
    lost: 0,
    altered: 0,
    reordered: 0,
  });
}, 600_000);

it('replays several captures as one, in the order given', async () => {
  writePcap('1.pcap', [{ data: frame(64, 1) }]);
  writePcap('2.pcap', [{ data: frame(64, 2) }, { data: frame(64, 3) }]);
  const { json } = await replayJson('2.pcap', '1.pcap');
  expect(json.inputs.map(({ file, frames }) => [file, frames])).toEqual([
    ['2.pcap', 2],
    ['1.pcap', 1],
  ]);
  expect((await readPackets('replayed.pcapng')).map(({ data }) => data[0])).toEqual([62, 93, 31]);
});

it('counts empty frames, and says so when nothing can be sent', async () => {
  writePcap('empty.pcap', [{ data: frame(0) }, { data: frame(10_000) }]);
  const { code, out } = await netcx(['replay', 'empty.pcap']);
  expect(code).toBe(0);
  expect(out).toMatch(/^│ {3}empty +│ +1 │ not a byte to send/m);
  expect(out).toMatch(
    /^No frame could be sent: 1 longer than the NIC can send and refused, as they must be; 1 without a byte and refused, as they must be\.$/m,
  );
});

it('replays a capture without a frame', async () => {
  writePcap('none.pcap', []);
  const { code, out } = await netcx(['replay', 'none.pcap', '--verify']);
  expect(code).toBe(0);
  expect(out).toMatch(/^Nothing to compare: no frames\.$/m);
  expect(out).toMatch(/^Verified: 0 frames read back/m);
});

it('shows progress to a person, on the error stream, and to nobody else', async () => {
  const watched = await netcx(['replay', '--json'], { tty: true });
  expect(watched.err).toContain('replaying');
  expect(watched.err).not.toContain('verifying');
  expect((await netcx(['replay', '--verify'], { tty: true })).err).toContain('verifying');
  expect(() => JSON.parse(watched.out) as unknown).not.toThrow();
  const unwatched = await netcx(['replay', '--json']);
  expect(unwatched.err).toBe('');
});

it('paints the verdict only where colour is wanted', async () => {
  writePcap('in.pcap', [{ data: frame(64) }]);
  const escape = '\u001b[';
  expect((await netcx(['replay', 'in.pcap'], { colour: true })).out).toContain(`${escape}32mEvery frame equal`);
  expect((await netcx(['replay', 'in.pcap'])).out).not.toContain(escape);
});

it('ends early when asked, and reports what was read', async () => {
  const ends = new AbortController();
  ends.abort(130);
  const { code, out, err } = await netcx(['replay', '--verify'], { signal: ends.signal });
  expect(code).toBe(130);
  expect(err).toBe('');
  expect(out).toMatch(/^Ended by you; this is what was read before\.$/m);
  expect(out).toMatch(/^│ buffers leaked +│ +0 │/m);
  expect(out).not.toContain('Verified');
  expect(statSync(inFolder('replayed.pcapng')).size).toBeGreaterThan(0);
});

describe('help', () => {
  it('is there for the program, with examples and exit codes', async () => {
    const { code, out, err } = await netcx(['--help']);
    expect(code).toBe(0);
    expect(err).toBe('');
    expect(out).toMatch(/^Usage: netcx /);
    expect(out).toMatch(/^Examples:\n {2}netcx replay /m);
    expect(out).toMatch(/^ {2}130 {2}ended by Ctrl-C/m);
    expect((await netcx([])).out).toBe(out);
  });

  it('is there for the command', async () => {
    const { code, out } = await netcx(['replay', '--help']);
    expect(code).toBe(0);
    for (const option of [
      '--out',
      '--force',
      '--verify',
      '--seed',
      '--timing',
      '--repeat',
      '--frames',
      '--mtu',
      '--iommu',
      '--json',
    ]) {
      expect(out).toContain(option);
    }
  });

  it('knows its version', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(await netcx(['--version'])).toEqual({ code: 0, out: `${manifest.version}\n`, err: '' });
  });
});
