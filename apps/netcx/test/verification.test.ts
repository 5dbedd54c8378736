/* The second look: it finds what the first one could have missed, and every way in which the written file can be wrong. */

import { readFileSync, writeFileSync } from 'node:fs';
import type { ReplayReport } from '@netcx/reference-driver/replay';
import { beforeEach, describe, expect, it } from 'vitest';
import { openInputs } from '../src/replay/inputs.ts';
import { ReplayJob, type ReplaySettings } from '../src/replay/job.ts';
import { chooseOutput, OutputCapture } from '../src/replay/output.ts';
import { verify, type Verification } from '../src/replay/verification.ts';
import { folder, foldersForTests, frame, inFolder, readPackets, writePcap, writePcapng } from './cli.ts';

foldersForTests();

const settings: ReplaySettings = { seed: 1, timing: 'captured', repeat: 2, mtu: 1500, iommu: false };
const signal = new AbortController().signal;
const nobody = (): void => undefined;

let job: ReplayJob;
let report: ReplayReport;

beforeEach(async () => {
  writePcap('in.pcap', [
    { data: frame(100, 1) },
    { data: frame(20, 2) },
    { data: frame(2000, 3) },
    { data: frame(300, 4) },
  ]);
  const inputs = await openInputs([{ path: 'in.pcap', name: 'in.pcap' }], folder.path, true);
  job = new ReplayJob(inputs, settings);
  const output = await OutputCapture.create(await chooseOutput('out.pcapng', folder.path, inputs, false), job.comments);
  ({ report } = await job.run(output, signal, nobody));
  await output.close();
});

const look = (changed: ReplayReport = report): Promise<Verification | undefined> =>
  verify(job, inFolder('out.pcapng'), changed, signal, nobody);

it('agrees with what is right', async () => {
  expect(await look()).toMatchObject({ compared: 6, mismatch: undefined, irreproducible: undefined });
});

describe('the written file', () => {
  /** Writes the file anew from its packets. */
  async function rewrite(change: (packets: { data: Uint8Array; timestamp: bigint }[]) => void): Promise<void> {
    const packets = (await readPackets('out.pcapng')).map(({ data, timestamp }) => ({ data: data.slice(), timestamp }));
    change(packets);
    writePcapng('out.pcapng', [{}], packets);
  }

  it.each<[string, (packets: { data: Uint8Array; timestamp: bigint }[]) => void, string | RegExp]>([
    [
      'with a bit bent',
      (packets) => {
        packets[0]!.data[99]! ^= 1;
      },
      'frame 1 of in.pcap is not what stands at place 1 of the file',
    ],
    [
      'with a bit bent in the padding',
      (packets) => {
        packets[1]!.data[59]! ^= 1;
      },
      'frame 2 of in.pcap is not what stands at place 2 of the file',
    ],
    [
      'without the first frame',
      (packets) => {
        packets.shift();
      },
      'frame 1 of in.pcap is not what stands at place 1 of the file',
    ],
    [
      'without the last frame',
      (packets) => {
        packets.pop();
      },
      'frame 4 of in.pcap, pass 2 is not in the file, which has 5 frames',
    ],
    [
      'with one frame more',
      (packets) => {
        packets.push(packets[5]!);
      },
      'the file has more than the 6 frames that were sent',
    ],
    [
      'with two frames swapped',
      (packets) => {
        packets.splice(3, 2, packets[4]!, packets[3]!);
      },
      'frame 1 of in.pcap, pass 2 is not what stands at place 4 of the file',
    ],
    [
      'with a short frame not padded',
      (packets) => {
        packets[1]!.data = packets[1]!.data.slice(0, 20);
      },
      'frame 2 of in.pcap is not what stands at place 2 of the file',
    ],
    [
      'with time that steps back',
      (packets) => {
        packets[3]!.timestamp = 5n;
      },
      'time steps back at place 4 of the file',
    ],
    [
      'empty',
      (packets) => {
        packets.length = 0;
      },
      'frame 1 of in.pcap is not in the file, which has 0 frames',
    ],
  ])('%s', async (_, change, mismatch) => {
    await rewrite(change);
    const found = await look();
    expect(found?.mismatch).toBe(mismatch);
    // The second run wrote what the first one had written, which is not what stands there now.
    expect(found?.irreproducible).toBe('the second run wrote other bytes');
  });

  it('cut off', async () => {
    const bytes = readFileSync(inFolder('out.pcapng'));
    writeFileSync(inFolder('out.pcapng'), bytes.subarray(0, bytes.length - 10));
    expect((await look())?.mismatch).toMatch(/^the file cannot be read back: .* at file offset \d+: expected/);
  });

  it('with other bytes that mean the same', async () => {
    const bytes = readFileSync(inFolder('out.pcapng'));
    const at = bytes.indexOf('replay of');
    bytes[at] = 'R'.charCodeAt(0);
    writeFileSync(inFolder('out.pcapng'), bytes);
    expect(await look()).toMatchObject({ mismatch: undefined, irreproducible: 'the second run wrote other bytes' });
  });
});

describe('a second run with', () => {
  it.each<[string, (one: ReplayReport) => ReplayReport, string]>([
    ['another counter', (one) => ({ ...one, polls: one.polls + 1 }), 'polls was'],
    [
      'another verdict on a frame',
      (one) => ({ ...one, frames: { ...one.frames, equal: 0 } }),
      'frames.equal was 0 in the first run and 4 in the second',
    ],
    [
      'another drop',
      (one) => ({ ...one, drops: { gone: 1 } }),
      'drops.gone was 1 in the first run and absent in the second',
    ],
    ['another time', (one) => ({ ...one, virtualTime: 1 }), 'virtualTime was 1 in the first run and'],
  ])('%s is told', async (_, change, told) => {
    expect((await look(change(report)))?.irreproducible).toContain(told);
  });

  it('another duration is the same', async () => {
    expect((await look({ ...report, wallTime: 1e9 }))?.irreproducible).toBeUndefined();
  });
});

it('is given up when the user ends it', async () => {
  const ends = new AbortController();
  ends.abort(130);
  expect(await verify(job, inFolder('out.pcapng'), report, ends.signal, nobody)).toBeUndefined();
});
