/* The program as a process of its own: exit codes, signals, pipes. */

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folder, foldersForTests, frame, inFolder, readPackets, writePcap, type JsonReport, type Said } from './cli.ts';

foldersForTests();

const home = fileURLToPath(new URL('..', import.meta.url));
const TIMEOUT = 300_000;

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start(...args: readonly string[]): { readonly child: Child; readonly done: Promise<Said> } {
  const program = ['--import', 'tsx', '--conditions=@netcx/source', 'src/main.ts'];
  const child = spawn(process.execPath, [...program, ...args], { cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const done = new Promise<Said>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ code: code ?? -1, out, err: `${err}${signal ?? ''}` });
    });
  });
  return { child, done };
}

/** Waits until the replay writes. */
async function writing(): Promise<void> {
  for (let wait = 0; wait < 2400; wait++) {
    const part = readdirSync(folder.path).find((name) => name.endsWith('.part'));
    if (part !== undefined && statSync(inFolder(part)).size > 0) return;
    await sleep(50);
  }
  throw new Error('the replay did not begin to write');
}

describe('exit code', () => {
  it(
    '0: equal, with a report on the standard output alone',
    async () => {
      writePcap('in.pcap', [{ data: frame(64) }]);
      const { code, out, err } = await start(
        'replay',
        inFolder('in.pcap'),
        '--out',
        inFolder('out.pcapng'),
        '--json',
        '--verify',
      ).done;
      expect(err).toBe('');
      expect(code).toBe(0);
      expect(JSON.parse(out) as JsonReport).toMatchObject({ ok: true, frames: { read: 1, equal: 1 } });
    },
    TIMEOUT,
  );

  it(
    '2: wrong usage',
    async () => {
      const { code, out, err } = await start('replay', inFolder('absent.pcap')).done;
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toBe(`error: ${inFolder('absent.pcap')}: no such file\n`);
    },
    TIMEOUT,
  );
});

describe.runIf(process.platform !== 'win32')('a signal', () => {
  const endless = (): ReturnType<typeof start> =>
    start('replay', '--repeat', '1000000', '--out', inFolder('out.pcapng'), '--json');

  it(
    'ends the replay: what was read is reported and written, nothing leaks',
    async () => {
      const { child, done } = endless();
      await writing();
      child.kill('SIGINT');
      const { code, out, err } = await done;
      expect(err).toBe('');
      expect(code).toBe(130);
      const json = JSON.parse(out) as JsonReport;
      expect(json).toMatchObject({
        ok: false,
        exitCode: 130,
        interrupted: true,
        buffers: { leaked: 0 },
        frames: { lost: 0, altered: 0 },
      });
      expect(json.frames.read).toBeGreaterThan(0);
      expect(await readPackets('out.pcapng')).toHaveLength(json.frames.equal + json.frames.padded);
      expect(readdirSync(folder.path)).toEqual(['out.pcapng']);
    },
    TIMEOUT,
  );

  it(
    'from another program ends it as well',
    async () => {
      const { child, done } = endless();
      await writing();
      child.kill('SIGTERM');
      const { code, out } = await done;
      expect(code).toBe(143);
      expect(JSON.parse(out) as JsonReport).toMatchObject({ interrupted: true, buffers: { leaked: 0 } });
    },
    TIMEOUT,
  );
});

it(
  'goes on when nobody reads its output any more',
  async () => {
    const { child, done } = start('replay', '--out', inFolder('out.pcapng'));
    child.stdout.destroy();
    const { code, err } = await done;
    expect(err).toBe('');
    expect(code).toBe(0);
    expect((await readPackets('out.pcapng')).length).toBe(1341);
  },
  TIMEOUT,
);

it.runIf(existsSync('/dev/full'))(
  'says that results cannot be written, and writes the capture all the same',
  async () => {
    writePcap('in.pcap', [{ data: frame(64) }]);
    const full = openSync('/dev/full', 'w');
    const program = ['--import', 'tsx', '--conditions=@netcx/source', 'src/main.ts'];
    const args = ['replay', inFolder('in.pcap'), '--out', inFolder('out.pcapng')];
    const child = spawn(process.execPath, [...program, ...args], { cwd: home, stdio: ['ignore', full, 'pipe'] });
    let err = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (err += text));
    const code = await new Promise((resolve) => child.on('close', resolve));
    closeSync(full);
    expect(err).toMatch(/^error: cannot write to standard output: ENOSPC.*\n$/);
    expect(code).toBe(2);
    expect(await readPackets('out.pcapng')).toHaveLength(1);
  },
  TIMEOUT,
);
