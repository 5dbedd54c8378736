// Owns: frames through real interfaces: a pair of virtual ones, each in a network namespace of the test's own. Where the user may
// not make namespaces, it says so and looks at the errors alone.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { VirtualClock } from '@netcx/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWire, parseWire, Partner, WireError, type Wire, type WireEvent } from '../src/index.ts';
import { hex } from './station.ts';
import { turns, until } from './turns.ts';

const ip = (...args: readonly string[]): string => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' });
const [left, right] = [`netcx-wire-a-${process.pid}`, `netcx-wire-b-${process.pid}`];

/** Why namespaces cannot be made here. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux') return 'this is not Linux';
  try {
    ip('netns', 'add', left);
    ip('netns', 'del', left);
    return undefined;
  } catch {
    return 'this user may not make network namespaces';
  }
}
const reason = obstacle();
if (reason !== undefined) process.stderr.write(`SKIPPED: packet wires between namespaces: ${reason}\n`);

const opened: Wire[] = [];

/** A wire to an interface, with a station at its end. */
async function station(
  clock: VirtualClock,
  text: string,
): Promise<{ wire: Wire; partner: Partner; came: Uint8Array[]; told: WireEvent[] }> {
  const told: WireEvent[] = [];
  const wire = await openWire(parseWire(text), { clock, onEvent: (event) => told.push(event) });
  opened.push(wire);
  const came: Uint8Array[] = [];
  const partner = new Partner(clock, wire.ends[0]!, (frame) => void came.push(frame.slice()));
  await turns(clock, 2);
  return { wire, partner, came, told };
}

const ours = (frames: readonly Uint8Array[]): Uint8Array[] => frames.filter((frame) => frame[5] === 0x77);
function frameOf(length: number, type: string, number = 0): Uint8Array {
  const frame = new Uint8Array(length).map((_, index) => index + number);
  frame.set(hex(`020000000077 020000000001 ${type}`));
  return frame;
}

describe.runIf(process.platform === 'linux')('an interface that cannot be', () => {
  it.each([
    ['packet:there-is-none', 'there is none'],
    ['packet:lo@/run/netns/none-of-this-name', '/run/netns/none-of-this-name'],
  ])('%s', async (text, expected) => {
    const before = readdirSync('/proc/self/fd').length;
    const failure = await openWire(parseWire(text), { clock: new VirtualClock({ seed: 1 }) }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(WireError);
    const { code, message } = failure as WireError;
    if (code === 'NOT_PERMITTED') expect(message).toContain('expected the right to open packet sockets');
    else expect([code, message]).toEqual(['SOCKET', expect.stringContaining(expected)]);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describe.skipIf(reason !== undefined)('between two namespaces', () => {
  beforeAll(() => {
    for (const name of [left, right]) ip('netns', 'add', name);
    ip('-n', left, 'link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', right);
    // Nothing of Linux's own on the wire.
    for (const [name, device] of [
      [left, 'near'],
      [right, 'far'],
    ] as const) {
      ip('netns', 'exec', name, 'sysctl', '-qw', `net.ipv6.conf.${device}.disable_ipv6=1`);
      ip('-n', name, 'link', 'set', device, 'up');
    }
  });
  afterAll(async () => {
    await Promise.all(opened.map((wire) => wire.close()));
    for (const name of [left, right]) ip('netns', 'del', name);
  });

  it('frames pass both ways, in order, and every byte: short, long, tagged once and twice', async () => {
    const clock = new VirtualClock({ seed: 1 });
    const before = readdirSync('/proc/self/fd').length;
    const near = await station(clock, `packet:near@${left}`);
    const far = await station(clock, `packet:far@${right}`);
    const frames = Array.from({ length: 200 }, (_, number) => frameOf(60 + ((number * 37) % 1455), '88b5', number));
    frames.push(
      frameOf(1518, '8100 2064 88b5'),
      frameOf(200, '88a8 0001 8100 0002 88b5'),
      frameOf(100, '8100 0000 0800'),
    );
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      for (const frame of frames) from.partner.outbox.send(frame.slice());
      await until(clock, 'all frames', () => ours(to.came).length === frames.length);
      expect(ours(to.came)).toEqual(frames);
    }
    const [sent, received] = [near.wire.counters(), far.wire.counters()];
    expect(sent).toMatchObject({ 'packet.transmitted': 203, 'packet.refused': 0, 'packet.overrun': 0 });
    expect(received).toMatchObject({
      'packet.arrived': 203,
      'packet.lost': 0,
      'packet.truncated': 0,
      'packet.unsupported': 0,
    });
    await Promise.all([near.wire.close(), far.wire.close()]);
    expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
    expect(far.wire.counters()).toMatchObject({ 'packet.arrived': 203 }); // what it counted can be asked for afterwards
  });

  it('a checksum that a program of Linux leaves to its NIC is complete on the wire', async () => {
    const clock = new VirtualClock({ seed: 1 });
    ip('-n', right, 'addr', 'add', '192.0.2.2/24', 'dev', 'far');
    ip('-n', right, 'neigh', 'add', '192.0.2.1', 'lladdr', '02:00:00:00:00:77', 'dev', 'far');
    const near = await station(clock, `packet:near@${left}`);
    execFileSync('ip', ['netns', 'exec', right, 'bash', '-c', 'printf hello >/dev/udp/192.0.2.1/9']);
    const udp = (): Uint8Array | undefined => ours(near.came).find((frame) => frame[23] === 17);
    await until(clock, 'the datagram', () => udp() !== undefined);
    const frame = udp()!;
    expect(frame).toHaveLength(60);
    expect(Buffer.from(frame.subarray(42, 47)).toString()).toBe('hello');
    // RFC 768: addresses, protocol, length, header and data, and a zero behind an odd number of bytes.
    let sum = 17 + 13;
    for (let at = 26; at < 48; at += 2) sum += frame[at]! * 256 + frame[at + 1]!;
    expect(sum % 0xffff).toBe(0);
    expect(near.wire.counters()).toMatchObject({ 'packet.completed': 1 });
    await near.wire.close();
  });

  it('a frame above the MTU is refused and counted, and an interface that goes down is told; others still pass', async () => {
    const clock = new VirtualClock({ seed: 1 });
    const near = await station(clock, `packet:near@${left}`);
    const far = await station(clock, `packet:far@${right}`);
    near.partner.outbox.send(frameOf(9000, '88b5'));
    near.partner.outbox.send(frameOf(60, '88b5'));
    await until(clock, 'the short one', () => ours(far.came).length === 1);
    expect(near.wire.counters()).toMatchObject({ 'packet.refused': 1, 'packet.transmitted': 1 });
    ip('-n', left, 'link', 'set', 'near', 'down');
    await until(clock, 'the news', () => near.told.length > 0);
    expect(near.told).toEqual([{ kind: 'disconnected', message: 'packet: near has gone down' }]);
    near.partner.outbox.send(frameOf(60, '88b5', 1));
    await until(clock, 'refused', () => near.wire.counters()['packet.refused'] === 2);
    ip('-n', left, 'link', 'set', 'near', 'up');
    await turns(clock, 5);
    near.partner.outbox.send(frameOf(60, '88b5', 2));
    await until(clock, 'the next one', () => ours(far.came).length === 2);
    expect(ours(far.came)[1]).toEqual(frameOf(60, '88b5', 2));
    await Promise.all([near.wire.close(), far.wire.close()]);
  });
});
