/* What `netcx top` draws, and how it asks: snapshots by hand, and a process that is this one. */

import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Snapshot } from '../src/status/snapshot.ts';
import { runningProcesses, StatusClient, StatusSocket } from '../src/status/status-socket.ts';
import { picture } from '../src/top/picture.ts';
import { netcx } from './cli.ts';

const at = (time: number, packets: number, changes: Partial<Snapshot['adapters'][number]> = {}): Snapshot => ({
  pid: process.pid,
  command: 'left and right',
  time,
  heap: 20 * 2 ** 20,
  processor: time / 2000,
  adapters: [
    {
      name: 'left',
      linkUp: true,
      linkSpeed: 1e9,
      mtu: 1500,
      queues: [
        {
          direction: 'receive',
          id: 0,
          packets,
          bytes: packets * 1000,
          rings: [{ name: 'rx 0 packets', elements: 24, begin: 22, next: 2, end: 4 }],
        },
      ],
      pools: { 'rx 0': { count: 100, free: 75 } },
      polls: 10 * packets,
      wakeUps: packets,
      interrupts: packets / 2,
      dropped: 0,
      ...changes,
    },
  ],
});
const plain = { colour: false, width: 200 };

describe('the picture', () => {
  it('shows rates between two snapshots, rings and pools', () => {
    const lines = picture(at(3_725_000, 3000), at(3_724_000, 1000), plain);
    expect(lines[0]).toBe(`left and right  process ${process.pid}, up 1:02:05, processor 50 %, heap 20.0 MiB`);
    expect(lines[2]).toBe(
      'left  link up 1000 Mbit/s  MTU 1500  1.00 k interrupts/s  2.00 k wake-ups/s  20.0 k polls/s  0 dropped',
    );
    expect(lines[3]).toBe('  receive 0  2.00 k packets/s  16.0 Mbit/s  3000 in all');
    // The device has 22, 23, 0 and 1; the driver has not posted 2 and 3.
    expect(lines[4]).toBe(`    ${'rx 0 packets'.padEnd(22)} [##==..................##] begin 22 next 2 end 4`);
    expect(lines[5]).toBe(`  pool ${'rx 0'.padEnd(22)} [######..................] 75 of 100 free`);
  });

  it('has no rates without a snapshot before, and says what is wrong', () => {
    const lines = picture(at(1000, 5, { linkUp: false, dropped: 3 }), undefined, plain);
    expect(lines[2]).toBe('left  link down  MTU 1500  0 interrupts/s  0 wake-ups/s  0 polls/s  3 dropped');
  });

  it('has a space before a unit without a letter for thousands', () => {
    expect(picture(at(2000, 2), at(1000, 1), plain)[3]).toBe('  receive 0  1 packets/s  8.00 kbit/s  2 in all');
    expect(picture(at(11_000, 1), at(1000, 0), plain)[3]).toBe('  receive 0  0 packets/s  800 bit/s  1 in all');
  });

  it('is no higher than the terminal, and says what is left out', () => {
    const whole = picture(at(1000, 5), undefined, plain);
    expect(whole).toHaveLength(6);
    expect(picture(at(1000, 5), undefined, { ...plain, height: 7 })).toEqual(whole);
    const lines = picture(at(1000, 5), undefined, { ...plain, height: 6 });
    expect(lines.slice(0, -1)).toEqual(whole.slice(0, 4));
    expect(lines.at(-1)).toBe('... and 2 lines more: a higher window has them, and --once');
  });

  it('is no wider than the terminal, colours not counted', () => {
    for (const line of picture(at(1000, 5), undefined, { colour: true, width: 30 }))
      // eslint-disable-next-line no-control-regex -- colours begin with the escape character
      expect(line.replaceAll(/\u001B\[[0-9;]*m/g, '').length).toBeLessThanOrEqual(30);
  });
});

describe('asking', () => {
  let folder = '';
  const open: { close(): void }[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'netcx-status-'));
    vi.stubEnv('NETCX_STATUS_FOLDER', folder);
  });
  afterEach(() => {
    for (const one of open.splice(0)) one.close();
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true, force: true });
  });

  it('finds the process, and is answered each time', async () => {
    let asked = 0;
    open.push(await StatusSocket.open(() => at(++asked, asked)));
    expect(runningProcesses()).toEqual([process.pid]);
    const client = await StatusClient.open(process.pid);
    open.push(client);
    expect(await client.ask()).toEqual(at(1, 1));
    expect(await client.ask()).toEqual(at(2, 2));
  });

  it.runIf(process.getuid !== undefined)('neither listens nor asks where others could have put something', async () => {
    const refusal = /is no folder of this user's alone; remove it, or name another in NETCX_STATUS_FOLDER$/;
    chmodSync(folder, 0o777);
    await expect(StatusSocket.open(() => at(1, 1))).rejects.toThrow(refusal);
    expect(() => runningProcesses()).toThrow(refusal);
    const elsewhere = join(folder, 'link');
    mkdirSync(join(folder, 'real'), { mode: 0o700 });
    symlinkSync('real', elsewhere);
    vi.stubEnv('NETCX_STATUS_FOLDER', elsewhere);
    await expect(StatusSocket.open(() => at(1, 1))).rejects.toThrow(refusal);
    expect(readdirSync(join(folder, 'real'))).toEqual([]);
    expect((await netcx(['top'])).code).toBe(2);
  });

  it('takes whatever is sent, and goes on answering others', async () => {
    open.push(await StatusSocket.open(() => at(1, 1)));
    const rude = connect(join(folder, `${process.pid}.sock`));
    await new Promise<void>((resolve) => {
      rude.once('connect', () => {
        rude.write(Buffer.alloc(1 << 20, 0x0a), () => resolve());
      });
    });
    rude.destroy();
    const client = await StatusClient.open(process.pid);
    open.push(client);
    expect(await client.ask()).toEqual(at(1, 1));
  });

  it('says so when there is nobody to ask', async () => {
    const { code, err } = await netcx(['top']);
    expect([code, err]).toEqual([2, expect.stringContaining('no netcx of yours runs')]);
    expect((await netcx(['top', '1'])).err).toContain('process 1 cannot be asked');
  });

  it('one picture of this process, drawn and as JSON', async () => {
    let time = 0;
    open.push(await StatusSocket.open(() => at((time += 1000), time)));
    const drawn = await netcx(['top', String(process.pid), '--once', '--interval', '100']);
    expect(drawn.out).toContain('receive 0  1.00 k packets/s');
    const { out } = await netcx(['top', '--once', '--json', '--interval', '100']);
    expect((JSON.parse(out) as Snapshot).adapters[0]?.name).toBe('left');
  });

  it('ends when nobody reads it any more, as behind a pipe to head', async () => {
    open.push(await StatusSocket.open(() => at(1000, 1)));
    const { code, err } = await netcx(['top', '--json', '--interval', '60000'], { unheard: AbortSignal.timeout(50) });
    expect([code, err]).toEqual([0, '']);
  });
});
