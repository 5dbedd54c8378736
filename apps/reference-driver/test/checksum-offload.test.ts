/*
 * Checksum offload end to end, on frames of real traffic whose checksums their senders computed: what the chip inserts must
 * give back those frames, and what it finds on receive must be what is true of them.
 */

import { RxChecksumEvaluation, TxChecksumAction } from '@netcx/extensions';
import { describe, expect, it } from 'vitest';
import { Pair } from './pair.ts';
import { byte, bytesOf, recorded, unfinished, wishesFor } from './recorded-frames.ts';

const { NotChecked, Valid, Invalid } = RxChecksumEvaluation;
const { Required } = TxChecksumAction;

describe.each(Object.entries(recorded))('%s', (_, one) => {
  const { bytes, headers, fields } = one;
  const ipv4 = fields.layer3 !== undefined;

  it('gets its checksums from the chip, also from several buffers', async () => {
    const pair = await Pair.started();
    const frame = unfinished(one);
    expect(frame).not.toEqual(bytes);
    const wishes = wishesFor(headers, byte(ipv4 ? Required : 0, Required));
    pair.send(pair.a, frame, wishes);
    pair.send(pair.a, frame, { ...wishes, parts: [20, bytes.length - 20] });
    // Whoever asks for IPv4's checksum over IPv6 gets what there is.
    pair.send(pair.a, frame, wishesFor(headers, byte(Required, Required)));
    pair.clock.advance(10e6);
    expect(pair.b.arrivals.map((arrival) => Buffer.from(arrival.bytes).toString('hex'))).toEqual(
      new Array(3).fill(Buffer.from(bytes).toString('hex')),
    );
    // The headers were the same each time: one context is enough.
    expect(pair.a.driver.counters().transmit.contexts).toBe(1);
    await pair.close();
  });

  it('is judged on receive', async () => {
    const pair = await Pair.started();
    const flipped = (at: number): Uint8Array => bytes.map((value, index) => (index === at ? value ^ 0x10 : value));
    const good = ipv4 ? Valid : NotChecked;
    pair.send(pair.a, bytes);
    pair.send(pair.a, flipped(bytes.length - 1));
    if (ipv4) pair.send(pair.a, flipped(22)); // time to live: in the header's sum alone
    pair.clock.advance(10e6);
    const expected = [byte(good, Valid), byte(good, Invalid), ...(ipv4 ? [byte(Invalid, Valid)] : [])];
    expect(pair.b.arrivals.map(({ checksum }) => checksum)).toEqual(expected);
    await pair.close();
  });

  it('is left alone without offload', async () => {
    const pair = await Pair.started({ checksumOffload: false });
    pair.send(pair.a, bytes, wishesFor(headers, byte(Required, Required)));
    pair.clock.advance(10e6);
    expect(pair.b.arrivals).toEqual([{ bytes, checksum: byte(NotChecked, NotChecked), queue: 0 }]);
    expect(pair.a.driver.counters().transmit.contexts).toBe(0);
    await pair.close();
  });
});

it('judges nothing but TCP and UDP over IP', async () => {
  const pair = await Pair.started();
  const arp = bytesOf(
    'ffffffffffff02000000000108060001080006040001020000000001c0000201000000000000c0000202'.padEnd(120, '0'),
  );
  const fragment = recorded['UDP over IPv4'].bytes.slice();
  fragment.set([0x20, 0], 20); // more fragments follow
  new DataView(fragment.buffer).setUint16(24, 0xa101 - 0x2000); // which the header's sum shows
  for (const bytes of [arp, fragment]) pair.send(pair.a, bytes);
  pair.clock.advance(10e6);
  expect(pair.b.arrivals.map(({ checksum }) => checksum)).toEqual([
    byte(NotChecked, NotChecked),
    byte(Valid, NotChecked),
  ]);
  await pair.close();
});

it('writes a context for each change of headers, and none for frames that want nothing', async () => {
  const pair = await Pair.started();
  const { 'UDP over IPv4': udp, 'TCP over IPv4': tcp } = recorded;
  const send = ({ bytes, headers }: typeof udp | typeof tcp): void => {
    pair.send(pair.a, bytes, wishesFor(headers, byte(Required, 0)));
  };
  send(udp);
  send(udp);
  pair.send(pair.a, tcp.bytes);
  send(udp);
  send(tcp);
  send(udp);
  pair.clock.advance(10e6);
  expect(pair.b.arrivals.map(({ bytes }) => bytes.length)).toEqual([85, 85, 74, 85, 74, 85]);
  expect(pair.a.driver.counters().transmit.contexts).toBe(3);
  await pair.close();
});

it('gets each frame its own checksums where frames take turns', async () => {
  const pair = await Pair.started();
  const { 'UDP over IPv4': udp, 'TCP over IPv4': tcp } = recorded;
  // Like what went before, in all but one thing: which checksums it wants, whether any, or where its headers lie.
  const turns = [
    [udp, byte(Required, Required)],
    [udp, byte(Required, Required)],
    [udp, byte(0, Required)],
    [udp, byte(Required, Required)],
    [tcp, byte(Required, Required)],
    [tcp, byte(Required, Required)],
    [udp, byte(Required, Required)],
  ] as const;
  for (const [one, wanted] of turns) {
    const frame = unfinished(one);
    if (wanted === byte(0, Required)) frame.set(one.bytes.subarray(24, 26), 24);
    pair.send(pair.a, one.bytes);
    pair.send(pair.a, frame, wishesFor(one.headers, wanted));
  }
  pair.clock.advance(10e6);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  expect(pair.b.arrivals.map(({ bytes }) => hex(bytes))).toEqual(
    turns.flatMap(([{ bytes }]) => [hex(bytes), hex(bytes)]),
  );
  expect(pair.a.driver.counters().transmit.contexts).toBe(3);
  await pair.close();
});
