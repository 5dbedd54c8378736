import { MICROSECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { beforeEach, describe, expect, it } from 'vitest';
import { HostBridge, type AccessSize, type AttachedSlot, type Upstream } from '../src/index.ts';
import { PlainEndpoint } from './plain-endpoint.ts';

let clock: VirtualClock;
let bridge: HostBridge;
let endpoint: PlainEndpoint;
let slot: AttachedSlot;
let upstream: Upstream;

beforeEach(() => {
  clock = new VirtualClock();
  bridge = new HostBridge(clock);
  endpoint = new PlainEndpoint([{ index: 0, fixed: 0, writable: 0xfffe_0000 }]);
  slot = bridge.attach(endpoint, { dma: new IdentityMap(), name: 'nic' });
  if (endpoint.upstream === undefined) throw new Error('not connected');
  upstream = endpoint.upstream;
});

/** The device writes a message that was allocated. */
const raise = (message: { addressLow: number; addressHigh: number; data: number }): void =>
  upstream.writeMessage(message.addressLow, message.addressHigh, message.data);

describe('the function', () => {
  it('passes accesses to the model', () => {
    slot.function.write32(0, 0x18, 0xdead_beef);
    expect(slot.function.read32(0, 0x18)).toBe(0xdead_beef);
    expect(slot.function.readConfig(0, 4)).toBe(0x10c9_8086);
    expect(slot.function.readConfig(2, 2)).toBe(0x10c9);
    slot.function.writeConfig(4, 1, 0x02);
    expect(slot.function.readConfig(4, 2)).toBe(2);
  });

  it.each([
    ['BAD_BAR', -1, 0],
    ['BAD_BAR', 6, 0],
    ['BAD_BAR', NaN, 0],
    ['BAD_OFFSET', 0, 2],
    ['BAD_OFFSET', 0, -4],
    ['BAD_OFFSET', 0, NaN],
  ])('refuses, with %s, BAR %d at %d', (code, bar, offset) => {
    expect(() => slot.function.read32(bar, offset)).toThrow(expect.objectContaining({ name: 'BusError', code }));
    expect(() => slot.function.write32(bar, offset, 0)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['BAD_SIZE', 0, 3],
    ['BAD_SIZE', 0, 8],
    ['BAD_OFFSET', 1, 2],
    ['BAD_OFFSET', 2, 4],
    ['BAD_OFFSET', -4, 4],
    ['BAD_OFFSET', 4096, 1],
    ['BAD_OFFSET', NaN, 1],
  ])('refuses, with %s, configuration space at %d in %d bytes', (code, offset, size) => {
    const wrong = size as AccessSize;
    expect(() => slot.function.readConfig(offset, wrong)).toThrow(expect.objectContaining({ code }));
    expect(() => slot.function.writeConfig(offset, wrong, 0)).toThrow(expect.objectContaining({ code }));
  });

  it('has a place on the bus for a name', () => {
    const names = Array.from(
      { length: 33 },
      () => bridge.attach(new PlainEndpoint(), { dma: new IdentityMap() }).function.name,
    );
    expect([names[0], names[29], names[30], names[32]]).toEqual(['00:02.0', '00:1f.0', '01:00.0', '01:02.0']);
  });
});

describe('a message', () => {
  it('calls its handler from the clock, not from the write', () => {
    const calls: string[] = [];
    const one = slot.allocateMessage(() => calls.push('one'));
    const two = slot.allocateMessage(() => calls.push('two'));
    expect([one.addressLow, one.addressHigh, one.data, two.data]).toEqual([0xfee0_0000, 0, 32, 33]);
    raise(two);
    raise(one);
    expect(calls).toEqual([]);
    clock.run();
    expect(calls).toEqual(['two', 'one']);
    expect(clock.now()).toBe(0);
  });

  it('that comes again before its call is one call; during its call, another one', () => {
    let calls = 0;
    const message = slot.allocateMessage(() => {
      if (++calls === 1) raise(message);
    });
    raise(message);
    raise(message);
    raise(message);
    clock.run();
    expect(calls).toBe(2);
    expect(slot.counters()).toEqual({ interrupts: 2, messages: 4, coalescedMessages: 2, strayMessages: 0 });
  });

  it('that nobody has is counted', () => {
    raise({ addressLow: 0xfee0_0000, addressHigh: 0, data: 77 });
    const message = slot.allocateMessage(() => undefined);
    raise({ ...message, addressHigh: 1, addressLow: message.addressLow, data: message.data });
    raise({ addressLow: 0x1000, addressHigh: 0, data: message.data });
    clock.run();
    expect(bridge.strayMessages).toBe(3);
    expect(slot.counters().strayMessages).toBe(3);
    expect(slot.counters().interrupts).toBe(0);
  });

  it('of another slot is out of reach', () => {
    const other = bridge.attach(new PlainEndpoint(), { dma: new IdentityMap() });
    let calls = 0;
    raise(other.allocateMessage(() => calls++));
    clock.run();
    expect([calls, slot.counters().strayMessages]).toEqual([0, 1]);
  });

  it('is not called once it is released, and its word is not given out again at once', () => {
    let calls = 0;
    const message = slot.allocateMessage(() => calls++);
    raise(message);
    message.release();
    message.release();
    raise(message);
    clock.run();
    expect(calls).toBe(0);
    expect(slot.allocateMessage(() => undefined).data).toBe(33);
  });

  it('is refused when all are given out', () => {
    const messages = Array.from({ length: 0x1_0000 - 32 }, () => slot.allocateMessage(() => undefined));
    expect(() => slot.allocateMessage(() => undefined)).toThrow(expect.objectContaining({ code: 'NO_MESSAGES' }));
    expect(new Set(messages.map((message) => message.data)).size).toBe(messages.length);
    messages[5]?.release();
    expect(slot.allocateMessage(() => undefined).data).toBe(37);
  });
});

describe('the pin', () => {
  it('calls its handler until it is released', () => {
    let calls = 0;
    slot.connectIntx(() => {
      if (++calls === 3) upstream.setIntx(false);
    });
    upstream.setIntx(true);
    expect(calls).toBe(0);
    clock.run();
    expect(calls).toBe(3);
    expect(slot.counters().interrupts).toBe(3);
  });

  it('lets other alarms have their turn while it is held', () => {
    const log: string[] = [];
    slot.connectIntx(() => {
      log.push('pin');
      if (log.length > 4) upstream.setIntx(false);
    });
    upstream.setIntx(true);
    const other = clock.alarm(() => {
      log.push('other');
      other.after(MICROSECOND);
      if (log.length > 6) other.cancel();
    });
    other.soon();
    clock.run();
    expect(log.slice(0, 4)).toEqual(['pin', 'other', 'pin', 'other']);
  });

  it('that nobody ever releases does not stop time: its handler is called again each microsecond', () => {
    let calls = 0;
    slot.connectIntx(() => calls++);
    upstream.setIntx(true);
    clock.advance(0);
    expect(calls).toBe(1);
    clock.advance(10 * MICROSECOND);
    expect(calls).toBe(11);
    // What rises anew is seen at once.
    upstream.setIntx(false);
    upstream.setIntx(true);
    clock.advance(0);
    expect(calls).toBe(12);
    upstream.setIntx(false);
    clock.run();
    expect(calls).toBe(12);
  });

  it('that is released before its call is not seen', () => {
    let calls = 0;
    slot.connectIntx(() => calls++);
    upstream.setIntx(true);
    upstream.setIntx(false);
    clock.run();
    expect(calls).toBe(0);
  });

  it('that is held when a handler comes is seen then, and by nobody once it went', () => {
    upstream.setIntx(true);
    clock.run();
    let calls = 0;
    slot.connectIntx(() => {
      calls++;
      slot.connectIntx(undefined);
    });
    clock.run();
    expect(calls).toBe(1);
  });

  it('is not silenced by a handler that throws', () => {
    let calls = 0;
    slot.connectIntx(() => {
      if (++calls === 1) throw new Error('handler');
      upstream.setIntx(false);
    });
    upstream.setIntx(true);
    expect(() => clock.run()).toThrow('handler');
    clock.run();
    expect(calls).toBe(2);
  });
});

it('a wish to be woken reaches the listener from the clock, and nobody after removal', () => {
  let woken = 0;
  upstream.requestWake?.(); // nobody listens
  clock.run();
  slot.onWake(() => woken++);
  upstream.requestWake?.();
  expect(woken).toBe(0);
  clock.run();
  expect(woken).toBe(1);
  upstream.requestWake?.();
  slot.remove();
  upstream.requestWake?.();
  clock.run();
  expect(woken).toBe(1);
});

describe('removal', () => {
  it('tells the model at once and the listeners from the clock, once', () => {
    const log: string[] = [];
    slot.onRemoval(() => log.push('listener'));
    slot.remove();
    slot.remove();
    expect([endpoint.log, log]).toEqual([['removed'], []]);
    clock.run();
    expect(log).toEqual(['listener']);
    slot.onRemoval(() => log.push('late'));
    clock.run();
    expect(log).toEqual(['listener', 'late']);
  });

  it('leaves all ones to read and nothing to write', () => {
    slot.function.write32(0, 0, 5);
    slot.remove();
    slot.function.write32(0, 0, 6);
    slot.function.writeConfig(4, 2, 7);
    expect([
      slot.function.read32(0, 0),
      slot.function.readConfig(0, 4),
      slot.function.readConfig(0, 2),
      slot.function.readConfig(0, 1),
    ]).toEqual([0xffff_ffff, 0xffff_ffff, 0xffff, 0xff]);
    expect(endpoint.memory.get('0:0')).toBe(5);
    expect(endpoint.dword(4) & 7).toBe(0);
  });

  it('ends interrupts: the pin at once, messages that the device writes afterwards', () => {
    let calls = 0;
    slot.connectIntx(() => calls++);
    const message = slot.allocateMessage(() => calls++);
    upstream.setIntx(true);
    slot.remove();
    raise(message);
    upstream.setIntx(true);
    clock.run();
    expect(calls).toBe(0);
    expect(slot.counters().strayMessages).toBe(1);
  });
});
