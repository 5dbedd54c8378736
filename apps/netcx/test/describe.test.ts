/* `netcx describe`, `doctor` and `bench`: what they print is true, and programs can read it. */

import { expect, it, onTestFinished, vi } from 'vitest';
import type { Finding } from '../src/doctor/findings.ts';
import { BURST, Echo } from '../src/bench/echo.ts';
import type { Measurement } from '../src/bench/measurement.ts';
import { chart } from '../src/commands/bench.ts';
import { netcx } from './cli.ts';

it('describe tells what was asked and granted, the same each time', async () => {
  const args = ['describe', '--queues', '2', '--ring-size', '64', '--mtu', '9000', '--elements', '0'];
  const { code, out } = await netcx(args);
  expect(code).toBe(0);
  expect(out).toContain('transmit queue 1');
  expect(out).toContain('MTU 9000');
  expect(out).toMatch(/receive fragments = 64 \(.* asked 64\)/);
  expect((await netcx(args)).out).toBe(out);
});

it("describe prints JSON, and the NIC's registers", async () => {
  const { out } = await netcx(['describe', '--json', '--elements', '0']);
  const said = JSON.parse(out) as { mtu: number; queues: unknown[]; linkState: { connected: boolean } };
  expect([said.mtu, said.queues.length, said.linkState.connected]).toEqual([1500, 2, true]);
  expect((await netcx(['describe', '--nic'])).out).toMatch(/CTRL\b/);
  const both = await netcx(['describe', '--nic', '--json']);
  expect([both.code, both.out]).toEqual([2, '']);
  expect(both.err).toContain("option '--json' cannot be used with option '--nic'");
});

it('describe refuses what no driver can', async () => {
  expect((await netcx(['describe', '--mtu', '67'])).err).toContain('Expected a whole number from 68 to 9706');
  const { code, err } = await netcx(['describe', '--ring-size', '100']);
  expect([code, err]).toEqual([2, expect.stringContaining('100')]);
});

it('doctor finds Node, and says what to do about what is not there', async () => {
  const { code, out } = await netcx(['doctor', '--json']);
  const findings = JSON.parse(out) as Finding[];
  expect(code).toBe(0);
  expect(findings[0]).toMatchObject({ name: 'Node.js', state: 'there', what: process.versions.node });
  for (const { state, advice } of findings) expect(advice === '').toBe(state === 'there');
  expect((await netcx(['doctor'])).out).toContain(process.versions.node);
});

it('bench draws what it measured: the longest time has the longest bar', () => {
  const line = (frameBytes: number, median: number) => ({ frameBytes, median, least: 1, most: 9999, frames: 1 });
  const [head, ...lines] = chart([line(64, 100), line(1518, 400)])
    .trimEnd()
    .split('\n');
  expect(head).toMatch(/^frame +median \(range\) +time +rate$/);
  expect(lines.map((text) => /#+/.exec(text)?.[0].length)).toEqual([10, 40]);
  // 1518 bytes in 400 ns are 30.4 bits a nanosecond.
  expect(lines[1]).toMatch(/1518 bytes {2}400 ns \(1\.\.9999\) +#+ +2\.5 Mpps {2}30\.4 Gbit\/s$/);
});

it('bench measures every size, and no frame is lost', async () => {
  const receive = vi.spyOn(Echo.prototype, 'receive');
  onTestFinished(() => receive.mockRestore());
  const { code, out } = await netcx(['bench', '--frames', '20000', '--json']);
  // However long a frame takes on the wire: else the figures would be those of bursts of one, of three, of seven.
  expect(new Set(receive.mock.calls.map(([, count]) => count))).toEqual(new Set([BURST]));
  const measured = JSON.parse(out) as Measurement[];
  expect(code).toBe(0);
  expect(measured.map(({ frameBytes }) => frameBytes)).toEqual([64, 256, 512, 1024, 1518]);
  for (const { least, median, most, frames } of measured) {
    expect(frames).toBeGreaterThanOrEqual(20_000);
    expect(least <= median && median <= most).toBe(true);
  }
});
