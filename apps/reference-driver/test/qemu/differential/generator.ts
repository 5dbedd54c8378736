/*
 * The operations of a differential run, drawn from a seed: transmit descriptors of every kind, frames that come, registers of
 * a set in which a write harms nobody, queue restarts and resets. What is known to differ in a way that makes the rest of a
 * run meaningless is not drawn; docs/qemu-differences.md lists it.
 */

import type { Random } from '@netcx/clock';
import { REGISTERS, TX_COMMAND, TX_L4_TYPE, TX_STATUS } from '@netcx/nic-82576/registers';
import { LONGEST_PIECE, QUEUES } from './bench.ts';
import { buildFrame, oneOf, SECOND, someWishes, type BuiltFrame } from './frames.ts';
import type { Descriptor, Operation, RegisterName } from './operation.ts';

const R = REGISTERS;
const { CTRL, MRQC, RAH, RCTL, RXCSUM } = R;
const TCP = 6;
const UDP = 17;
const PAYLEN_SHIFT = 14;
const { EOP, IFCS, RS, TSE, VLE } = TX_COMMAND;

/** Registers that keep what is written, and how much of it. */
const LATCHES: readonly (readonly [RegisterName, number])[] = [
  ['TIPG', 1],
  ['FCAL', 1],
  ['FCAH', 1],
  ['FCT', 1],
  ['FCTTV', 1],
  ['LEDCTL', 1],
  ['SW_FW_SYNC', 1],
  ['IVAR', 8],
  ['IVAR_MISC', 1],
  ['RETA', 32],
  ['RSSRK', 10],
  ['MTA', 128],
  ['VFTA', 128],
  ['RAL', 16],
  ['RAH', 16],
  ['RXCTL', QUEUES],
  ['TXCTL', QUEUES],
  ['TDBAL', QUEUES],
  ['RDBAL', QUEUES],
];
/** Registers that are read besides. */
const READ: readonly (readonly [RegisterName, number])[] = [
  ['CTRL', 1],
  ['STATUS', 1],
  ['RCTL', 1],
  ['TCTL', 1],
  ['RXCSUM', 1],
  ['MRQC', 1],
  ['RDT', QUEUES],
  ['TDT', QUEUES],
  ['RDLEN', QUEUES],
  ['TDLEN', QUEUES],
  ['SRRCTL', QUEUES],
  ['TXDCTL', QUEUES],
  ['RXDCTL', QUEUES],
  ['IMS', 1],
  ['EIMS', 1],
  ...LATCHES.filter(([name]) => name !== 'TDBAL' && name !== 'RDBAL'),
];

/** Bytes of the shortest frame that comes, and of the shortest that QEMU's chip counts by its size: row `counters-size`. */
const [SHORTEST, SHORTEST_SORTED] = [60, 64];

/** Draws operations. */
export class Generator {
  readonly #random: Random;
  /** Every other stretch between two counts has nothing that QEMU's chip counts otherwise: then every counter must agree. */
  #countable = false;
  readonly #next: Operation[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether counters are to agree at the next count. */
  get countable(): boolean {
    return this.#countable;
  }

  /** Nothing of what was counted until now is to be compared: the chips were reset. */
  uncountable(): void {
    this.#countable = false;
  }

  /** The counters were read: the next stretch begins. */
  counted(): void {
    this.#countable = !this.#countable;
  }

  /** @returns the next operation */
  next(): Operation {
    const random = this.#random;
    const waiting = this.#next.shift();
    if (waiting !== undefined) return waiting;
    const kind = random.below(1000);
    if (kind < 380) return this.#transmit();
    if (kind < 740) return this.#receive();
    if (kind < 870) return this.#write();
    if (kind < 985) return this.#read();
    if (kind < 995) {
      // What was written and not told of would be counted later.
      for (let queue = 0; queue < QUEUES; queue++) this.#next.push({ kind: 'tell', queue });
      this.#next.push({ kind: 'count' });
      return this.next();
    }
    if (kind < 998)
      return { kind: 'restart', direction: oneOf(random, ['tx', 'rx'] as const), queue: random.below(QUEUES) };
    return { kind: 'reset' };
  }

  #receive(): Operation {
    const random = this.#random;
    const some = someWishes(random);
    const wishes = this.#countable ? { ...some, tag: undefined } : some;
    const frame = buildFrame(random, wishes).bytes.slice();
    let what = `IPv${String(wishes.network)}, protocol ${String(wishes.protocol)}`;
    if (random.chance(0.15)) {
      // A payload or a checksum that is not what it was: the headers still make sense.
      const at = frame.length - 1 - random.below(8);
      frame[at] = frame[at]! ^ (1 << random.below(8));
      what += ', spoilt';
    }
    const padded = new Uint8Array(Math.max(this.#countable ? SHORTEST_SORTED : SHORTEST, frame.length));
    padded.set(frame);
    return { kind: 'receive', what, frame: padded };
  }

  #transmit(): Operation {
    const random = this.#random;
    const queue = random.below(QUEUES);
    const descriptors: Descriptor[] = [];
    const whats: string[] = [];
    for (let frames = random.between(1, 4); frames > 0; frames--) {
      const kind = random.below(10);
      if (kind < 3) whats.push(this.#plain(descriptors));
      else if (kind < 6) whats.push(this.#summed(descriptors));
      else if (kind < 8 && !this.#countable) whats.push(this.#segmented(descriptors));
      else whats.push(this.#tagged(descriptors));
    }
    return { kind: 'transmit', what: whats.join('; '), queue, descriptors, tell: random.chance(0.8) };
  }

  #plain(to: Descriptor[]): string {
    const random = this.#random;
    const wishes = someWishes(random);
    this.#cut(to, buildFrame(random, wishes).bytes, 0, 0);
    return `plain IPv${String(wishes.network)}`;
  }

  /** A frame whose checksums the chip inserts. */
  #summed(to: Descriptor[]): string {
    const random = this.#random;
    const wishes = someWishes(random);
    const network = oneOf(random, [4, 6] as const);
    const protocol = oneOf(random, [TCP, UDP]);
    const frame = buildFrame(random, { ...wishes, network, protocol, sums: 'seed' });
    const slot = random.below(2);
    const both = TX_STATUS.IXSM | TX_STATUS.TXSM;
    const sums = frame.ipv4 ? both : TX_STATUS.TXSM;
    to.push(context(frame, { slot }));
    this.#cut(to, frame.bytes, 0, sums | (slot << 4));
    return `sums IPv${String(network)}, protocol ${String(protocol)}`;
  }

  #segmented(to: Descriptor[]): string {
    const random = this.#random;
    const network = oneOf(random, [4, 6] as const);
    const payload = random.chance(0.2) ? random.between(1, 1000) : random.between(1000, 30_000);
    const size = random.between(536, 1440);
    const tag = random.chance(0.25) ? random.below(0x1_0000) & 0xefff : undefined;
    const options = random.chance(0.3) ? random.between(1, 5) : 0;
    const wishes = { ...someWishes(random), tag: undefined, network, protocol: TCP, payload, options: 0 };
    const frame = buildFrame(random, { ...wishes, options: network === 6 ? options : 0, sums: 'seedWithoutLength' });
    const slot = random.below(2);
    to.push(context(frame, { slot, size, tag: tag ?? 0 }));
    const sums = TX_STATUS.TXSM | (frame.ipv4 ? TX_STATUS.IXSM : 0);
    this.#cut(to, frame.bytes, TSE | (tag === undefined ? 0 : VLE), sums | (slot << 4), payload);
    return `${String(payload)} in ${String(size)} over IPv${String(network)}`;
  }

  #tagged(to: Descriptor[]): string {
    const random = this.#random;
    const frame = buildFrame(random, { ...someWishes(random), tag: undefined });
    const slot = random.below(2);
    const tag = random.below(0x1_0000) & 0xefff;
    to.push(context(frame, { slot, tag }));
    this.#cut(to, frame.bytes, VLE, slot << 4);
    return `tag ${tag.toString(16)}`;
  }

  /** The buffers of a frame, some of them in several. */
  #cut(to: Descriptor[], bytes: Uint8Array, command: number, status: number, length = bytes.length): void {
    const random = this.#random;
    const word = (length << PAYLEN_SHIFT) | status;
    let done = 0;
    while (done < bytes.length) {
      const left = bytes.length - done;
      const most = Math.min(left, LONGEST_PIECE);
      // Headers stay in one piece: where they may be cut is a matter of its own.
      const part = done === 0 && random.chance(0.4) ? Math.min(most, 150 + random.below(most)) : most;
      const last = done + part === bytes.length;
      to.push({
        bytes: bytes.subarray(done, done + part),
        command: (command | IFCS | (last ? EOP | RS : 0)) >>> 0,
        status: word,
      });
      done += part;
    }
  }

  #write(): Operation {
    const random = this.#random;
    const write = (register: RegisterName, value: number, index = 0): Operation => ({
      kind: 'write',
      register,
      index,
      value: value >>> 0,
    });
    const some = (...masks: number[]): number =>
      masks.reduce((total, mask) => total | (random.chance(0.5) ? mask : 0), 0);
    switch (random.below(10)) {
      case 0:
        return write(
          'RCTL',
          RCTL.EN.mask |
            RCTL.SECRC.mask |
            some(RCTL.UPE.mask, RCTL.MPE.mask, RCTL.BAM.mask, RCTL.LPE.mask, RCTL.VFE.mask),
        );
      case 1:
        return write('RXCSUM', RXCSUM.PCSD.mask | some(RXCSUM.IPOFL.mask, RXCSUM.TUOFL.mask));
      case 2:
        return write(
          'MRQC',
          random.chance(0.2)
            ? 0
            : 2 |
                some(
                  ...[MRQC.TCP_IPV4.mask, MRQC.IPV4.mask, MRQC.IPV6.mask, MRQC.UDP_IPV4.mask, MRQC.UDP_IPV6.mask],
                  MRQC.TCP_IPV6.mask | MRQC.TCP_IPV6_EX.mask,
                ),
        );
      case 3:
        return write('CTRL', CTRL.reset | CTRL.SLU.mask | CTRL.VME.mask);
      case 4:
        return write('RETA', random.next() & 0x0303_0303, random.below(32));
      case 5:
        return write('MTA', random.chance(0.5) ? 0xffff_ffff : random.next(), 0);
      case 6:
        return random.chance(0.5)
          ? write('RAL', SECOND[0] | (SECOND[1] << 8) | (SECOND[2] << 16) | (SECOND[3] << 24), 1)
          : write('RAH', SECOND[4] | (SECOND[5] << 8) | some(RAH.AV.mask), 1);
      case 7:
        return write('VFTA', random.next(), oneOf(random, [0, 3, 127]));
      case 8:
        return write('RSSRK', random.next(), random.below(10));
      default: {
        const [register] = oneOf(random, LATCHES.slice(0, 7));
        // TIPG has 30 bits; QEMU's chip keeps 32.
        return write(register, random.next() & 0x3fff_ffff, 0);
      }
    }
  }

  #read(): Operation {
    const random = this.#random;
    const [register, count] = oneOf(random, READ);
    return { kind: 'read', register, index: random.below(count) };
  }
}

/** A context descriptor for a frame. */
function context(frame: BuiltFrame, more: { slot: number; size?: number; tag?: number }): Descriptor {
  const { layer2, layer3, layer4, ipv4, protocol } = frame;
  const { slot, size = 0, tag = 0 } = more;
  const type = protocol === TCP ? TX_L4_TYPE.TCP : TX_L4_TYPE.UDP;
  return {
    context: [
      layer3 | (layer2 << 9) | (tag << 16),
      0,
      TX_COMMAND.DTYP_CONTEXT | TX_COMMAND.DEXT | (ipv4 ? 1 << 10 : 0) | (type << 11),
      (slot << 4) | (size === 0 ? 0 : (layer4 << 8) | (size << 16)),
    ],
  };
}
