/* PAUSE frames: what two ends agree on, that a slow receiver then loses nothing, and what it takes to agree. */

import { Configuration, type PauseFunctions } from '@netcx/adapter';
import type { AttachedSlot, PciSlot } from '@netcx/bus';
import { MICROSECOND, MILLISECOND } from '@netcx/clock';
import { PHY, phyNumber, REGISTERS } from '@netcx/nic-82576/registers';
import { describe, expect, it } from 'vitest';
import { agreedPause, type FlowControlMode } from '../src/flow-control.ts';
import { firstWrong, frame, Pair, type PairOptions } from './pair.ts';
import { through } from './slot-through.ts';

const { CTRL, MDIC, XOFFTXC } = REGISTERS;
const FRAMES = 400;

/** Sends frames to a station that takes none for a while. */
async function flood(options: PairOptions): Promise<Pair> {
  const pair = await Pair.started({ ringSize: 8, hangLimit: 10_000, ...options });
  const { a, b, clock } = pair;
  const hang = b.nic.faults.inject({ kind: 'hungQueue', direction: 'rx', queue: 0 });
  let sent = 0;
  const goOn = (until: number): void => {
    for (; clock.now() < until; clock.advance(100 * MICROSECOND))
      while (sent < FRAMES && a.trySend(frame(1514, sent))) sent++;
  };
  goOn(clock.now() + 100 * MILLISECOND); // longer than any silence lasts that is asked for once
  hang.lift();
  goOn(clock.now() + 40 * MILLISECOND);
  return pair;
}

it('a slow receiver loses nothing', async () => {
  const pair = await flood({});
  const { a, b } = pair;
  const { receive, pause } = b.driver.hardwareCounters();
  expect([b.arrivals.length, receive.missed, receive.dropped]).toEqual([FRAMES, 0, 0]);
  expect(
    firstWrong(
      b.arrivals.map(({ bytes }) => bytes),
      Array.from({ length: FRAMES }, (_, number) => frame(1514, number)),
    ),
  ).toBeUndefined();
  // What one end asked for the other end heard.
  expect(pause.sentOff).toBeGreaterThan(0);
  expect(pause.sentOn).toBeGreaterThan(0);
  const heard = a.driver.hardwareCounters().pause;
  expect([heard.receivedOff, heard.receivedOn]).toEqual([pause.sentOff, pause.sentOn]);
  // Nobody took silence for a hang.
  expect(a.driver.counters().resets).toBe(0);
  await pair.close();
});

it.each([
  ['neither end wants', { flowControl: 'off' }, {}],
  ['the sender does not heed', { flowControl: 'off' }, { flowControl: 'both' }],
  ['the receiver does not ask for', { flowControl: 'both' }, { flowControl: 'receive' }],
] as const)('a slow receiver loses what does not fit when silence is what %s', async (_who, near, far) => {
  const pair = await flood({ ...near, far });
  const { receive, pause } = pair.b.driver.hardwareCounters();
  expect(receive.missed).toBeGreaterThan(50);
  expect(pair.b.arrivals.length + receive.missed).toBe(FRAMES);
  expect(pause.sentOff).toBe(0);
  await pair.close();
});

/** Who of two ends sends PAUSE frames, as IEEE 802.3 has it in one sentence: whoever wants to, to whoever heeds them. */
describe('is agreed on', () => {
  const states: Record<string, PauseFunctions> = {
    'false,false': 'unsupported',
    'true,false': 'sendOnly',
    'false,true': 'receiveOnly',
    'true,true': 'sendAndReceive',
  };
  const asks = (mode: FlowControlMode): boolean => mode === 'send' || mode === 'both';
  const heeds = (mode: FlowControlMode): boolean => mode === 'receive' || mode === 'both';
  const modes: FlowControlMode[] = ['off', 'send', 'receive', 'both'];

  it.each(modes.flatMap((near) => modes.map((far) => [near, far] as const)))('%s and %s', async (near, far) => {
    const pair = await Pair.started({ flowControl: near, far: { flowControl: far } });
    const { a, b } = pair;
    // Only the PHY's offer of "receive" cannot be told from "both": a partner may wait for a silence that nobody asks for.
    const sends = (one: FlowControlMode, other: FlowControlMode): boolean => asks(one) && heeds(other);
    const hears = (one: FlowControlMode, other: FlowControlMode): boolean =>
      heeds(one) && (asks(other) || other === 'receive');
    expect([a.driver.adapter.linkState.pause, b.driver.adapter.linkState.pause]).toEqual([
      states[`${sends(near, far)},${hears(near, far)}`],
      states[`${sends(far, near)},${hears(far, near)}`],
    ]);
    await pair.close();
  });

  it.each([
    // What the partner says: nothing, symmetric, asymmetric, both.
    ['off', ['unsupported', 'unsupported', 'unsupported', 'unsupported']],
    ['send', ['unsupported', 'unsupported', 'unsupported', 'sendOnly']],
    ['receive', ['unsupported', 'receiveOnly', 'receiveOnly', 'receiveOnly']],
    ['both', ['unsupported', 'sendAndReceive', 'receiveOnly', 'sendAndReceive']],
  ] as const)('%s with each partner', (wanted, expected) => {
    const offers = [0, PHY.ANAR.PAUSE.mask, PHY.ANAR.ASM_DIR.mask, PHY.ANAR.PAUSE.mask | PHY.ANAR.ASM_DIR.mask];
    expect(offers.map((offer) => agreedPause(wanted, offer | 0x01e1))).toEqual(expected);
  });

  it('nothing in half duplex', async () => {
    const pair = await Pair.started({ cable: { duplex: 'half' } });
    expect(pair.a.driver.adapter.linkState).toMatchObject({ duplex: 'half', pause: 'unsupported' });
    await pair.close();
  });

  it('anew after a reset, and when the cable is put in again', async () => {
    const pair = await Pair.started();
    const { a, b, clock, link } = pair;
    await clock.drive(a.driver.reset());
    expect(a.driver.adapter.linkState.pause).toBeUndefined();
    pair.awaitLink(true);
    expect(a.driver.adapter.linkState.pause).toBe('sendAndReceive');
    link.plug(false);
    pair.awaitLink(false);
    link.plug(true);
    pair.awaitLink(true);
    expect([a, b].map(({ driver }) => driver.adapter.linkState.pause)).toEqual(['sendAndReceive', 'sendAndReceive']);
    await pair.close();
  });
});

/** A chip whose PHY takes so many looks to answer, or never does, or fails; what is asked at once is answered at once. */
function slowPhy(slot: AttachedSlot, looks: number, fails = false): PciSlot {
  const answerRegister = phyNumber(PHY.ANLPAR);
  let left = 0;
  return through(slot, (real) => ({
    read32: (bar, offset) => {
      const value = real.read32(bar, offset);
      if (offset !== MDIC.offset || MDIC.REGADD.get(value) !== answerRegister) return value;
      if (left-- > 0) return value & ~MDIC.READY.mask;
      return fails ? (value | MDIC.ERROR.mask) >>> 0 : value;
    },
    write32: (bar, offset, value) => {
      if (offset === MDIC.offset) left = looks;
      real.write32(bar, offset, value);
    },
  }));
}

describe('a PHY', () => {
  it('that takes its time is waited for, and the link is there meanwhile', async () => {
    const pair = await Pair.started({ bus: (slot) => (slot.function.name === 'a' ? slowPhy(slot, 5) : slot) });
    const { adapter } = pair.a.driver;
    expect(adapter.linkState).toMatchObject({ connected: true, pause: 'unknown' });
    pair.clock.advance(MILLISECOND);
    expect(adapter.linkState).toMatchObject({ connected: true, pause: 'sendAndReceive' });
    expect(pair.a.linkChanges).toEqual([true]);
    await pair.close();
  });

  it.each([
    ['does not answer', Infinity, false],
    ['fails', 0, true],
  ])('that %s leaves a link without flow control', async (_what, looks, fails) => {
    const pair = await Pair.started({
      bus: (slot) => (slot.function.name === 'a' ? slowPhy(slot, looks, fails) : slot),
    });
    pair.clock.advance(10 * MILLISECOND);
    expect(pair.a.driver.adapter.linkState).toMatchObject({ connected: true, pause: 'unsupported' });
    expect(pair.a.slot.function.read32(0, CTRL.offset) & (CTRL.RFCE.mask | CTRL.TFCE.mask)).toBe(0);
    pair.send(pair.a, frame(60));
    pair.clock.advance(MILLISECOND);
    expect(pair.b.arrivals.length).toBe(1);
    await pair.close();
  });

  it('that is still asked when the driver stops is asked no more', async () => {
    const pair = await Pair.started({ bus: (slot) => (slot.function.name === 'a' ? slowPhy(slot, 30) : slot) });
    await pair.stop();
    const told = pair.a.linkChanges.length;
    pair.clock.advance(10 * MILLISECOND);
    expect(pair.a.linkChanges.length).toBe(told);
    expect(pair.a.driver.adapter.linkState.connected).toBe(false);
    await pair.close();
  });
});

it.each([
  [0, 'unsupported'],
  [1, 'sendOnly'],
  [2, 'receiveOnly'],
  [3, 'sendAndReceive'],
  [4, 'sendAndReceive'],
])('*FlowControl %i is %s', async (value, expected) => {
  const configuration = new Configuration('a', { '*FlowControl': value });
  const pair = await Pair.started({ configuration, far: { flowControl: 'both' } });
  expect(pair.a.driver.adapter.linkState.pause).toBe(expected);
  await pair.close();
});

it('with jumbo frames silence is asked for while two of the longest still fit', async () => {
  const pair = await Pair.started({ mtu: 9000, ringSize: 8, hangLimit: 10_000 });
  const { a, b, clock } = pair;
  const hang = b.nic.faults.inject({ kind: 'hungQueue', direction: 'rx', queue: 0 });
  for (let number = 0; number < 7; number++) pair.send(a, frame(9014, number));
  clock.advance(MILLISECOND);
  expect(b.slot.function.read32(0, XOFFTXC.offset)).toBeGreaterThan(0);
  hang.lift();
  clock.advance(40 * MILLISECOND);
  expect(b.arrivals.length).toBe(7);
  await pair.close();
});

it('refuses a wish that nobody knows', () => {
  expect(() => new Pair({ flowControl: 'full' as FlowControlMode })).toThrow(
    /BAD_OPTION: a: flowControl is full; expected off/,
  );
});
