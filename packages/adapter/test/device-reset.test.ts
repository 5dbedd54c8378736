/*
 * Resets: diagnostics first, for three seconds at most, then down, the reset itself, and up again.
 */

import { SECOND } from '@netcx/clock';
import { describe, expect, it } from 'vitest';
import { explainReset, MAXIMUM_RESET_DIAGNOSTICS, type DeviceCallbacks, type NetDevice } from '../src/index.ts';
import { DeviceRig } from './device-rig.ts';

type Collect = NonNullable<DeviceCallbacks['collectResetDiagnostics']>;

/** A device that works, with a driver that collects, and a place that resets. */
async function working(collect: Collect, reset?: (kind: string) => void): Promise<DeviceRig> {
  const rig = new DeviceRig(['a'], {
    callbacks: { collectResetDiagnostics: collect },
    reset: (kind) => {
      rig.note(`reset ${kind}`);
      reset?.(kind);
    },
  });
  await rig.run(rig.device.start());
  rig.take();
  return rig;
}

const restart = (resetting: readonly string[]): string[] => [
  'selfManagedIoSuspend',
  'a tx stop',
  'd0Exit D3Final',
  'releaseHardware',
  ...resetting,
  'prepareHardware',
  'd0Entry D3Final',
  'a createTxQueue',
  'a tx start',
  'selfManagedIoRestart',
];

const codeOf = (action: () => void): string => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a reset', () => {
  it('collects, goes down, is reset by its place, and comes up again', async () => {
    const rig = await working((device) => {
      rig.note('collect');
      device.storeResetDiagnostics(Uint8Array.of(0xde, 0xad));
    });
    await rig.run(rig.clock.delay(2 * SECOND));
    expect(await rig.run(rig.device.requestReset())).toBe('reset');
    expect(rig.take()).toEqual(['collect', ...restart(['reset platform'])]);
    expect(rig.device.resets).toEqual([
      {
        kind: 'platform',
        time: expect.closeTo(2 * SECOND, -4) as number,
        diagnostics: Uint8Array.of(0xde, 0xad),
        timedOut: false,
        error: undefined,
      },
    ]);
    expect(await rig.run(rig.device.requestReset('function'))).toBe('reset'); // and again
    expect(rig.take()[5]).toBe('reset function');
  });

  it('is a restart where nobody can reset the device, or its place fails to', async () => {
    const alone = new DeviceRig();
    await alone.run(alone.device.start());
    alone.take();
    expect(await alone.run(alone.device.requestReset())).toBe('restarted');
    expect(alone.take()).toEqual(restart([]));
    expect(alone.device.resets[0]).toMatchObject({ diagnostics: undefined, timedOut: false });

    const broken = await working(
      () => undefined,
      () => {
        throw new Error('the platform cannot');
      },
    );
    expect(await broken.run(broken.device.requestReset())).toBe('restarted');
    expect(broken.take()).toEqual(restart(['reset platform']));
  });

  it('goes on when the driver fails on the way down, as a device that hangs makes it', async () => {
    const rig = await working(() => rig.note('collect'));
    for (const callback of ['selfManagedIoSuspend', 'd0Exit D3Final', 'releaseHardware']) rig.fails.add(callback);
    expect(await rig.run(rig.device.requestReset())).toBe('reset');
    expect(rig.take()).toEqual(['collect', ...restart(['reset platform'])]);
  });

  it('is one reset, however often it is asked for meanwhile', async () => {
    const rig = await working(() => rig.note('collect'));
    const asked = [rig.device.requestReset(), rig.device.requestReset(), rig.device.requestReset('function')];
    expect(await rig.run(Promise.all(asked))).toEqual(['reset', 'reset', 'reset']);
    expect(rig.take()).toEqual(['collect', ...restart(['reset platform'])]);
  });

  it.each([
    ['asleep', (device: NetDevice) => device.powerDown('D3')],
    ['stopped', (device: NetDevice) => device.stop()],
    ['removed', (device: NetDevice) => device.remove()],
    ['pulled out', (device: NetDevice) => device.surpriseRemove()],
  ])('does nothing to a device that is %s', async (_, action) => {
    const rig = await working(() => rig.note('collect'));
    await rig.run(action(rig.device));
    rig.take();
    expect(await rig.run(rig.device.requestReset())).toBe('ignored');
    expect([rig.take(), rig.device.resets]).toEqual([[], []]);
  });

  it('before the first start resets the place, and those behind it are served as ever', async () => {
    const reset = (kind: string): void => rig.note(`reset ${kind}`);
    const rig: DeviceRig = new DeviceRig(['a'], {
      callbacks: { collectResetDiagnostics: () => rig.note('collect') },
      reset,
    });
    expect(await rig.run(rig.device.requestReset())).toBe('reset');
    expect(rig.take()).toEqual(['collect', 'reset platform']);
    expect(await rig.run(rig.device.requestReset())).toBe('ignored'); // it is down, as after any other reset
    await rig.run(rig.device.start());
    rig.take();
    expect(await rig.run(rig.device.requestReset('function'))).toBe('reset');
    expect(rig.take()).toEqual(['collect', ...restart(['reset function'])]);
    expect(rig.device.resets.map(({ kind }) => kind)).toEqual(['platform', 'function']);
  });

  it('waits for what the device does', async () => {
    const rig = await working(() => rig.note('collect'));
    const [, , outcome] = await rig.run(
      Promise.all([rig.device.powerDown('D1'), rig.device.powerUp(), rig.device.requestReset()]),
    );
    expect(outcome).toBe('reset');
    expect(rig.take().slice(-1 - restart(['reset platform']).length)).toEqual([
      'collect',
      ...restart(['reset platform']),
    ]);
  });
});

describe('diagnostics', () => {
  it('are collected for three seconds and not longer', async () => {
    const rig = await working(async (device) => {
      await rig.clock.delay(5 * SECOND);
      rig.note(`too late: ${codeOf(() => device.storeResetDiagnostics(Uint8Array.of(1)))}`);
    });
    const began = rig.clock.now();
    expect(await rig.run(rig.device.requestReset())).toBe('reset');
    expect(rig.clock.now() - began).toBeGreaterThan(3 * SECOND);
    expect(rig.clock.now() - began).toBeLessThan(3.1 * SECOND);
    expect(rig.device.resets[0]).toMatchObject({ timedOut: true, diagnostics: undefined });
    rig.take();
    await rig.run(rig.clock.delay(5 * SECOND));
    expect(rig.take()).toEqual(['too late: IS_NOT_COLLECTING_RESET_DIAGNOSTICS']);
  });

  it('are stored once, up to 1 MiB, and a copy is kept', async () => {
    const bytes = new Uint8Array(MAXIMUM_RESET_DIAGNOSTICS);
    const codes: string[] = [];
    const rig = await working((device) => {
      codes.push(codeOf(() => device.storeResetDiagnostics(new Uint8Array(MAXIMUM_RESET_DIAGNOSTICS + 1))));
      codes.push(codeOf(() => device.storeResetDiagnostics(bytes)));
      codes.push(codeOf(() => device.storeResetDiagnostics(bytes)));
      bytes[0] = 99;
    });
    codes.push(codeOf(() => rig.device.storeResetDiagnostics(bytes)));
    await rig.run(rig.device.requestReset());
    codes.push(codeOf(() => rig.device.storeResetDiagnostics(bytes)));
    expect(codes).toEqual([
      'IS_NOT_COLLECTING_RESET_DIAGNOSTICS',
      'RESET_DIAGNOSTICS_SIZE_TOO_LARGE',
      'accepted',
      'IS_NOT_COLLECTING_RESET_DIAGNOSTICS',
      'IS_NOT_COLLECTING_RESET_DIAGNOSTICS',
    ]);
    const kept = rig.device.resets[0]!.diagnostics!;
    expect([kept.length, kept.every((byte) => byte === 0)]).toEqual([MAXIMUM_RESET_DIAGNOSTICS, true]);
  });

  it('do not keep a device from its reset when the driver fails to collect them', async () => {
    const rig = await working(() => {
      throw new Error('registers read all ones');
    });
    expect(await rig.run(rig.device.requestReset())).toBe('reset');
    expect(rig.device.explainResets()).toBe(
      'platform reset at 0.000002 s, the driver failed: Error: registers read all ones, no diagnostics',
    );
  });

  it('can be read by a person', () => {
    const report = { kind: 'platform', time: 1.5 * SECOND, timedOut: false, error: undefined } as const;
    expect(explainReset({ ...report, diagnostics: Uint8Array.from(Buffer.from('head of tx 0: \u0001\u00022')) })).toBe(
      [
        'platform reset at 1.500000 s, 17 bytes of diagnostics',
        '000000  68 65 61 64 20 6f 66 20 74 78 20 30 3a 20 01 02  head of tx 0: ..',
        '000010  32                                               2',
      ].join('\n'),
    );
    const long = explainReset({ ...report, diagnostics: new Uint8Array(1025), timedOut: true }).split('\n');
    expect([long.length, long[0], long.at(-1)]).toEqual([
      66,
      'platform reset at 1.500000 s, the driver had not finished after 3 s, 1025 bytes of diagnostics',
      '…',
    ]);
    expect(new DeviceRig().device.explainResets()).toBe('device was never reset');
  });
});
