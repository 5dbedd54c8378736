/* Verdict, exit code and table for replays that went wrong, which a sound machine does not give: reports made by hand. */

import type { ReplayReport } from '@netcx/reference-driver/replay';
import { describe, expect, it } from 'vitest';
import { openInputs } from '../src/replay/inputs.ts';
import { reportAsJson } from '../src/replay/json.ts';
import type { ReplaySettings } from '../src/replay/job.ts';
import { ReplayOutcome } from '../src/replay/outcome.ts';
import { FrameSource } from '../src/replay/source.ts';
import { reportAsTable } from '../src/replay/table.ts';
import type { Verification } from '../src/replay/verification.ts';
import { folder, foldersForTests, frame, writePcap, type JsonReport } from './cli.ts';

foldersForTests();

const settings: ReplaySettings = { seed: 1, timing: 'captured', repeat: 1, mtu: 9706, iommu: false };
const frames = { read: 10, equal: 10, padded: 0, tooLong: 0, empty: 0, lost: 0, altered: 0, reordered: 0 };
const good: ReplayReport = {
  frames,
  unexpected: 0,
  bytes: { sent: 1000, received: 1000 },
  drops: {},
  interrupts: 5,
  polls: 50,
  buffers: { inUse: 510, leaked: 0 },
  virtualTime: 1e9,
  wallTime: 100,
  seed: 1,
  ok: true,
  differences: [],
};
const verified: Verification = { compared: 10, mismatch: undefined, irreproducible: undefined, sha256: '' };

interface Circumstances {
  readonly verification?: Verification;
  readonly failure?: Error;
  readonly problem?: string;
}

function outcomeOf(
  report: Partial<ReplayReport>,
  { verification, failure, problem }: Circumstances = {},
): ReplayOutcome {
  const source = new FrameSource([{ path: '/in.pcap', name: 'in.pcap', size: 1, identity: '' }], 1, Infinity);
  const output = { name: 'out.pcapng', frames: 10, problem };
  return new ReplayOutcome({ report: { ...good, ...report }, source, failure }, settings, output, verification, false);
}

const bad = (counts: Partial<typeof frames>): Partial<ReplayReport> => ({
  ok: false,
  frames: { ...frames, ...counts },
});

describe('a verdict', () => {
  it.each<[string, Partial<ReplayReport>, string]>([
    ['good', {}, 'Every frame equal, in order: 10 byte for byte.'],
    ['one lost', bad({ equal: 9, lost: 1 }), 'NOT EQUAL: 1 lost.'],
    ['altered', bad({ altered: 1234 }), 'NOT EQUAL: 1,234 altered.'],
    ['reordered', bad({ reordered: 2 }), 'NOT EQUAL: 2 out of order.'],
    ['unexpected', { ok: false, unexpected: 3 }, 'NOT EQUAL: 3 that nobody had sent.'],
    ['leaked', { ok: false, buffers: { inUse: 510, leaked: 4 } }, 'NOT EQUAL: 4 buffers leaked.'],
    [
      'all of it',
      { ...bad({ lost: 1, altered: 2, reordered: 3 }), unexpected: 4, buffers: { inUse: 0, leaked: 5 } },
      'NOT EQUAL: 1 lost, 2 altered, 3 out of order, 4 that nobody had sent, 5 buffers leaked.',
    ],
    [
      'nothing of it, but the machine is not sure',
      { ok: false },
      'NOT EQUAL: the counters do not agree with each other.',
    ],
  ])('%s', (_, report, verdict) => {
    const outcome = outcomeOf(report, { verification: verified });
    expect(outcome.verdict).toBe(verdict);
    expect(outcome.exitCode).toBe(verdict.startsWith('NOT') ? 1 : 0);
    expect(reportAsTable(outcome, false)).toContain(`\n${verdict}\n`);
    expect(JSON.parse(reportAsJson(outcome, outcome.exitCode)) as JsonReport).toMatchObject({
      verdict,
      ok: outcome.exitCode === 0,
    });
    if (outcome.exitCode === 1) expect(reportAsTable(outcome, true)).toContain(`\u001b[31m${verdict}`);
  });
});

it('names the frames that differ', async () => {
  writePcap('1.pcap', [{ data: frame(64) }]);
  writePcap('2.pcap', [{ data: frame(64) }, { data: frame(64) }]);
  const names = ['1.pcap', '2.pcap'].map((name) => ({ path: name, name }));
  const source = new FrameSource(await openInputs(names, folder.path, true), 3, Infinity);
  let read = 0;
  for await (const _ of source.frames()) read++;
  expect(read).toBe(9);
  const differences = [0, 2, 4, -1].map((number) => ({ frame: number, what: 'is wrong' }));
  const report = { ...good, ...bad({ lost: 1 }), differences };
  const output = { name: 'out.pcapng', frames: 10, problem: undefined };
  const outcome = new ReplayOutcome({ report, source, failure: undefined }, settings, output, undefined, false);
  expect(reportAsTable(outcome, false)).toContain(
    [
      '',
      '  frame 1 of 1.pcap: is wrong',
      '  frame 2 of 2.pcap: is wrong',
      '  frame 1 of 2.pcap, pass 2: is wrong',
      '  is wrong',
      '',
    ].join('\n'),
  );
  expect(JSON.parse(reportAsJson(outcome, 1))).toMatchObject({
    differences: [
      { file: '1.pcap', pass: 1, frame: 1, what: 'is wrong' },
      { file: '2.pcap', pass: 1, frame: 2, what: 'is wrong' },
      { file: '2.pcap', pass: 2, frame: 1, what: 'is wrong' },
      { file: null, pass: null, frame: null, what: 'is wrong' },
    ],
  });
});

describe('the exit code is', () => {
  it('1 when the second look disagrees, and the table says so', () => {
    const mismatch = outcomeOf({}, { verification: { ...verified, mismatch: 'time steps back' } });
    expect(mismatch.exitCode).toBe(1);
    expect(reportAsTable(mismatch, false)).toContain(
      '\nNOT VERIFIED: time steps back.\nVerified: a second run gave the same',
    );
    const other = outcomeOf({}, { verification: { ...verified, irreproducible: 'polls differ' } });
    expect(other.exitCode).toBe(1);
    expect(reportAsTable(other, false)).toContain('\nNOT VERIFIED: polls differ.\n');
  });

  it('1 when the machine gave up', () => {
    const outcome = outcomeOf({}, { failure: new Error('the transmit queue does not move') });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.problems).toEqual(['the replay ended early: the transmit queue does not move']);
  });

  it('2 when the output could not be written, which is told once', () => {
    const outcome = outcomeOf({}, { failure: new Error('disk full'), problem: 'cannot write out.pcapng: disk full' });
    expect(outcome.exitCode).toBe(2);
    expect(outcome.problems).toEqual(['cannot write out.pcapng: disk full']);
    expect(reportAsTable(outcome, false)).not.toContain('Written to');
  });
});
