/* The driver under plug and play: started, put to sleep, woken, reset, pulled out and removed by its device. */

import { MILLISECOND } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { frame, Pair } from './pair.ts';

let taken = 0;
beforeEach(() => {
  taken = hostPages.bytesTaken;
});
afterEach(() => {
  expect(hostPages.bytesTaken).toBe(taken);
});

const magic = (): Uint8Array => {
  const bytes = new Uint8Array(116);
  bytes.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x08, 0x42, 255, 255, 255, 255, 255, 255]);
  for (let turn = 0; turn < 16; turn++) bytes.set([2, 0, 0, 0, 0, 2], 20 + 6 * turn);
  return bytes;
};

/** A pair whose second driver stands under a device, both started. */
async function started() {
  const pair = await Pair.started({ far: { plugAndPlay: true, promiscuous: false } });
  const device = pair.b.driver.plugAndPlay;
  if (device === undefined) throw new Error('the driver has no device');
  const carries = (): void => {
    pair.b.arrivals.length = 0;
    for (let number = 0; number < 20; number++) pair.send(pair.a, frame(60, number));
    pair.clock.advance(MILLISECOND);
    expect(pair.b.arrivals).toHaveLength(20);
  };
  return { pair, device, carries };
}

it('starts, carries frames, stops and starts again', async () => {
  const { pair, device, carries } = await started();
  for (let round = 0; round < 3; round++) {
    expect(device.state).toBe('D0');
    carries();
    await pair.clock.drive(device.stop());
    expect(pair.b.driver.adapter.linkState.connected).toBe(false);
    await pair.clock.drive(device.start());
    pair.awaitLink(true);
  }
  await pair.clock.drive(device.remove());
  await pair.close();
});

it('sleeps, is woken by what the protocol asked for, and says why', async () => {
  const { pair, device, carries } = await started();
  const { a, b, clock } = pair;
  let woken = 0;
  b.slot.onWake(() => woken++);
  b.driver.adapter.power.addWakePattern('magicPacket');
  await clock.drive(device.powerDown('D3', { wake: true }));
  expect(device.powerState).toBe('D3');
  expect(b.driver.adapter.linkState.connected).toBe(false);
  clock.advance(50 * MILLISECOND);
  a.trySend(frame(60, 1));
  clock.advance(MILLISECOND);
  expect(woken).toBe(0);
  a.trySend(magic());
  clock.advance(MILLISECOND);
  expect(woken).toBe(1);
  await clock.drive(device.powerUp());
  pair.awaitLink(true);
  expect(b.driver.adapter.power.lastWakeReason).toMatchObject({ kind: 'packet', originalSize: 116, frame: magic() });
  carries();
  await clock.drive(device.remove());
  await pair.close();
});

it('sleeps deeply when nothing shall wake it', async () => {
  const { pair, device, carries } = await started();
  let woken = 0;
  pair.b.slot.onWake(() => woken++);
  await pair.clock.drive(pair.clock.delay(1));
  await pair.clock.drive(device.powerDown('D3'));
  pair.a.trySend(magic());
  pair.clock.advance(50 * MILLISECOND);
  expect(woken).toBe(0);
  await pair.clock.drive(device.powerUp());
  pair.awaitLink(true);
  carries();
  await pair.clock.drive(device.remove());
  await pair.close();
});

it('is reset by request, from the bottom, and goes on', async () => {
  const { pair, device, carries } = await started();
  await pair.clock.drive(device.requestReset('function'));
  pair.awaitLink(true);
  expect(device.resets).toHaveLength(1);
  carries();
  await pair.clock.drive(device.remove());
  await pair.close();
});

it('is pulled out under traffic: everything comes back, and it can only be removed', async () => {
  const { pair, device } = await started();
  const { b, clock } = pair;
  for (let number = 0; number < 50; number++) b.trySend(frame(600, number));
  b.slot.remove();
  await clock.drive(clock.delay(50 * MILLISECOND));
  expect(device.surpriseRemoved).toBe(true);
  expect(b.driver.adapter.linkState.connected).toBe(false);
  expect(b.completed).toBe(b.submitted);
  await expect(clock.drive(device.start())).rejects.toMatchObject({ code: 'LIFE_ORDER' });
  await clock.drive(device.remove());
  await pair.close();
});
