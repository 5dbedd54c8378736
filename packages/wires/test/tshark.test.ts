// Owns: Wireshark as judge of what the responder sends: every protocol is named, every checksum right, nothing malformed.
// Invariant: run only with NETCX_HOST_TOOLS=1, where a missing tool is a failure.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND, VirtualClock } from '@netcx/clock';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openWire, parseWire } from '../src/index.ts';
import { Protocol, buildIpv4, parseIpv4Datagram } from '../src/responder/ipv4.ts';
import { buildEthernet, EtherType } from '../src/responder/ethernet.ts';
import { buildIcmpv6 } from '../src/responder/ipv6.ts';
import { buildUdp, parseUdp } from '../src/responder/udp.ts';
import { hex, MAC, RESPONDER_MAC, Station, toHex } from './station.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'netcx-tshark-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(tool: string, args: readonly string[]): string[] {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${tool} ended with ${String(status)}: ${error?.message ?? stderr}`);
  return stdout.split('\n').slice(0, -1);
}
const tshark = (...args: readonly string[]): string[] => run('tshark', ['-n', ...args]);

const US = 0x0a00020f;
const THEM = 0x0a000202;

it('every answer is what Wireshark says it should be', async () => {
  const root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'boot'), new Uint8Array(3000).fill(1));
  const file = join(folder, 'a.pcapng');
  const clock = new VirtualClock();
  const wire = await openWire(parseWire(`pcap:${file}+responder:tftp=${root},bootfile=boot`), { clock });
  const station = new Station(wire.ends[0]!);
  clock.run();
  const ask = (...frames: readonly Uint8Array[]): Uint8Array[] => {
    station.send(...frames);
    clock.advance(SECOND / 10);
    return station.take();
  };
  const ipv4 = (protocol: number, payload: Uint8Array, source = US, destination = THEM): Uint8Array[] =>
    buildIpv4({ source, destination, protocol, identification: 7, payload }, 1500).map((packet) =>
      buildEthernet(destination === THEM ? RESPONDER_MAC : new Uint8Array(6).fill(255), MAC, EtherType.Ipv4, packet),
    );
  const udp = (from: number, to: number, data: Uint8Array, source = US, destination = THEM): Uint8Array[] => {
    const payload = buildUdp({ sourcePort: from, destinationPort: to, data }, source, destination);
    return ipv4(Protocol.Udp, payload, source, destination);
  };
  const dhcp = (options: string): Uint8Array =>
    hex(`${'01010600deadbeef00000000'.padEnd(56, '0')}${toHex(MAC)}`.padEnd(472, '0') + `63825363${options}ff`);

  ask(...udp(68, 67, dhcp('350101'), 0, 0xffffffff));
  ask(...udp(68, 67, dhcp('35010332040a00020f36040a000202'), 0, 0xffffffff));
  ask(...udp(68, 67, dhcp('35010332040a00029936040a000202'), 0, 0xffffffff));
  ask(
    buildEthernet(
      new Uint8Array(6).fill(255),
      MAC,
      EtherType.Arp,
      hex(`0001080006040001${toHex(MAC)}0a00020f000000000000 0a000202`),
    ),
  );
  const ping = new Uint8Array(4008);
  ping.set(hex('0800f7fc00010002'));
  ask(...ipv4(Protocol.Icmp, ping));
  const local = hex('fe800000000000000000000000000001');
  const global = hex('fd000002000000000000000000000002');
  const group = hex('ff0200000000000000000001ff000002');
  const icmpv6 = (destination: Uint8Array, message: string): Uint8Array =>
    buildEthernet(RESPONDER_MAC, MAC, EtherType.Ipv6, buildIcmpv6(local, destination, hex(message)));
  ask(icmpv6(group, `8700000000000000${toHex(global)}0101${toHex(MAC)}`));
  ask(icmpv6(global, `8000000000010002${'ab'.repeat(100)}`));

  const request = Buffer.from(['\0\u0001boot', 'octet', 'blksize', '1000', 'tsize', '0', ''].join('\0'));
  let replies = ask(...udp(2000, 69, request));
  for (let block = 0; replies.length > 0 && block < 10; block++) {
    const datagram = parseIpv4Datagram(replies[0]!.subarray(14));
    const message = parseUdp(datagram!.payload, THEM, US);
    expect(message?.data[1]).toBe(block === 0 ? 6 : 3);
    replies = ask(...udp(2000, message!.sourcePort, Uint8Array.of(0, 4, 0, block)));
  }
  ask(...udp(2001, 69, Buffer.from('\0\u0001../boot\0octet\0')));
  await wire.close();

  const checks = ['ip', 'udp', 'tcp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
  const from = `eth.src == ${[...RESPONDER_MAC].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`;
  const bad =
    '_ws.malformed || ip.checksum.status == "Bad" || udp.checksum.status == "Bad" || icmp.checksum.status == "Bad" || icmpv6.checksum.status == "Bad"';
  expect(tshark('-r', file, ...checks, '-Y', bad)).toEqual([]);
  const columns = ['-T', 'fields', '-e', '_ws.col.Protocol', '-e', '_ws.col.Info'];
  const answers = tshark('-r', file, ...checks, '-Y', from, ...columns);
  const expected = [
    /^DHCP\tDHCP Offer/,
    /^DHCP\tDHCP ACK/,
    /^DHCP\tDHCP NAK/,
    /^ARP\t10\.0\.2\.2 is at 52:55:0a:00:02:02/,
    /^IPv4\tFragmented IP protocol/,
    /^IPv4\tFragmented IP protocol/,
    /^ICMP\tEcho \(ping\) reply .*id=0x0001, seq=2/,
    /^ICMPv6\tNeighbor Advertisement fd00:2::2 \(sol, ovr\) is at 52:55:0a:00:02:02/,
    /^ICMPv6\tEcho \(ping\) reply/,
    /^TFTP\tOption Acknowledgement, (blksize=1000, tsize=3000|tsize=3000, blksize=1000)/,
    /^TFTP\tData Packet, Block: 1/,
    /^TFTP\tData Packet, Block: 2/,
    /^TFTP\tData Packet, Block: 3/,
    /^TFTP\tData Packet, Block: 4 \(last\)/,
    /^TFTP\tError Code, Code: Access violation/,
  ];
  expect(answers).toHaveLength(expected.length);
  for (const [index, pattern] of expected.entries()) expect(answers[index]).toMatch(pattern);
  const options = ['-e', 'dhcp.ip.your', '-e', 'dhcp.ip.server', '-e', 'dhcp.file', '-e', 'dhcp.option.router'];
  expect(tshark('-r', file, '-Y', 'dhcp.option.dhcp == 5', '-T', 'fields', ...options)).toEqual([
    '10.0.2.15\t10.0.2.2\tboot\t10.0.2.2',
  ]);
});
