/*
 * One descriptor in words, for a person who debugs: which format it has is told from its bits, as the chip tells it. Rows
 * name only what is there: an address, a length, and the bits that are set.
 */

import {
  RX_PACKET_TYPE,
  RX_RSS_TYPE,
  RX_STATUS,
  RxLegacyWriteBack,
  RxReadDescriptor,
  RxWriteBack,
  TX_COMMAND,
  TX_DESCRIPTOR_TYPE,
  TX_STATUS,
  TxContext,
  TxData,
  TxLegacy,
} from './registers/index.ts';

const hex = (value: number, digits: number): string => (value >>> 0).toString(16).padStart(digits, '0');

/** Names of the bits that are set, in the order of the table. */
function namesOf(bits: Readonly<Record<string, number>>, value: number, but: readonly string[] = []): string[] {
  return Object.entries(bits)
    .filter(([name, mask]) => (value & mask) !== 0 && !but.includes(name))
    .map(([name]) => name);
}

/** Words of a row, without those that are not there. */
const row = (...parts: readonly (string | false)[]): string => parts.filter((part) => part !== false).join(' ');

/** A number under a name, unless it is 0. */
const unlessZero = (name: string, value: number): string | false => value !== 0 && `${name} ${String(value)}`;

/** A 64-bit field as 16 digits. */
function address(field: typeof TxData.bufferAddress, view: Int32Array, at: number): string {
  return hex(field.high.get(view, at), 8) + hex(field.low.get(view, at), 8);
}

/** Bits of a data descriptor that its row names; the type has a word of its own. */
const NOT_NAMED = ['DTYP_CONTEXT', 'DTYP_DATA', 'DEXT'];

/** Names of an L4 type. */
const L4_NAMES = ['udp', 'tcp', 'sctp', 'l4t 3'] as const;

/** Bits of a legacy command besides those that all formats share. */
const LEGACY_COMMAND = { IC: 0x400_0000, ...TX_COMMAND } as const;

/**
 * @param view - memory
 * @param at - word index of a transmit descriptor
 * @returns it in words
 */
export function describeTx(view: Int32Array, at: number): string {
  const command = TxData.command.get(view, at);
  if ((command & TX_COMMAND.DEXT) === 0) return describeLegacyTx(view, at);
  return TxData.dtyp.get(view, at) === TX_DESCRIPTOR_TYPE.CONTEXT ? describeContext(view, at) : describeData(view, at);
}

function describeData(view: Int32Array, at: number): string {
  const type = TxData.dtyp.get(view, at);
  return row(
    type === TX_DESCRIPTOR_TYPE.DATA ? 'data' : `type ${String(type)}`,
    address(TxData.bufferAddress, view, at),
    `length ${String(TxData.dtalen.get(view, at))}`,
    `payload ${String(TxData.paylen.get(view, at))}`,
    ...namesOf(TX_COMMAND, TxData.command.get(view, at), NOT_NAMED),
    ...namesOf(TX_STATUS, TxData.status.get(view, at)),
    unlessZero('context', TxData.idx.get(view, at)),
  );
}

function describeContext(view: Int32Array, at: number): string {
  return row(
    'context',
    String(TxContext.idx.get(view, at)),
    `mac ${String(TxContext.maclen.get(view, at))}`,
    `ip ${String(TxContext.iplen.get(view, at))}`,
    `l4 ${String(TxContext.l4len.get(view, at))}`,
    L4_NAMES[TxContext.l4t.get(view, at) as 0 | 1 | 2 | 3],
    TxContext.ipv4.get(view, at) === 1 && 'ipv4',
    unlessZero('mss', TxContext.mss.get(view, at)),
    unlessZero('vlan', TxContext.vlanTag.get(view, at)),
    (TxData.command.get(view, at) & TX_COMMAND.RS) !== 0 && 'RS',
  );
}

function describeLegacyTx(view: Int32Array, at: number): string {
  const named = namesOf(LEGACY_COMMAND, TxLegacy.command.get(view, at), [...NOT_NAMED, 'TSE', 'MAC_TIMESTAMP']);
  return row(
    'legacy',
    address(TxLegacy.bufferAddress, view, at),
    `length ${String(TxLegacy.length.get(view, at))}`,
    ...named,
    named.includes('IC') &&
      `checksum from ${String(TxLegacy.css.get(view, at))} to ${String(TxLegacy.cso.get(view, at))}`,
    named.includes('VLE') && `vlan ${String(TxLegacy.vlanTag.get(view, at))}`,
    (TxLegacy.sta.get(view, at) & TX_STATUS.DD) !== 0 && 'DD',
  );
}

/**
 * @param view - memory
 * @param at - word index of a receive descriptor that the hardware owns
 * @returns it in words: where its buffers are
 */
export function describePostedRx(view: Int32Array, at: number): string {
  const header = address(RxReadDescriptor.headerAddress, view, at);
  return row(
    'buffer',
    address(RxReadDescriptor.packetAddress, view, at),
    header !== '0000000000000000' && `header ${header}`,
  );
}

/**
 * @param view - memory
 * @param at - word index of a receive descriptor that was written back
 * @param legacy - whether it has the legacy format
 * @returns it in words: the frame's length and what was found; the raw words when it was never written back
 */
export function describeDoneRx(view: Int32Array, at: number, legacy: boolean): string {
  const done = legacy ? RxLegacyWriteBack.status.get(view, at) & RX_STATUS.DD : RxWriteBack.dd.get(view, at);
  if (done === 0) return row('not written', ...[0, 1, 2, 3].map((word) => hex(view[at + word] ?? 0, 8)));
  return legacy ? describeLegacyRx(view, at) : describeAdvancedRx(view, at);
}

/** Bits of a legacy status and of its errors. */
// prettier-ignore
const LEGACY_STATUS = { DD: 0x1, EOP: 0x2, VP: 0x8, UDPCS: 0x10, L4CS: 0x20, IPCS: 0x40, PIF: 0x80 } as const;
const LEGACY_ERRORS = { CE: 0x1, L4E: 0x20, IPE: 0x40, RXE: 0x80 } as const;

function describeLegacyRx(view: Int32Array, at: number): string {
  return row(
    'legacy',
    address(RxLegacyWriteBack.bufferAddress, view, at),
    `length ${String(RxLegacyWriteBack.length.get(view, at))}`,
    ...namesOf(LEGACY_STATUS, RxLegacyWriteBack.status.get(view, at)),
    ...namesOf(LEGACY_ERRORS, RxLegacyWriteBack.errors.get(view, at)),
    `checksum ${hex(RxLegacyWriteBack.checksum.get(view, at), 4)}`,
    unlessZero('vlan', RxLegacyWriteBack.vlanTag.get(view, at)),
  );
}

function describeAdvancedRx(view: Int32Array, at: number): string {
  const rss = RxWriteBack.rssType.get(view, at);
  const rssName = Object.entries(RX_RSS_TYPE).find(([, value]) => value === rss)?.[0] ?? String(rss);
  const split = RxWriteBack.sph.get(view, at) === 1;
  return row(
    'written',
    `length ${String(RxWriteBack.length.get(view, at))}`,
    ...namesOf(RX_STATUS, RxWriteBack.statusError.get(view, at)),
    ...namesOf(RX_PACKET_TYPE, RxWriteBack.packetType.get(view, at)),
    rss !== RX_RSS_TYPE.NONE && `rss ${rssName} ${hex(RxWriteBack.rssHash.get(view, at), 8)}`,
    split && `header ${String(RxWriteBack.headerLength.get(view, at))}`,
    unlessZero('vlan', RxWriteBack.vlanTag.get(view, at)),
  );
}
