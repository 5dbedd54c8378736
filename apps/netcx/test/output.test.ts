/* Where netcx may write, and what it does to what is there. */

import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { foldersForTests, frame, inFolder, netcx, readPackets, replayJson, writePcap, writePcapng } from './cli.ts';

foldersForTests();

async function expectRefusal(args: readonly string[], message: RegExp): Promise<void> {
  const { code, out, err } = await netcx(['replay', ...args]);
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(out).toBe('');
  expect(code).toBe(2);
}

const input = (): string => writePcap('in.pcap', [{ data: frame(64) }]);

describe('a file that netcx wrote', () => {
  it('is replaced', async () => {
    input();
    expect((await netcx(['replay', 'in.pcap'])).code).toBe(0);
    writePcap('in.pcap', [{ data: frame(64) }, { data: frame(65) }]);
    expect((await netcx(['replay', 'in.pcap'])).code).toBe(0);
    expect(await readPackets('replayed.pcapng')).toHaveLength(2);
  });

  it('is not replaced while it is the input', async () => {
    input();
    await netcx(['replay', 'in.pcap']);
    const before = readFileSync(inFolder('replayed.pcapng'));
    await expectRefusal(
      ['replayed.pcapng'],
      /^error: replayed\.pcapng is one of the inputs and would be overwritten; choose another file with --out$/m,
    );
    await expectRefusal(['replayed.pcapng', '--force'], /is one of the inputs/);
    expect(readFileSync(inFolder('replayed.pcapng')).equals(before)).toBe(true);
    expect((await netcx(['replay', 'replayed.pcapng', '--out', 'again.pcapng', '--verify'])).code).toBe(0);
  });
});

describe('a file that somebody else wrote', () => {
  it.each([
    [
      'notes',
      (): void => {
        writeFileSync(inFolder('mine'), 'my notes');
      },
    ],
    [
      'an empty file',
      (): void => {
        writeFileSync(inFolder('mine'), '');
      },
    ],
    [
      'a pcap',
      (): void => {
        writePcap('mine', [{ data: frame(64) }]);
      },
    ],
    [
      'a pcapng',
      (): void => {
        writePcapng('mine', [{}], [{ data: frame(64) }]);
      },
    ],
  ])('is kept: %s', async (_, make) => {
    input();
    make();
    const before = readFileSync(inFolder('mine'));
    await expectRefusal(
      ['in.pcap', '--out', 'mine'],
      /^error: mine exists and netcx did not write it; choose another file with --out, or add --force$/m,
    );
    expect(readFileSync(inFolder('mine')).equals(before)).toBe(true);
    expect((await netcx(['replay', 'in.pcap', '--out', 'mine', '--force'])).code).toBe(0);
    expect(await readPackets('mine')).toHaveLength(1);
  });
});

describe('an input', () => {
  it('is not overwritten, under whatever name, even with --force', async () => {
    input();
    linkSync(inFolder('in.pcap'), inFolder('hard'));
    symlinkSync('in.pcap', inFolder('soft'));
    const before = readFileSync(inFolder('in.pcap'));
    for (const out of ['in.pcap', './in.pcap', inFolder('in.pcap'), 'hard', 'soft']) {
      await expectRefusal(['in.pcap', '--force', '--out', out], /is one of the inputs and would be overwritten/);
    }
    expect(readFileSync(inFolder('in.pcap')).equals(before)).toBe(true);
  });
});

describe('a place', () => {
  it('that is a directory is refused', async () => {
    input();
    mkdirSync(inFolder('out'));
    await expectRefusal(
      ['in.pcap', '--out', 'out'],
      /^error: cannot write out: it is a directory; name a file in it with --out$/m,
    );
  });

  it('without a name is refused', async () => {
    input();
    await expectRefusal(['in.pcap', '--out', ''], /^error: --out was given an empty name$/m);
  });

  it('that is not there is refused', async () => {
    input();
    await expectRefusal(
      ['in.pcap', '--out', 'absent/out.pcapng'],
      /^error: cannot write absent\/out\.pcapng: its folder does not exist$/m,
    );
  });

  it('below a file is refused', async () => {
    input();
    await expectRefusal(['in.pcap', '--out', 'in.pcap/out'], /^error: cannot write in\.pcap\/out: ENOTDIR/m);
  });

  it.runIf(existsSync('/dev/full'))('that fills up while it is written is an error, after the report', async () => {
    input();
    const { code, out, err } = await netcx(['replay', 'in.pcap', '--repeat', '3000', '--out', '/dev/full']);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: cannot write \/dev\/full: ENOSPC: no space left on device/);
    expect(out).toMatch(/^Every frame equal, in order/m);
    expect(out).not.toContain('Written to');
  });

  it.runIf(existsSync('/dev/null'))('that is no file is written to, and cannot be verified', async () => {
    input();
    expect((await netcx(['replay', 'in.pcap', '--out', '/dev/null'])).code).toBe(0);
    await expectRefusal(
      ['in.pcap', '--out', '/dev/null', '--verify'],
      /^error: --verify reads \/dev\/null back, and it is no file; choose another --out$/m,
    );
  });
});

it('leaves no partial file behind, whatever happens', async () => {
  input();
  await netcx(['replay', 'in.pcap']);
  await netcx(['replay', 'in.pcap', '--mtu', 'x']);
  await netcx(['replay', 'absent']);
  const ends = new AbortController();
  ends.abort(130);
  await netcx(['replay', 'in.pcap'], { signal: ends.signal });
  expect(readdirSync(folderPath()).sort()).toEqual(['in.pcap', 'replayed.pcapng']);
});

const folderPath = (): string => inFolder('.');

it('writes where it is told, relative to where it runs', async () => {
  input();
  mkdirSync(inFolder('sub'));
  const { json } = await replayJson('in.pcap', '-o', 'sub/out.pcapng');
  expect(json.output.file).toBe('sub/out.pcapng');
  expect(await readPackets('sub/out.pcapng')).toHaveLength(1);
  expect(existsSync(inFolder('replayed.pcapng'))).toBe(false);
});
