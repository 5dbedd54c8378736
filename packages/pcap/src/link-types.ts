/*
 * Owns: names of the common link-layer types, spelled as in the registry of draft-ietf-opsawg-pcaplinktype without
 * its LINKTYPE_ prefix.
 * Invariant: a number without a name here is still read and written as it is.
 */

/** Numbers of the common link-layer types, under the names that the registry gives them. */
// prettier-ignore
export const LinkType = {
  NULL:                         0, // BSD loopback: protocol family in the byte order of the machine that captured
  ETHERNET:                     1,
  IEEE802_5:                    6,
  SLIP:                         8,
  PPP:                          9,
  FDDI:                        10,
  PPP_HDLC:                    50,
  PPP_ETHER:                   51,
  ATM_RFC1483:                100,
  RAW:                        101, // an IPv4 or IPv6 packet, told apart by its version field
  C_HDLC:                     104,
  IEEE802_11:                 105,
  FRELAY:                     107,
  LOOP:                       108, // OpenBSD loopback: protocol family in network byte order
  LINUX_SLL:                  113, // what Linux gives for the interface "any"
  PFLOG:                      117,
  IEEE802_11_PRISM:           119,
  IEEE802_11_RADIOTAP:        127,
  DOCSIS:                     143,
  IEEE802_11_AVS:             163,
  PPP_PPPD:                   166,
  BLUETOOTH_HCI_H4:           187,
  USB_LINUX:                  189,
  PPI:                        192,
  IEEE802_15_4_WITHFCS:       195,
  ERF:                        197,
  BLUETOOTH_HCI_H4_WITH_PHDR: 201,
  USB_LINUX_MMAPPED:          220,
  FC_2:                       224,
  CAN_SOCKETCAN:              227,
  IPV4:                       228,
  IPV6:                       229,
  IEEE802_15_4_NOFCS:         230,
  DBUS:                       231,
  NFLOG:                      239,
  IPOIB:                      242,
  INFINIBAND:                 247,
  SCTP:                       248,
  USBPCAP:                    249,
  BLUETOOTH_LE_LL:            251,
  WIRESHARK_UPPER_PDU:        252,
  NETLINK:                    253,
  BLUETOOTH_LINUX_MONITOR:    254,
  BLUETOOTH_LE_LL_WITH_PHDR:  256,
  PKTAP:                      258,
  VSOCK:                      271,
  ETHERNET_MPACKET:           274, // an Ethernet frame with its preamble
  LINUX_SLL2:                 276,
  DSA_TAG_BRCM:               281,
  DSA_TAG_BRCM_PREPEND:       282,
  DSA_TAG_DSA:                284,
  DSA_TAG_EDSA:               285,
} as const;

const names = new Map<number, string>(Object.entries(LinkType).map(([name, number]) => [number, name]));

/**
 * Gives the registry's name of a link type.
 *
 * @param linkType - LINKTYPE number
 * @returns the name without its LINKTYPE_ prefix, such as `ETHERNET`; the number as text if it has no name here
 */
export function linkTypeName(linkType: number): string {
  return names.get(linkType) ?? String(linkType);
}

/**
 * Tells whether packets of a link type are plain Ethernet frames, from destination address to payload.
 *
 * @param linkType - LINKTYPE number, or anything that has one, such as a packet or an interface
 * @returns true for ETHERNET only: relatives with a preamble or a switch tag cannot be sent as they are
 */
export function isEthernet(linkType: number | { readonly linkType: number }): boolean {
  return (typeof linkType === 'number' ? linkType : linkType.linkType) === LinkType.ETHERNET;
}
