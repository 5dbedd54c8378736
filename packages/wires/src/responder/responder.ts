/*
 * A station that answers: ARP and echo for its IPv4 address, neighbour discovery and echo for its IPv6 addresses, DHCP,
 * and TFTP from a folder. It never speaks first, but for TFTP blocks that were not acknowledged, and nothing that it is
 * sent makes it throw or grow.
 */

import type { Clock } from '@netcx/clock';
import type { LinkEnd } from '@netcx/hardware';
import { Partner } from '../partner.ts';
import type { WireBackend } from '../wire.ts';
import type { ResponderDescription } from '../wire-description.ts';
import { answerArp } from './arp.ts';
import { DhcpServer } from './dhcp-server.ts';
import { BROADCAST, buildEthernet, EtherType, parseEthernet, type EthernetFrame } from './ethernet.ts';
import { answerIcmp } from './icmp.ts';
import { buildIpv4, parseIpv4Datagram, Protocol, type Ipv4Content, type Ipv4Datagram } from './ipv4.ts';
import { answerIpv6, linkLocalOf, type Ipv6Station } from './neighbour.ts';
import { Reassembly } from './reassembly.ts';
import { ServedFolder } from './served-folder.ts';
import { TftpServer } from './tftp-server.ts';
import { buildUdp, parseUdp } from './udp.ts';

const DHCP_SERVER_PORT = 67;
const DHCP_CLIENT_PORT = 68;
const EVERYBODY = 0xffff_ffff;
/** Bytes of a datagram that it sends of its own accord. */
const MTU = 1500;

/** Answers at the end of a link. */
export class Responder implements WireBackend {
  readonly descriptors = [];
  readonly busy = false;
  readonly #clock: Clock;
  readonly #partner: Partner;
  readonly #address: number;
  readonly #station: Ipv6Station;
  readonly #reassembly = new Reassembly();
  readonly #dhcp: DhcpServer;
  readonly #tftp: TftpServer | undefined;
  #identification = 0;
  #answered = 0;
  #ignored = 0;

  /**
   * @param clock - the link's
   * @param end - where it stands
   * @param description - addresses, folder and boot file
   * @throws WireError `FILE` when the folder is none
   */
  constructor(clock: Clock, end: LinkEnd, description: ResponderDescription) {
    const { address, prefix, client, mac, ipv6, tftp, bootfile } = description;
    this.#clock = clock;
    this.#address = address;
    this.#station = { mac, addresses: [linkLocalOf(mac), ipv6] };
    this.#dhcp = new DhcpServer({ address, prefix, first: client, bootfile });
    this.#tftp =
      tftp === undefined
        ? undefined
        : new TftpServer(clock, new ServedFolder(tftp), (peer, port, packet) => {
            const message = { sourcePort: port, destinationPort: peer.port, data: packet };
            this.#sendUdp(peer.mac, peer.address, message);
          });
    this.#partner = new Partner(clock, end, (frame) => this.#take(frame.slice()));
  }

  counters(): Record<string, number> {
    const counts: Record<string, number> = { ...this.#partner.counters(), answered: this.#answered };
    counts['ignored'] = this.#ignored;
    counts['reassemblyFailed'] = this.#reassembly.failed;
    for (const [name, value] of Object.entries(this.#dhcp.counters)) counts[`dhcp.${name}`] = value;
    for (const [name, value] of Object.entries(this.#tftp?.counters ?? {})) counts[`tftp.${name}`] = value;
    return counts;
  }

  close(): Promise<void> {
    this.#tftp?.close();
    this.#partner.outbox.clear();
    return Promise.resolve();
  }

  #take(bytes: Uint8Array): void {
    const before = this.#answered;
    const frame = parseEthernet(bytes, this.#station.mac);
    if (frame !== undefined) this.#answer(frame);
    if (this.#answered === before) this.#ignored++;
  }

  #answer(frame: EthernetFrame): void {
    switch (frame.type) {
      case EtherType.Arp: {
        const reply = answerArp(frame.payload, this.#station.mac, this.#address);
        if (reply !== undefined) this.#send(buildEthernet(frame.from, this.#station.mac, EtherType.Arp, reply));
        break;
      }
      case EtherType.Ipv6: {
        const reply = answerIpv6(frame.payload, frame.from, this.#station);
        if (reply !== undefined) this.#send(reply);
        break;
      }
      case EtherType.Ipv4: {
        const part = parseIpv4Datagram(frame.payload);
        if (part === undefined || (part.destination !== this.#address && part.destination !== EVERYBODY)) break;
        const datagram = this.#reassembly.take(part, this.#clock.now());
        if (datagram?.protocol === Protocol.Icmp) this.#echo(datagram, frame.from);
        else if (datagram?.protocol === Protocol.Udp) this.#udp(datagram, frame.from);
        break;
      }
    }
  }

  #echo(datagram: Ipv4Datagram, from: Uint8Array): void {
    const payload = datagram.destination === this.#address ? answerIcmp(datagram.payload) : undefined;
    if (payload === undefined) return;
    const { source, destination, protocol, identification, fits } = datagram;
    // In pieces as long as those that came: they fit the way back as well.
    this.#sendIpv4(from, { source: destination, destination: source, protocol, identification, payload }, fits);
  }

  #udp(datagram: Ipv4Datagram, from: Uint8Array): void {
    const { source, destination } = datagram;
    const message = parseUdp(datagram.payload, source, destination);
    if (message === undefined) return;
    if (message.destinationPort === DHCP_SERVER_PORT) {
      const answer = this.#dhcp.answer(message.data, this.#clock.now());
      if (answer === undefined) return;
      const reply = { sourcePort: DHCP_SERVER_PORT, destinationPort: DHCP_CLIENT_PORT, data: answer.message };
      this.#sendUdp(answer.broadcast ? BROADCAST : from, answer.destination, reply);
    } else if (destination === this.#address) {
      this.#tftp?.take({ mac: from, address: source, port: message.sourcePort }, message.destinationPort, message.data);
    }
  }

  #sendUdp(
    to: Uint8Array,
    destination: number,
    message: { readonly sourcePort: number; readonly destinationPort: number; readonly data: Uint8Array },
  ): void {
    const payload = buildUdp(message, this.#address, destination);
    this.#identification = (this.#identification + 1) & 0xffff;
    const content = { source: this.#address, destination, protocol: Protocol.Udp, payload };
    this.#sendIpv4(to, { ...content, identification: this.#identification }, MTU);
  }

  #sendIpv4(to: Uint8Array, content: Ipv4Content, fits: number): void {
    for (const packet of buildIpv4(content, fits)) {
      this.#send(buildEthernet(to, this.#station.mac, EtherType.Ipv4, packet));
    }
  }

  #send(frame: Uint8Array): void {
    this.#answered++;
    this.#partner.outbox.send(frame);
  }
}
