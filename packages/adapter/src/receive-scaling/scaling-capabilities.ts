/*
 * What a driver says of its NIC's receive-side scaling, and what is wrong with it. The values are those of
 * NET_ADAPTER_RECEIVE_SCALING_CAPABILITIES. Follows reference netadaptercx §1.10 and §5.11.
 */

import { violation } from '../verifier/violation.ts';

/** Hash functions. */
export const ReceiveScalingHashType = { toeplitz: 1 } as const;

/** What a hash may be taken over, and which frames have one. */
export const ReceiveScalingProtocolType = {
  ipv4: 0x01,
  ipv4Options: 0x02,
  ipv6: 0x04,
  ipv6Extensions: 0x08,
  tcp: 0x10,
  udp: 0x20,
} as const;

/** Encapsulations behind whose headers a NIC can hash. */
export const ReceiveScalingEncapsulationType = { greMac: 1, vxlan: 2 } as const;

/** An entry of the indirection table: where frames go whose hash ends so. */
export interface IndirectionEntry {
  /** Its place in the table. */
  readonly index: number;
  /** Number of the receive queue. */
  readonly queue: number;
}

/** What a NIC can spread. */
export interface ReceiveScalingCapabilities {
  /** Queues that it can spread frames over, a power of two. */
  readonly numberOfQueues: number;
  /** Entries of its indirection table, a power of two. */
  readonly indirectionTableSize: number;
  /** Where a frame without a hash goes; queue 0 when left out. */
  readonly unhashedTarget?: number;
  /** Flags of {@link ReceiveScalingHashType}. */
  readonly hashTypes: number;
  /** Flags of {@link ReceiveScalingProtocolType}. */
  readonly protocolTypes: number;
  /** Flags of {@link ReceiveScalingEncapsulationType}, of outer and inner headers; none when left out. */
  readonly encapsulationTypes?: { readonly outer: number; readonly inner: number };
  /** Whether no receive queue may be polled while entries are set; false when left out. */
  readonly synchronizeSetIndirectionEntries?: boolean;
  /**
   * Begins to spread. The indirection table and the key stay what they were.
   *
   * @param hashTypes - flags of {@link ReceiveScalingHashType}
   * @param protocolTypes - flags of {@link ReceiveScalingProtocolType}
   */
  readonly enable: (hashTypes: number, protocolTypes: number) => void;
  /** Ends it: every frame goes to queue 0. The indirection table stays what it was. */
  readonly disable: () => void;
  /**
   * @param key - 40 bytes, the driver's own to keep
   */
  readonly setHashSecretKey: (key: Uint8Array) => void;
  /**
   * @param entries - to be written
   * @returns for each entry whether it was; nothing = all were
   */
  readonly setIndirectionEntries: (entries: readonly IndirectionEntry[]) => readonly boolean[] | undefined;
}

const sumOf = (flags: Readonly<Record<string, number>>): number =>
  Object.values(flags).reduce((sum, flag) => sum | flag, 0);

const isPowerOfTwo = (value: number): boolean =>
  Number.isInteger(value) && value > 0 && value <= 2 ** 30 && (value & (value - 1)) === 0;

/**
 * @param value - flags that somebody asks for
 * @param known - flags that there are
 * @returns whether it is a sum of those, 0 included
 */
export const isSumOf = (value: number, known: Readonly<Record<string, number>>): boolean =>
  Number.isInteger(value) && value >= 0 && value <= 0x7fff_ffff && (value & ~sumOf(known)) === 0;

/**
 * @param adapter - the adapter's name, for messages
 * @param capabilities - what a driver declares
 * @throws ViolationError `NOT_POWER_OF_TWO`, `INVALID_RECEIVE_SCALING_HASH_TYPE`, `INVALID_RECEIVE_SCALING_PROTOCOL_TYPE`,
 * `INVALID_RECEIVE_SCALING_ENCAPSULATION_TYPE` or `INVALID_RSS_CONFIGURATION`
 */
export function checkScalingCapabilities(adapter: string, capabilities: ReceiveScalingCapabilities): void {
  for (const [subcode, field] of ['numberOfQueues', 'indirectionTableSize'].entries()) {
    const found = capabilities[field as 'numberOfQueues' | 'indirectionTableSize'];
    if (!isPowerOfTwo(found))
      throw violation(0x1a, `${field} cannot be`, {
        subcode,
        object: adapter,
        field,
        expected: 'a power of two',
        found,
      });
  }
  const { hashTypes, protocolTypes, encapsulationTypes = { outer: 0, inner: 0 }, unhashedTarget = 0 } = capabilities;
  const flags = [
    [0x22, 'hashTypes', hashTypes, ReceiveScalingHashType],
    [0x23, 'protocolTypes', protocolTypes, ReceiveScalingProtocolType],
    [0x24, 'encapsulationTypes.outer', encapsulationTypes.outer, ReceiveScalingEncapsulationType],
    [0x24, 'encapsulationTypes.inner', encapsulationTypes.inner, ReceiveScalingEncapsulationType],
  ] as const;
  for (const [code, field, found, known] of flags)
    if (!isSumOf(found, known))
      throw violation(code, 'flags that are not known', {
        object: adapter,
        field,
        expected: `of 0x${sumOf(known).toString(16)}`,
        found,
      });
  const wrong = (field: string, expected: string, found: unknown) =>
    violation(0x63, `${field} cannot be`, { object: adapter, field, expected, found });
  if (hashTypes === 0) throw wrong('hashTypes', 'at least one', hashTypes);
  if (protocolTypes === 0) throw wrong('protocolTypes', 'at least one', protocolTypes);
  if (capabilities.indirectionTableSize < capabilities.numberOfQueues)
    throw wrong(
      'indirectionTableSize',
      `an entry for each of ${String(capabilities.numberOfQueues)} queues`,
      capabilities.indirectionTableSize,
    );
  if (!Number.isInteger(unhashedTarget) || unhashedTarget < 0 || unhashedTarget >= capabilities.numberOfQueues)
    throw wrong('unhashedTarget', `0 to ${String(capabilities.numberOfQueues - 1)}`, unhashedTarget);
  for (const field of ['enable', 'disable', 'setHashSecretKey', 'setIndirectionEntries'] as const)
    if (typeof (capabilities[field] as unknown) !== 'function') throw wrong(field, 'a function', capabilities[field]);
}
