/*
 * Checksum offload end to end, on frames of real traffic whose checksums their senders computed: what the chip inserts must
 * give back those frames, and what it finds on receive must be what is true of them.
 */

import { RxChecksumEvaluation, TxChecksumAction } from '@netcx/extensions';
import { Layer2Type, Layer3Type, Layer4Type } from '@netcx/rings';
import { describe, expect, it } from 'vitest';
import { Pair, type Wishes } from './pair.ts';

const { NotChecked, Valid, Invalid } = RxChecksumEvaluation;
const { Required } = TxChecksumAction;
/** The checksum extension's byte: layer 3 from bit 2 on, layer 4 from bit 4 on. */
const byte = (layer3: number, layer4: number): number => (layer3 << 2) | (layer4 << 4);
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

/** Frames as they were recorded, with where their headers and checksum fields lie. */
const recorded = {
  'UDP over IPv4': {
    bytes: bytesOf(
      '02000000000202000000000108004500004755a100004011a101c0000201c0000202c9f700350033a7681f210120000100000000000106736572766572076578616d706c65000001000100002904d0000000000000',
    ),
    headers: { layer3: Layer3Type.IPv4NoOptions, layer3Length: 20, layer4: Layer4Type.Udp, layer4Length: 8 },
    fields: { layer3: 24, layer4: 40 },
  },
  'TCP over IPv4': {
    bytes: bytesOf(
      '02000000000102000000000208004500003c000040004006b6b8c0000202c000020100359b03b0f58cfd4ed84fb5a012fe8871340000020405b40402080a3b9567c0e13257ea0103030a',
    ),
    headers: { layer3: Layer3Type.IPv4NoOptions, layer3Length: 20, layer4: Layer4Type.Tcp, layer4Length: 40 },
    fields: { layer3: 24, layer4: 50 },
  },
  'UDP over IPv6': {
    bytes: bytesOf(
      '02000000000202000000000186dd600e5b2e000f114020010db800000000000000000000000120010db8000000000000000000000002c8300009000f99dd636c6f7365640a',
    ),
    headers: { layer3: Layer3Type.IPv6NoExtensions, layer3Length: 40, layer4: Layer4Type.Udp, layer4Length: 8 },
    fields: { layer3: undefined, layer4: 60 },
  },
} as const;

/** The sum of the pseudo header: what a protocol leaves in the field for the NIC to go on with (RFC 9293, RFC 768, RFC 8200). */
function pseudoHeader(bytes: Uint8Array, headers: (typeof recorded)[keyof typeof recorded]['headers']): number {
  const view = new DataView(bytes.buffer);
  const ipv4 = headers.layer3 === Layer3Type.IPv4NoOptions;
  const [first, last] = ipv4 ? [26, 34] : [22, 54];
  let sum = ipv4 ? view.getUint16(16) - headers.layer3Length : view.getUint16(18);
  sum += headers.layer4 === Layer4Type.Tcp ? 6 : 17;
  for (let at = first; at < last; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function wishesFor(headers: (typeof recorded)[keyof typeof recorded]['headers'], checksum: number): Wishes {
  const { layer3, layer3Length, layer4, layer4Length } = headers;
  const layout = 14 | (layer3Length << 7) | (layer4Length << 16) | (Layer2Type.Ethernet << 24) | (layer3 << 28);
  return { layout, layer4Type: layer4, checksum };
}

describe.each(Object.entries(recorded))('%s', (_, { bytes, headers, fields }) => {
  const ipv4 = fields.layer3 !== undefined;

  it('gets its checksums from the chip, also from several buffers', async () => {
    const pair = await Pair.started();
    const unfinished = bytes.slice();
    new DataView(unfinished.buffer).setUint16(fields.layer4, pseudoHeader(bytes, headers));
    if (ipv4) new DataView(unfinished.buffer).setUint16(fields.layer3, 0);
    expect(unfinished).not.toEqual(bytes);
    const wishes = wishesFor(headers, byte(ipv4 ? Required : 0, Required));
    pair.send(pair.a, unfinished, wishes);
    pair.send(pair.a, unfinished, { ...wishes, parts: [20, bytes.length - 20] });
    pair.send(pair.a, unfinished, wishes);
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
