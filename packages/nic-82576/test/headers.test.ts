/* What the parser sees in literal frames: kinds of packet, where headers lie, and what does not fit and so is not there. */

import { expect, it } from 'vitest';
import { allocateWire, u8 as wire } from '@netcx/hardware/wire';
import { Headers } from '../src/headers.ts';

const at = allocateWire(2048);
const MACS = '020000000001 020000000002';
const IP4 = '4500 0028 0001 0000 4006 0000 0a000001 0a000002';
const TCP = '0050 0051 00000000 00000000 5010 0000 0000 0000';
const UDP = '0007 0007 0008 0000';
const ADDRESSES = '20010db8000000000000000000000001 20010db8000000000000000000000002';
const HOME = '20010db80000000000000000000000aa';

/** Parses a frame whose tags end before the Ether type at `type`; places are given as offsets into the frame. */
function parse(digits: string, type = 12): Record<string, number | boolean> {
  const frame = Buffer.from(digits.replaceAll(' ', ''), 'hex');
  wire.fill(0xff, at, at + 2048);
  wire.set(frame, at);
  const headers = new Headers();
  headers.parse(at, frame.length, type);
  const place = (offset: number): number => (offset === 0 ? 0 : offset - at);
  const { types, fragment, routed, network, transport, payload, end } = headers;
  const places = { network, transport, payload, end, home: headers.homeAddress, final: headers.homeDestination };
  return {
    types,
    fragment,
    routed,
    ...Object.fromEntries(Object.entries(places).map(([name, offset]) => [name, place(offset)])),
  };
}

const NOTHING = {
  types: 0,
  fragment: false,
  routed: false,
  network: 0,
  transport: 0,
  payload: 0,
  end: 0,
  home: 0,
  final: 0,
};
const ip6 = (length: string, next: string, rest: string): string =>
  `${MACS} 86dd 60000000 ${length} ${next}40 ${ADDRESSES} ${rest}`;

// prettier-ignore
it.each([
  ['IPv4 and TCP',                     `${MACS} 0800 ${IP4} ${TCP}`, { types: 0x11, network: 14, transport: 34, payload: 54, end: 54 }],
  ['padding behind it',                `${MACS} 0800 ${IP4} ${TCP} eeee`, { types: 0x11, network: 14, transport: 34, payload: 54, end: 54 }],
  ['an 802.2 header with SNAP',        `${MACS} 0030 aaaa03 000000 0800 ${IP4} ${TCP}`, { types: 0x11, network: 22, transport: 42, payload: 62, end: 62 }],
  ['SNAP of another organization',     `${MACS} 0030 aaaa03 00000c 0800 ${IP4} ${TCP}`, {}],
  ['TCP with a length of 16',          `${MACS} 0800 ${IP4} ${TCP.replace('5010', '4010')}`, { types: 0x11, network: 14, transport: 34, payload: 34, end: 54 }],
  ['IPv4 options, UDP',                `${MACS} 0800 ${IP4.replace('4500 0028', '4600 0020').replace('4006', '4011')} 01010101 ${UDP}`, { types: 0x23, network: 14, transport: 38, payload: 46, end: 46 }],
  ['SCTP',                             `${MACS} 0800 ${IP4.replace('4006', '4084')} ${TCP}`, { types: 0x41, network: 14, transport: 34, end: 54 }],
  ['a first fragment',                 `${MACS} 0800 ${IP4.replace('0001 0000', '0001 2000')} ${TCP}`, { types: 1, fragment: true, network: 14, transport: 34, end: 54 }],
  ['a last fragment',                  `${MACS} 0800 ${IP4.replace('0001 0000', '0001 0003')} ${TCP}`, { types: 1, fragment: true, network: 14, transport: 34, end: 54 }],
  ['do not fragment',                  `${MACS} 0800 ${IP4.replace('0001 0000', '0001 4000')} ${TCP}`, { types: 0x11, network: 14, transport: 34, payload: 54, end: 54 }],
  ['IPv4 cut short',                   `${MACS} 0800 ${IP4} ${TCP}`.slice(0, -2), {}],
  ['IPv6 and UDP',                     ip6('0008', '11', UDP), { types: 0x24, network: 14, transport: 54, payload: 62, end: 62 }],
  ['IPv6 cut short',                   ip6('0009', '11', UDP), {}],
  ['version 5 under the type of IPv6', ip6('0008', '11', UDP).replace('60000000', '50000000'), {}],
  ['hop by hop, then UDP',             ip6('0010', '00', `1100010400000000 ${UDP}`), { types: 0x2c, network: 14, transport: 62, payload: 70, end: 70 }],
  ['a header beyond the packet',       ip6('0008', '00', '1101010400000000'), { types: 0x0c, network: 14, transport: 54, end: 62 }],
  ['a fragment header',                ip6('0010', '2c', `1100000000000001 ${UDP}`), { types: 0x0c, fragment: true, network: 14, transport: 62, end: 70 }],
  ['an authentication header',         ip6('0010', '33', `1100000000000001 ${UDP}`), { types: 0x04, network: 14, transport: 54, end: 70 }],
  ['a Home Address',                   ip6('0020', '3c', `1102 0100 c910 ${HOME} 0000 ${UDP}`), { types: 0x2c, network: 14, transport: 78, payload: 86, end: 86, home: 60 }],
  ['a Home Address that is cut',       ip6('0020', '3c', `1102 0100 c912 ${HOME} 0000 ${UDP}`), { types: 0x2c, network: 14, transport: 78, payload: 86, end: 86 }],
  ['a route to a home address',        ip6('0020', '2b', `1102 0201 00000000 ${HOME} ${UDP}`), { types: 0x2c, routed: true, network: 14, transport: 78, payload: 86, end: 86, final: 62 }],
  ['a route of another type',          ip6('0020', '2b', `1102 0001 00000000 ${HOME} ${UDP}`), { types: 0x2c, routed: true, network: 14, transport: 78, payload: 86, end: 86 }],
  ['a route that is used up',          ip6('0020', '2b', `1102 0200 00000000 ${HOME} ${UDP}`), { types: 0x2c, network: 14, transport: 78, payload: 86, end: 86 }],
  ['ARP',                              `${MACS} 0806 0001`, {}],
  ['nothing but addresses',            MACS, {}],
])('%s', (_name, digits, wanted) => {
  expect(parse(digits)).toEqual({ ...NOTHING, ...wanted });
});

it('a packet behind tags', () => {
  expect(parse(`${MACS} 8100 0001 0800 ${IP4} ${TCP}`, 16)).toMatchObject({ types: 0x11, network: 18, payload: 58 });
});
