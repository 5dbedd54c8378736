/*
 * Receive-side scaling: the hashes that Microsoft publishes for its verification key, which of them each kind of packet
 * gets, and the queue that follows. Frames go in by the cable, and descriptors are read as they lie in memory.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REGISTERS } from '../src/registers/index.ts';
import { bytes, RxQueues } from './rx-queues.ts';

const R = REGISTERS;
/** Microsoft's key for verification, and what it hashes to ("Verifying the RSS hash calculation"). */
const KEY = '6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa';
/** Destination, port, source, port, the hash of the addresses, the hash with ports. */
type Row = readonly [to: string, toPort: number, from: string, fromPort: number, addresses: number, ports: number];
// prettier-ignore
const IPV4: readonly [Row, Row, ...Row[]] = [
  ['161.142.100.80', 1766,  '66.9.149.187',   2794,  0x323e8fc2, 0x51ccc178],
  ['65.69.140.83',   4739,  '199.92.111.2',   14230, 0xd718262a, 0xc626b0ea],
  ['12.22.207.184',  38024, '24.19.198.95',   12898, 0xd2d0a5de, 0x5c2b394a],
  ['209.142.163.6',  2217,  '38.27.205.30',   48228, 0x82989176, 0xafc7327f],
  ['202.188.127.2',  1303,  '153.39.163.191', 44251, 0x5d1809c5, 0x10e828a2],
];
// prettier-ignore
const IPV6: readonly [Row, ...Row[]] = [
  ['3ffe250102000003 0000000000000001', 1766,  '3ffe250102001fff 0000000000000007', 2794,  0x2cc18cd5, 0x40207d3d],
  ['ff02000000000000 0000000000000001', 4739,  '3ffe050100080000 026097fffe40efab', 14230, 0x0f0c461c, 0xdde51bbf],
  ['fe80000000000000 0200f8fffe2167cf', 38024, '3ffe190045450003 0200f8fffe2167cf', 44251, 0x4b61e985, 0x02d1feef],
];

const ALL = 0x1ff;
const PCSD = 0x2000;
const ETHERNET = '020000000001 020000000002';
const hex16 = (value: number): string => value.toString(16).padStart(4, '0');
const address4 = (dotted: string): string =>
  dotted
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('');

let rx: RxQueues;
beforeEach(() => {
  rx = new RxQueues(16, 8);
  rx.start({ type: 1 });
  rx.write(R.RCTL, R.RCTL.EN.mask | R.RCTL.SECRC.mask);
  for (let word = 0; word < 10; word++) {
    rx.write(R.RSSRK, Buffer.from(KEY, 'hex').readUInt32LE(word * 4), word);
  }
  for (let word = 0; word < 32; word++) rx.write(R.RETA, 0x0f0e_0d0c - 0x0404_0404 * (word & 3), word);
  configure(ALL);
});
afterEach(() => {
  rx.close();
});

function configure(fields: number, mode = 2, checksums = PCSD): void {
  rx.write(R.MRQC, fields * 0x1_0000 + mode);
  rx.write(R.RXCSUM, checksums);
}

/** Queue, type of hash and hash of the only frame that arrives. */
function receive(digits: string): [queue: number, type: number, hash: number] {
  const [one] = rx.arrive(bytes(digits));
  if (one === undefined) throw new Error('nothing arrived');
  const words = Buffer.from(one.words.replaceAll(' ', ''), 'hex');
  return [one.queue, words.readUInt32LE(0) & 15, words.readUInt32LE(4)];
}

/** An IPv4 packet: 28 bytes of IP, of protocol `protocol`, the first four of its payload being ports. */
function packet4(row: Row, protocol: number, fragment = 0): string {
  const [to, toPort, from, fromPort] = row;
  const ports = hex16(fromPort) + hex16(toPort);
  const header = `4500002c 0001${hex16(fragment)} 40${protocol.toString(16).padStart(2, '0')}0000 ${address4(from)} ${address4(to)}`;
  return `${ETHERNET} 0800 ${header} ${ports} 0018 0000 00000000 50020000 00000000 00000000`;
}

/** An IPv6 packet with extension headers, each given whole but for the number of the next one. */
function packet6(row: Row, protocol: number, extensions: readonly (readonly [number, string])[] = []): string {
  const [to, toPort, from, fromPort] = row;
  const chain = [...extensions.map(([number]) => number), protocol].map((number) =>
    number.toString(16).padStart(2, '0'),
  );
  const headers = extensions.map(([, rest], index) => chain[index + 1]! + rest).join('');
  const body = `${headers}${hex16(fromPort)}${hex16(toPort)} 0018 0000 00000000 50020000 00000000 00000000`.replaceAll(
    ' ',
    '',
  );
  return `${ETHERNET} 86dd 60000000 ${hex16(body.length / 2)} ${chain[0]!}40 ${from} ${to} ${body}`;
}

/** What the table set up above has for a hash. */
const queueOf = (hash: number): number => {
  const entry = hash & 127;
  return 12 + (entry & 3) - 4 * ((entry >> 2) & 3);
};

const TCP = 6;
const UDP = 17;
const ICMP = 1;

describe("Microsoft's vectors", () => {
  it.each(IPV4)('%s:%i from %s:%i', (...row) => {
    const [, , , , addresses, ports] = row;
    expect(receive(packet4(row, TCP))).toEqual([queueOf(ports), 1, ports]);
    expect(receive(packet4(row, UDP))).toEqual([queueOf(ports), 7, ports]);
    expect(receive(packet4(row, ICMP))).toEqual([queueOf(addresses), 2, addresses]);
    expect(receive(packet4(row, TCP, 0x2000))).toEqual([queueOf(addresses), 2, addresses]); // a first fragment
    expect(receive(packet4(row, UDP, 0x0010))).toEqual([queueOf(addresses), 2, addresses]); // a later one
    expect(receive(packet4(row, TCP, 0x4000))).toEqual([queueOf(ports), 1, ports]); // do not fragment
  });

  it.each(IPV6)('%s port %i from %s port %i', (...row) => {
    const [, , , , addresses, ports] = row;
    const hopByHop = [0, '00' + '010400000000'] as const;
    const fragment = [44, '00000000000001'] as const;
    expect(receive(packet6(row, TCP))).toEqual([queueOf(ports), 3, ports]);
    expect(receive(packet6(row, UDP))).toEqual([queueOf(ports), 8, ports]);
    expect(receive(packet6(row, 58))).toEqual([queueOf(addresses), 5, addresses]);
    expect(receive(packet6(row, TCP, [hopByHop]))).toEqual([queueOf(ports), 3, ports]);
    expect(receive(packet6(row, TCP, [hopByHop, fragment]))).toEqual([queueOf(addresses), 5, addresses]);
  });

  it.each(IPV6)('with home addresses for %s port %i from %s port %i', (...row) => {
    const [to, toPort, from, fromPort, addresses, ports] = row;
    // The addresses in the IPv6 header are others: those that count stand in the headers behind it.
    const other: Row = [
      'fe80000000000000 00000000000000aa',
      toPort,
      'fe80000000000000 00000000000000bb',
      fromPort,
      0,
      0,
    ];
    const packet = (protocol: number): string =>
      packet6(other, protocol, [
        [60, '02' + '0100' + 'c910' + from.replace(' ', '') + '0000'],
        [43, '02' + '0201' + '00000000' + to.replace(' ', '')],
      ]);
    expect(receive(packet(TCP))).toEqual([queueOf(ports), 6, ports]);
    expect(receive(packet(UDP))).toEqual([queueOf(ports), 9, ports]);
    expect(receive(packet(58))).toEqual([queueOf(addresses), 4, addresses]);
  });
});

describe('types of hash', () => {
  const [row4] = IPV4;
  const [row6] = IPV6;

  // The bits of MRQC from 16 on: TCPv4, IPv4, TCPv6Ex, IPv6Ex, IPv6, TCPv6, UDPv4, UDPv6, UDPv6Ex.
  // prettier-ignore
  it.each([
    [0b0_0000_0001, [1, 0, 0, 0]], [0b0_0000_0010, [2, 2, 0, 0]], [0b0_0000_0011, [1, 2, 0, 0]], [0b0_0100_0000, [0, 7, 0, 0]],
    [0b0_0000_0100, [0, 0, 3, 0]], [0b0_0010_0000, [0, 0, 3, 0]], [0b0_0001_0000, [0, 0, 5, 5]], [0b0_0000_1000, [0, 0, 5, 5]],
    [0b0_1000_0000, [0, 0, 0, 8]], [0b1_0000_0000, [0, 0, 0, 8]], [0b0_0000_0000, [0, 0, 0, 0]],
  ])('MRQC fields %i allow %j to TCP and UDP over IPv4, and over IPv6', (fields, wanted) => {
    configure(fields);
    const frames = [packet4(row4, TCP), packet4(row4, UDP), packet6(row6, TCP), packet6(row6, UDP)];
    expect(frames.map((frame) => receive(frame)[1])).toEqual(wanted);
  });

  it('what is not hashed goes to queue 0 with a hash of 0', () => {
    configure(0);
    expect(receive(packet4(row4, TCP))).toEqual([0, 0, 0]);
    configure(ALL);
    expect(receive(`${ETHERNET} 0806 0001`)).toEqual([0, 0, 0]);
  });

  it('RFCTL.IPV6_EX_DIS leaves extension headers unread: only the addresses count', () => {
    const row = IPV6[0];
    rx.write(R.RFCTL, R.RFCTL.IPV6_EX_DIS.mask);
    expect(receive(packet6(row, TCP, [[0, '00' + '010400000000']]))).toEqual([queueOf(row[4]), 5, row[4]]);
    expect(receive(packet6(row, TCP))).toEqual([queueOf(row[5]), 3, row[5]]);
  });

  it('other modes of MRQC spread nothing', () => {
    configure(ALL, 0);
    expect(receive(packet4(row4, TCP))).toEqual([0, 0, 0]);
    configure(ALL, 3);
    expect(receive(packet4(row4, TCP))).toEqual([0, 0, 0]);
  });
});

it('without RXCSUM.PCSD frames are spread all the same, and the descriptor has the identification in place of the hash', () => {
  configure(ALL, 2, 0);
  const [row] = IPV4;
  const [one] = rx.arrive(bytes(packet4(row, TCP)));
  expect([one?.queue, one?.words]).toEqual([queueOf(row[5]), '10010000 01000000 03020000 3c000000']);
  // A fragment: the sum of its payload above the identification, 0aea + 06e6 + 0018 + 5002 = 61ea.
  const [fragment] = rx.arrive(bytes(packet4(row, TCP, 0x2000)));
  expect(fragment?.words).toBe('10000000 0100ea61 03020000 3c000000');
});

it('a new key or a new table counts for the next frame', () => {
  const [row] = IPV4;
  expect(receive(packet4(row, TCP))[2]).toBe(0x51ccc178);
  for (let word = 0; word < 10; word++) rx.write(R.RSSRK, 0, word);
  expect(receive(packet4(row, TCP))).toEqual([queueOf(0), 1, 0]);
  rx.write(R.RETA, 0x0000_0007, 0);
  expect(receive(packet4(row, TCP))).toEqual([7, 1, 0]);
  rx.write(R.CTRL, R.CTRL.RST.mask); // the key is gone: so are the tables that were made of it
  expect(rx.read(R.RSSRK, 3)).toBe(0);
});

it('a burst over many queues is written in order, with one cause for each queue', () => {
  rx.write(R.GPIE, R.GPIE.Multiple_MSIX.mask);
  for (let index = 0; index < 8; index++) rx.write(R.IVAR, 0x0080_0080 + index + 0x0008_0000 + index * 0x1_0000, index);
  const frames = IPV4.flatMap((row) => [packet4(row, TCP), packet4(row, UDP), packet4(row, TCP)]).map(bytes);
  const got = rx.arrive(...frames);
  expect(got.length).toBe(15);
  const wanted = IPV4.map((row) => queueOf(row[5])).flatMap((queue) => [queue, queue, queue]);
  expect(got.map(({ queue }) => queue)).toEqual([...wanted].sort((a, b) => a - b));
  const causes = [...new Set(wanted)].reduce((mask, queue) => mask | (1 << queue), 0);
  expect(rx.read(R.EICR) & 0xffff).toBe(causes);
  expect([rx.read(R.GPRC), rx.read(R.GORCL)]).toEqual([15, 15 * 64]);
});

it('a queue without descriptors stops what is behind it in the packet buffer, unless it drops', () => {
  const [row] = IPV4;
  const full = queueOf(row[5]);
  rx.write(R.RDT, rx.read(R.RDH, full), full);
  const other = packet4(IPV4[1], TCP);
  expect(rx.arrive(bytes(packet4(row, TCP)), bytes(other))).toEqual([]);
  expect([rx.read(R.RNBC), rx.read(R.MPC)]).toEqual([2, 0]);
  rx.supply(full, 1);
  rx.traffic.machine.clock.run();
  expect(
    rx
      .take()
      .map(({ queue }) => queue)
      .sort(),
  ).toEqual([full, queueOf(IPV4[1][5])].sort());
  rx.write(R.RDT, rx.read(R.RDH, full), full);
  rx.write(R.SRRCTL, rx.read(R.SRRCTL, full) + 0x8000_0000, full);
  expect(rx.arrive(bytes(packet4(row, TCP)), bytes(other)).map(({ queue }) => queue)).toEqual([queueOf(IPV4[1][5])]);
  expect([rx.read(R.RQDPC, full), rx.read(R.RQDPC, 0)]).toEqual([1, 0]);
});

it('an Ether type filter sends its frames to its queue, and says which one it was', () => {
  const entry = R.ETQF.ETYPE.set(R.ETQF.FILTER_ENABLE.mask, 0x88f7);
  rx.write(R.ETQF, entry, 3);
  expect(rx.arrive(bytes(`${ETHERNET} 88f7 0001`))[0]?.words.slice(0, 8)).toBe('30800000'); // type 803
  rx.write(R.ETQF, R.ETQF.QUEUE.set(entry | R.ETQF.QUEUE_ENABLE.mask, 5), 3);
  expect(rx.arrive(bytes(`${ETHERNET} 88f7 0001`))[0]?.queue).toBe(5);
  expect(rx.arrive(bytes(`${ETHERNET} 88f8 0001`))[0]?.words.slice(0, 8)).toBe('00000000');
});

it('a queue that hangs holds its frames back, and a write-back that is damaged is damaged in its descriptor alone', () => {
  const { faults } = rx.traffic.machine.nic;
  const [row] = IPV4;
  const queue = queueOf(row[5]);
  const hung = faults.inject({ kind: 'hungQueue', direction: 'rx', queue });
  expect(rx.arrive(bytes(packet4(row, TCP)))).toEqual([]);
  hung.lift();
  rx.traffic.machine.clock.run();
  expect(rx.take().map((one) => one.queue)).toEqual([queue]);
  faults.inject({ kind: 'corruptWriteBack', direction: 'rx', queue, word: 1, flip: 1, times: 1 });
  expect(rx.arrive(bytes(packet4(row, TCP)), bytes(packet4(row, TCP))).map(({ words }) => words.slice(9, 17))).toEqual([
    '79c1cc51',
    '78c1cc51',
  ]);
});
