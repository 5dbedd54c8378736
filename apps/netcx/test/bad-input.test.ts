/* Everything that can be wrong with what netcx is given: one clear line, exit code 2, and nothing lost of what was good. */

import { execFileSync } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { LinkType } from '@netcx/pcap';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldersForTests, frame, inFolder, netcx, readPackets, replayJson, writePcap, writePcapng } from './cli.ts';

foldersForTests();

const seed = Number(process.env['NETCX_TEST_SEED'] ?? 1);

/** Refused before anything was done. */
async function expectRefusal(args: readonly string[], message: RegExp): Promise<void> {
  const { code, out, err } = await netcx(['replay', ...args]);
  expect(err).toMatch(message);
  expect(err.trimEnd().split('\n')).toHaveLength(1);
  expect(out).toBe('');
  expect(code).toBe(2);
  expect(existsSync(inFolder('replayed.pcapng'))).toBe(false);
}

describe('an input', () => {
  it('that is not there', () => expectRefusal(['absent.pcap'], /^error: absent\.pcap: no such file$/m));

  it('without a name, such as an unset variable of a script', () =>
    expectRefusal([''], /^error: a capture was named with an empty name$/m));

  it('that is a directory', () => {
    mkdirSync(inFolder('captures'));
    return expectRefusal(['captures'], /^error: captures is a directory; name the captures in it$/m);
  });

  it('that is no capture', () => {
    writeFileSync(inFolder('notes.txt'), 'These are notes, and no capture.');
    return expectRefusal(
      ['notes.txt'],
      /^error: notes\.txt is no capture: .* at file offset 0: expected .*pcapng.*, got 0x54686573$/m,
    );
  });

  it('that is empty', () => {
    writeFileSync(inFolder('empty.pcap'), '');
    return expectRefusal(
      ['empty.pcap'],
      /^error: empty\.pcap: .*expected a pcap or pcapng header, got an empty file$/m,
    );
  });

  it('that ends in its header', () => {
    writePcap('short.pcap', []);
    truncateSync(inFolder('short.pcap'), 20);
    return expectRefusal(['short.pcap'], /^error: short\.pcap: .*file offset 0: expected .*24 bytes, got 20/m);
  });

  it('that is not Ethernet', async () => {
    writePcap('raw.pcap', [{ data: frame(64) }], { linkType: LinkType.RAW });
    await expectRefusal(
      ['raw.pcap'],
      /^error: raw\.pcap: its link type is RAW \(101\), not Ethernet; record on an Ethernet interface$/m,
    );
    writePcap('any.pcap', [{ data: frame(64) }], { linkType: LinkType.LINUX_SLL2 });
    await expectRefusal(['any.pcap'], /LINUX_SLL2 \(276\), not Ethernet; record on one interface instead of "any"$/m);
    writePcapng('any.pcapng', [{ linkType: LinkType.LINUX_SLL }, { linkType: 147 }], [{ data: frame(64) }]);
    await expectRefusal(['any.pcapng'], /LINUX_SLL \(113\), number 147, not Ethernet/);
    writePcap('none.pcap', [], { linkType: LinkType.RAW });
    await expectRefusal(['none.pcap'], /RAW \(101\), not Ethernet/);
  });

  it('behind good ones: nothing is replayed', async () => {
    writePcap('good.pcap', [{ data: frame(64) }]);
    await expectRefusal(['good.pcap', 'absent.pcap'], /^error: absent\.pcap: no such file$/m);
  });

  it.runIf(process.platform === 'linux')(
    'that is a pipe: replayed once, and refused where it would be read twice',
    async () => {
      writePcap('in.pcap', [{ data: frame(64, 1) }, { data: frame(64, 2) }]);
      execFileSync('mkfifo', [inFolder('pipe')]);
      await expectRefusal(
        ['pipe', '--verify'],
        /^error: pipe is no file and can be read once only; --repeat and --verify need a file$/m,
      );
      await expectRefusal(['pipe', '--repeat', '2'], /can be read once only/);
      const writer = createWriteStream(inFolder('pipe'));
      writer.end(readFileSync(inFolder('in.pcap')));
      const { code, json } = await replayJson('pipe');
      expect(code).toBe(0);
      expect(json.frames).toMatchObject({ read: 2, equal: 2 });
    },
  );
});

describe('a capture that ends in the middle', () => {
  it('is replayed as far as it goes, and the file offset is told', async () => {
    writePcap('in.pcap', [{ data: frame(64, 1) }, { data: frame(64, 2) }, { data: frame(64, 3) }]);
    truncateSync(inFolder('in.pcap'), 24 + 3 * 80 - 7);
    const { code, json, err } = await replayJson('in.pcap', '--verify');
    expect(code).toBe(2);
    expect(err).toMatch(
      /^error: in\.pcap: packet record at file offset 184: expected at least 80 bytes, got 73 bytes; what stands before it was replayed$/m,
    );
    expect(json).toMatchObject({
      ok: false,
      exitCode: 2,
      frames: { read: 2, equal: 2, lost: 0 },
      verification: { mismatch: null, irreproducible: null },
    });
    expect(json.inputs[0]?.fault).toMatchObject({ code: 'truncated', offset: 184 });
    expect(json.verdict).toBe('Every frame equal, in order: 2 byte for byte.');
    expect(await readPackets('replayed.pcapng')).toHaveLength(2);
  });

  it('does not keep the next one from being replayed', async () => {
    writePcap('bad.pcap', [{ data: frame(64, 1) }, { data: frame(64, 2) }]);
    truncateSync(inFolder('bad.pcap'), 24 + 80 + 17);
    writePcap('good.pcap', [{ data: frame(64, 3) }]);
    const { code, out, err } = await netcx(['replay', 'bad.pcap', 'good.pcap']);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: bad\.pcap: .* file offset 104/);
    expect(out).toMatch(/^Every frame equal, in order: 2 byte for byte\.$/m);
  });

  it('or is damaged anywhere: no crash, an exit code, and a report or a line', async () => {
    const good = writePcapng(
      'good.pcapng',
      [{}],
      Array.from({ length: 6 }, (_, number) => ({ data: frame(60 + number, number), comments: ['c'] })),
    );
    const whole = readFileSync(inFolder(good));
    process.stderr.write(`damaged captures: seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 3 }),
        async (length, changes) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          writeFileSync(inFolder('bad.pcapng'), bytes.subarray(0, length));
          const { code, out, err } = await netcx(['replay', 'bad.pcapng', '--json']);
          expect([0, 2]).toContain(code);
          expect(err).not.toContain('fault of netcx');
          if (code === 2) expect(err).toMatch(/^error: bad\.pcapng/);
          else expect(err).toBe('');
          if (out !== '') expect((JSON.parse(out) as { buffers: object }).buffers).toMatchObject({ leaked: 0 });
        },
      ),
      { numRuns: 40, seed },
    );
  });
});

describe('a capture of several interfaces', () => {
  it('is replayed as far as it is Ethernet; the rest is counted', async () => {
    const interfaces = [{ linkType: LinkType.RAW }, {}, { linkType: LinkType.LINUX_SLL }];
    const packets = [0, 1, 2, 1, 0, 0].map((id, number) => ({ interface: id, data: frame(64, number) }));
    writePcapng('mixed.pcapng', interfaces, packets);
    const { code, json } = await replayJson('mixed.pcapng', '--verify');
    expect(code).toBe(0);
    expect(json.inputs[0]).toMatchObject({ frames: 2, otherLinkTypes: { RAW: 3, LINUX_SLL: 1 }, fault: null });
    const { out } = await netcx(['replay', 'mixed.pcapng']);
    expect(out).toMatch(/^mixed\.pcapng: 3 packets of link type RAW left out$/m);
  });

  it('whose Ethernet comes late is found out while it is replayed', async () => {
    const many = Array.from({ length: 300 }, () => ({ interface: 0, data: frame(16_000) }));
    writePcapng('late.pcapng', [{ linkType: LinkType.RAW }, {}], [...many, { interface: 1, data: frame(64) }]);
    expect((await replayJson('late.pcapng')).json).toMatchObject({ ok: true, frames: { read: 1, equal: 1 } });
    writePcapng('never.pcapng', [{ linkType: LinkType.RAW }], many);
    const { code, json, err } = await replayJson('never.pcapng');
    expect(code).toBe(2);
    expect(err).toMatch(/^error: never\.pcapng: its link type is RAW \(101\), not Ethernet/);
    expect(json.frames.read).toBe(0);
  });
});

describe('frames', () => {
  it('that the capture cut are replayed as captured, and counted', async () => {
    writePcap('cut.pcap', [{ data: frame(64), originalLength: 1514 }, { data: frame(64, 1) }]);
    const { code, json } = await replayJson('cut.pcap', '--verify');
    expect(code).toBe(0);
    expect(json.inputs[0]).toMatchObject({ frames: 2, cut: 1 });
    expect((await netcx(['replay', 'cut.pcap'])).out).toMatch(
      /^cut\.pcap: 1 frame cut by the capture, replayed as far as captured$/m,
    );
  });

  it('with a frame check sequence lose it, whole or cut', async () => {
    const packets = [
      { data: frame(104, 1) },
      { data: frame(102, 2), originalLength: 104 },
      { data: frame(90, 3), originalLength: 104 },
      { data: frame(3, 4) },
    ];
    writePcapng('fcs.pcapng', [{ fcsLength: 4 }], packets);
    const { code, json } = await replayJson('fcs.pcapng', '--verify');
    expect(code).toBe(0);
    expect(json.inputs[0]).toMatchObject({ frames: 4, fcsStripped: 3, cut: 2 });
    expect(json.frames).toMatchObject({ equal: 3, empty: 1 });
    expect((await readPackets('replayed.pcapng')).map(({ data }) => data.length)).toEqual([100, 100, 90]);
  });

  it('that say themselves how long their check sequence is are believed', async () => {
    writePcapng('flags.pcapng', [{}], [{ data: frame(104), flags: 4 << 5 }, { data: frame(104, 1) }]);
    const { json } = await replayJson('flags.pcapng');
    expect(json.inputs[0]).toMatchObject({ fcsStripped: 1 });
    expect((await readPackets('replayed.pcapng')).map(({ data }) => data.length)).toEqual([100, 104]);
  });

  it('of 16 MB are too long, no matter how long', async () => {
    writePcapng('long.pcapng', [{}], [{ data: new Uint8Array(16_000_000) }, { data: frame(64) }]);
    const { code, json } = await replayJson('long.pcapng', '--verify');
    expect(code).toBe(0);
    expect(json.frames).toMatchObject({ tooLong: 1, equal: 1 });
  });
});

describe('usage', () => {
  it.each([
    [['--bogus'], /^error: unknown option '--bogus'$/m],
    [
      ['--seed', '-1'],
      /^error: option '--seed <n>' argument '-1' is invalid\. Expected a whole number from 0 to 9007199254740991\.$/m,
    ],
    [['--seed', '1.5'], /argument '1\.5' is invalid/],
    [['--seed', 'one'], /argument 'one' is invalid/],
    [['--repeat', '0'], /argument '0' is invalid/],
    [['--frames', '0'], /argument '0' is invalid/],
    [['--mtu', '9707'], /Expected a whole number from 68 to 9706/],
    [['--timing', 'slow'], /Allowed choices are captured, varied, none/],
    [['--out'], /argument missing/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await netcx(['replay', ...args]);
    expect(err).toMatch(message);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('of a command that there is not', async () => {
    const { code, err } = await netcx(['play']);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: unknown command 'play'/);
  });
});
