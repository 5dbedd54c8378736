/*
 * Offloads that a NIC may advertise. What is advertised decides which extensions are registered, and so what the
 * elements of its queues carry; what is not costs no byte. Follows reference netadaptercx §1.10 and §3.1.
 */

/** Checksums that the NIC can insert on transmit. */
export interface TxChecksumCapabilities {
  /** IPv4 header checksums. */
  readonly ipv4: boolean;
  /** TCP checksums, over IPv4 and IPv6. */
  readonly tcp: boolean;
  /** UDP checksums, over IPv4 and IPv6. */
  readonly udp: boolean;
  /** Farthest byte at which a layer 4 header may start; 0 = no limit. */
  readonly layer4HeaderOffsetLimit: number;
}

/** Checksums that the NIC checks on receive. */
export interface RxChecksumCapabilities {
  /** IPv4 header checksums. */
  readonly ipv4: boolean;
  /** TCP checksums. */
  readonly tcp: boolean;
  /** UDP checksums. */
  readonly udp: boolean;
}

/** Everything that an adapter may advertise before it starts. */
export interface OffloadCapabilities {
  readonly txChecksum?: TxChecksumCapabilities;
  readonly rxChecksum?: RxChecksumCapabilities;
}
