/*
 * Compares what was seen of both chips, word by word. What differs for a known reason is named here by the row of
 * docs/qemu-differences.md that decides it, and nothing else is let through.
 */

import { REGISTERS, RX_PACKET_TYPE, RX_STATUS, RxWriteBack } from '@netcx/nic-82576/registers';
import type { Seen } from './bench.ts';
import type { Operation } from './operation.ts';

const { CTRL } = REGISTERS;
const SHORTEST = 60;

/** Counters that QEMU's chip does not have, or counts by another rule. */
const OTHER_COUNTERS: Readonly<Record<string, string>> = {
  RPTHC: 'counters-host',
  HGPTC: 'counters-host',
  HGORCL: 'counters-host',
  HGORCH: 'counters-host',
  HGOTCL: 'counters-host',
  HGOTCH: 'counters-host',
  TPR: 'counters-total',
  TORL: 'counters-total',
  TORH: 'counters-total',
  RLEC: 'counters-oversize',
  ROC: 'counters-oversize',
  IAC: 'counters-interrupts',
};
/** Row `counters-size`: QEMU's chip sorts what it received by length without check sequence; from 64 bytes on the sum is the same. */
const SIZES = ['PRC64', 'PRC127', 'PRC255', 'PRC511', 'PRC1023', 'PRC1522'] as const;

/** Something that is not the same. */
export interface Mismatch {
  readonly where: string;
  readonly ours: unknown;
  readonly qemus: unknown;
}

/**
 * @param operation - what was done
 * @param ours - what was seen of our model
 * @param qemus - what was seen of QEMU's chip
 * @param countable - whether counters are to agree
 * @returns what differs and should not; empty when all is well
 */
export function compare(operation: Operation, ours: Seen, qemus: Seen, countable: boolean): Mismatch[] {
  const found: Mismatch[] = [];
  const check = (where: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) found.push({ where, ours: a, qemus: b });
  };
  const sorted: readonly string[] = operation.kind === 'count' ? SIZES : [];
  const sizes = ({ values }: Seen): number => sorted.reduce((total, name) => total + (values[name] ?? 0), 0);
  if (countable) check('frames received, of all sizes', sizes(ours), sizes(qemus));
  for (const name of Object.keys(ours.values)) {
    if (operation.kind === 'count' && (!countable || OTHER_COUNTERS[name] !== undefined)) continue;
    if (sorted.includes(name)) continue;
    check(name, visible(name, ours.values[name]), visible(name, qemus.values[name]));
  }
  check('frames sent', ours.sent.length, qemus.sent.length);
  for (const [index, frame] of ours.sent.entries()) {
    const [a, b] = [padded(frame), padded(qemus.sent[index] ?? '')];
    if (!isSameFrame(a, b)) check(`frame ${String(index)}`, a, b);
  }
  check('transmit rings', ours.transmitted, qemus.transmitted);
  check('receive heads', ours.receiveHeads, qemus.receiveHeads);
  check('received descriptors', ours.received.map(descriptor), qemus.received.map(descriptor));
  return found;
}

/** Row `flow-control`: QEMU's chip writes into CTRL what its PHY has negotiated. */
function visible(name: string, value = 0): number {
  return name === 'CTRL' ? (value & ~(CTRL.RFCE.mask | CTRL.TFCE.mask)) >>> 0 : value;
}

/** Row `padding`: QEMU's chip sends short frames as they are. */
const padded = (frame: string): string => frame.padEnd(2 * SHORTEST, '0');

/** Row `zero-sum`: of the two ways to write a sum of zero, QEMU's chip chooses the other one for TCP. */
function isSameFrame(a: string, b: string): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  let at = 0;
  while (a[at] === b[at]) at++;
  at &= ~3;
  const word = (frame: string): string => frame.slice(at, at + 4);
  return word(a) === '0000' && word(b) === 'ffff' && a.slice(at + 4) === b.slice(at + 4);
}

/** Rows `udp-valid` and `packet-type`: bits that QEMU's chip does not set. */
function descriptor({ queue, words, data }: Seen['received'][number]): unknown {
  const [information = 0, second = 0, status = 0, fourth = 0] = words;
  const type = RxWriteBack.packetType.location;
  const options = (RX_PACKET_TYPE.IPV4_OPTIONS | RX_PACKET_TYPE.IPV6_EXTENSIONS) << type.low;
  return { queue, words: [information & ~options, second, status & ~RX_STATUS.UDPV, fourth], data };
}
