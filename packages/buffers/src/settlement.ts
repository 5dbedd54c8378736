/*
 * The global choice: protocols say what they need of buffers, the NIC what it can do, and the sizes and counts that come out
 * serve both, in the memory that there is. This is the third benefit that the buffer-management document promises, and
 * here it can be read: each decision says who asked for what, what was granted, and why.
 */

import { BufferError } from './buffer-error.ts';
import { checkNeeds, type NicConstraints, type ProtocolNeeds } from './needs.ts';
import { checkSizes, defaultSizing, type Granted, type QueueSizes, type RingSizing } from './sizing.ts';

/**
 * One decision of a settlement.
 *
 * @example
 * ```ts
 * const decision: Decision = {
 *   what: 'receive headroom',
 *   asked: [{ who: 'tunnel', value: 50 }],
 *   granted: 64,
 *   reason: 'the most that was asked, in steps of 64 bytes',
 * };
 * ```
 */
export interface Decision {
  /** Of what. */
  readonly what: string;
  /** Who asked for how much. */
  readonly asked: readonly { readonly who: string; readonly value: number }[];
  /** What it became. */
  readonly granted: number;
  /** Why. */
  readonly reason: string;
}

/**
 * What buffers and rings an adapter gets.
 *
 * @example
 * ```ts
 * const { receive, bytes }: Settlement = settleBuffers({ nic, needs: [tunnel] });
 * receive.capacity; // bytes of each receive buffer behind its headroom
 * ```
 */
export interface Settlement {
  readonly transmit: QueueSizes & {
    /** Bytes of each buffer, headroom included. */
    readonly capacity: number;
    /** Bytes in front of a frame that a protocol puts into a buffer. */
    readonly headroom: number;
    /** Alignment of each buffer's first byte. */
    readonly alignment: number;
  };
  readonly receive: QueueSizes & {
    /** Bytes that the NIC may write to each buffer: behind the headroom. */
    readonly capacity: number;
    /** Bytes at the front of each buffer that the NIC leaves alone. */
    readonly headroom: number;
    /** Alignment of each buffer's first byte; the headroom is a multiple of it, or 0. */
    readonly alignment: number;
    /** Most buffers that one frame lies in. */
    readonly fragmentsPerFrame: number;
  };
  /** Highest host offset of all buffers; `undefined` = no limit. */
  readonly maximumOffset: number | undefined;
  /** Bytes of all buffers of all queues. */
  readonly bytes: number;
  /** Bytes that they would take if each receive buffer held the longest frame. */
  readonly bytesWithWholeFrames: number;
  /** Everything that was decided. */
  readonly decisions: readonly Decision[];
}

/**
 * What is to be settled.
 *
 * @example
 * ```ts
 * const input: SettlementInput = { nic, needs: [{ name: 'bridge', takesParts: true }], bytesFree: hostPages.bytesFree };
 * ```
 */
export interface SettlementInput {
  /** What the NIC can do. */
  readonly nic: NicConstraints;
  /** What the protocols above need; without any, each frame lies in one buffer. */
  readonly needs?: readonly ProtocolNeeds[];
  /** Chooses rings and counts; `defaultSizing` when left out. */
  readonly sizing?: RingSizing;
  /** Memory that is there, in bytes: three quarters of it may be taken. No limit when left out. */
  readonly bytesFree?: number;
}

/** An untagged or tagged frame of the usual MTU: what should still lie in one buffer when buffers are small. */
const USUAL_FRAME = 1522;
/** Most fragments that a ring is made longer for. A NIC that takes more gets packets of as many as its ring holds. */
const FITTED_FRAGMENTS = 64;
/** Buffers start on a cache line. */
const LINE = 64;

const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step;

/** What some protocols asked for one thing; those that asked for nothing are left out. */
function asked(needs: readonly ProtocolNeeds[], of: (need: ProtocolNeeds) => number | undefined) {
  return needs.flatMap((need) => {
    const value = of(need) ?? 0;
    return value === 0 ? [] : [{ who: need.name, value }];
  });
}

const most = (wishes: readonly { readonly value: number }[], least: number): number =>
  wishes.reduce((highest, { value }) => Math.max(highest, value), least);

/**
 * Settles sizes and counts for a NIC and the protocols above it.
 *
 * @param input - what both sides say
 * @returns what each gets, with the reasons
 * @throws BufferError `NEEDS_INVALID` for statements that cannot be, `NEEDS_UNMET` for needs that the NIC cannot serve,
 * `SIZING_INVALID` when the sizing function chooses what no ring can be
 * @example
 * ```ts
 * const settlement = settleBuffers({ nic, needs: [{ name: 'tunnel', headroom: 50 }] });
 * console.log(explainSettlement(settlement));
 * ```
 */
export function settleBuffers(input: SettlementInput): Settlement {
  const { nic, needs = [], sizing = defaultSizing, bytesFree = Infinity } = input;
  for (const need of needs) checkNeeds(need);
  const decisions: Decision[] = [];
  const decide = (what: string, wishes: Decision['asked'], granted: number, reason: string): number => {
    decisions.push({ what, asked: wishes, granted, reason });
    return granted;
  };

  const alignmentWishes = [{ who: nic.name, value: nic.receive.alignment }, ...asked(needs, (need) => need.alignment)];
  const alignment = decide(
    'receive alignment',
    alignmentWishes,
    most(alignmentWishes, LINE),
    'the most that was asked, at least a cache line',
  );
  const headroomWishes = asked(needs, (need) => need.headroom);
  const headroom = decide(
    'receive headroom',
    headroomWishes,
    roundUp(most(headroomWishes, 0), alignment),
    `the most that was asked, in steps of ${String(alignment)} bytes, where the NIC may begin to write`,
  );
  const { capacity, fragmentsPerFrame } = receiveCapacity(nic, needs, decide);
  const { backfill } = nic.transmit;
  const transmitAlignment = Math.max(LINE, nic.transmit.alignment);
  const surplus = Math.max(0, most(headroomWishes, 0) - backfill);
  const transmitHeadroom = decide(
    'transmit headroom',
    [...(backfill === 0 ? [] : [{ who: nic.name, value: backfill }]), ...headroomWishes],
    backfill + roundUp(surplus, nic.transmit.alignment),
    'the most that was asked; the NIC’s backfill begins aligned',
  );
  const offsets = asked(needs, (need) => need.maximumOffset);
  const maximumOffset =
    offsets.length === 0
      ? undefined
      : decide(
          'highest host offset',
          offsets,
          Math.min(...offsets.map(({ value }) => value)),
          'the least that was asked',
        );

  const holding = asked(needs, (need) => need.holdingTime);
  const transmitSizes = sizing({
    fragmentRingHint: nic.transmit.ringHint,
    linkSpeed: nic.linkSpeed,
    maximumFragments: Math.min(nic.transmit.maximumFragments, FITTED_FRAGMENTS),
  }).transmit;
  const receiveSizes = sizing({
    fragmentRingHint: nic.receive.ringHint,
    linkSpeed: nic.linkSpeed,
    maximumFragments: fragmentsPerFrame,
    holdingTime: most(holding, 0),
  }).receive;
  checkSizes(transmitSizes, `${nic.name} transmit`);
  checkSizes(receiveSizes, `${nic.name} receive`);

  const transmitBytes = roundUp(Math.max(64, nic.transmit.maximumFrame) + transmitHeadroom, transmitAlignment);
  const receiveBytes = roundUp(capacity + headroom, alignment);
  const bytesOf = (tx: QueueSizes, rx: QueueSizes, receiveBuffer: number): number =>
    nic.transmit.queues * (tx.buffers.granted + 1) * transmitBytes +
    nic.receive.queues * rx.buffers.granted * receiveBuffer;
  const limit = bytesFree * 0.75;
  const fitted = fit(transmitSizes, receiveSizes, fragmentsPerFrame, (tx, rx) => bytesOf(tx, rx, receiveBytes), limit);
  const wholeFrame = roundUp(Math.max(capacity, nic.receive.maximumFrame) + headroom, alignment);
  for (const [side, sizes] of [
    ['transmit', fitted.transmit],
    ['receive', fitted.receive],
  ] as const) {
    const who =
      side === 'receive' && sizes.buffers.asked > 0 ? holding.map((wish) => wish.who).join(' and ') : nic.name;
    for (const what of ['packets', 'fragments', 'buffers'] as const) {
      const { asked: value, granted, reason } = sizes[what];
      decide(
        `${side} ${what}`,
        value === 0 ? [] : [{ who: what === 'buffers' ? who : nic.name, value }],
        granted,
        reason,
      );
    }
  }
  return {
    transmit: {
      ...fitted.transmit,
      capacity: Math.max(64, nic.transmit.maximumFrame) + transmitHeadroom,
      headroom: transmitHeadroom,
      alignment: transmitAlignment,
    },
    receive: { ...fitted.receive, capacity, headroom, alignment, fragmentsPerFrame },
    maximumOffset,
    bytes: bytesOf(fitted.transmit, fitted.receive, receiveBytes),
    bytesWithWholeFrames: bytesOf(fitted.transmit, fitted.receive, wholeFrame),
    decisions,
  };
}

/** How large each receive buffer is, behind its headroom, and how many a frame may take. */
function receiveCapacity(
  nic: NicConstraints,
  needs: readonly ProtocolNeeds[],
  decide: (what: string, wishes: Decision['asked'], granted: number, reason: string) => number,
): { capacity: number; fragmentsPerFrame: number } {
  const { maximumFrame, bufferSizes } = nic.receive;
  const minimumWishes = asked(needs, (need) => need.minimumSize);
  const wishes = [{ who: nic.name, value: maximumFrame }, ...minimumWishes];
  const minimum = most(minimumWishes, 0);
  if (bufferSizes === undefined) {
    const granted = Math.max(maximumFrame, minimum, 64);
    decide('receive buffer size', wishes, granted, 'each frame in one buffer, since the NIC spreads none');
    return { capacity: granted, fragmentsPerFrame: 1 };
  }
  const step = (bytes: number): number => roundUp(Math.max(bytes, bufferSizes.minimum), bufferSizes.granularity);
  const whole = step(Math.max(maximumFrame, minimum));
  const refusing = needs.filter((need) => need.takesParts !== true).map((need) => need.name);
  const spreads = needs.length > 0 && refusing.length === 0;
  const least = Math.ceil(maximumFrame / bufferSizes.maximumFragments);
  const small = Math.min(whole, step(Math.max(USUAL_FRAME, least, minimum)));
  const granted = spreads || whole > bufferSizes.maximum ? small : whole;
  if (granted > bufferSizes.maximum || (granted < maximumFrame && refusing.length > 0))
    throw new BufferError(
      'NEEDS_UNMET',
      `${nic.name} writes buffers of up to ${String(bufferSizes.maximum)} bytes; ${refusing.length > 0 ? `${refusing.join(' and ')} want each frame of up to ${String(maximumFrame)} in one` : `${String(granted)} are needed`}`,
    );
  const because =
    granted >= maximumFrame
      ? refusing.length > 0
        ? `each frame in one buffer, for ${refusing.join(' and ')}`
        : 'the longest frame fits one buffer'
      : 'a usual frame in one buffer, longer ones in several, which every protocol takes';
  const wholeBecause =
    needs.length === 0 ? 'each frame in one buffer, since no protocol said that it takes parts' : because;
  decide('receive buffer size', wishes, granted, wholeBecause);
  return { capacity: granted, fragmentsPerFrame: Math.max(1, Math.ceil(maximumFrame / granted)) };
}

/** Halves rings and pools, both directions alike, until they fit; what cannot be halved any more stays. */
function fit(
  transmit: QueueSizes,
  receive: QueueSizes,
  fragmentsPerFrame: number,
  bytesOf: (tx: QueueSizes, rx: QueueSizes) => number,
  limit: number,
): { transmit: QueueSizes; receive: QueueSizes } {
  const wanted = bytesOf(transmit, receive);
  let result = { transmit, receive };
  while (bytesOf(result.transmit, result.receive) > limit) {
    const next = { transmit: halved(result.transmit, 2), receive: halved(result.receive, 2 * fragmentsPerFrame) };
    if (bytesOf(next.transmit, next.receive) === bytesOf(result.transmit, result.receive)) break;
    result = next;
  }
  if (result.transmit === transmit) return result;
  const why = `memory is short: ${String(wanted)} bytes were wanted, ${String(Math.floor(limit))} may be taken`;
  return { transmit: explained(result.transmit, transmit, why), receive: explained(result.receive, receive, why) };
}

function halved(sizes: QueueSizes, least: number): QueueSizes {
  const half = (size: Granted, floor: number): Granted => ({
    ...size,
    granted: size.granted / 2 >= floor ? Math.floor(size.granted / 2) : size.granted,
  });
  return {
    packets: half(sizes.packets, 2),
    fragments: half(sizes.fragments, Math.max(2, least)),
    buffers: half(sizes.buffers, least),
  };
}

function explained(now: QueueSizes, before: QueueSizes, why: string): QueueSizes {
  const one = (what: keyof QueueSizes): Granted => ({
    ...now[what],
    asked: before[what].asked === 0 ? before[what].granted : before[what].asked,
    reason: now[what].granted === before[what].granted ? before[what].reason : why,
  });
  return { packets: one('packets'), fragments: one('fragments'), buffers: one('buffers') };
}

/**
 * What a settlement does not give to a protocol that came after it was made.
 *
 * @param settlement - what was settled
 * @param needs - what the protocol needs
 * @returns one clause for each need that is not met; empty when all are
 * @throws BufferError `NEEDS_INVALID`
 * @example
 * ```ts
 * unmetNeeds(settlement, { name: 'tunnel', headroom: 50 }); // ['headroom 50: 0 were settled']
 * ```
 */
export function unmetNeeds(settlement: Settlement, needs: ProtocolNeeds): readonly string[] {
  checkNeeds(needs);
  const { receive, maximumOffset = Infinity } = settlement;
  const { headroom = 0, minimumSize = 0, alignment = 1, takesParts = false } = needs;
  const unmet: string[] = [];
  const miss = (what: string, wanted: number, settled: number | string): void => {
    unmet.push(`${what} ${String(wanted)}: ${String(settled)} were settled`);
  };
  if (headroom > receive.headroom) miss('headroom', headroom, receive.headroom);
  if (minimumSize > receive.capacity) miss('minimumSize', minimumSize, receive.capacity);
  if (alignment > receive.alignment) miss('alignment', alignment, receive.alignment);
  if (needs.maximumOffset !== undefined && needs.maximumOffset < maximumOffset)
    miss('maximumOffset', needs.maximumOffset, maximumOffset === Infinity ? 'all offsets' : maximumOffset);
  if (!takesParts && receive.fragmentsPerFrame > 1) miss('parts of a frame, at most', 1, receive.fragmentsPerFrame);
  return unmet;
}

/**
 * @param settlement - what was settled
 * @returns one line a decision: what was granted, who asked for what, and why; then the memory
 * @example
 * ```ts
 * console.log(explainSettlement(settlement));
 * // receive headroom = 64 (tunnel asked 50): the most that was asked, ...
 * ```
 */
export function explainSettlement(settlement: Settlement): string {
  const lines = settlement.decisions.map(({ what, asked: wishes, granted, reason }) => {
    const who = wishes.map((wish) => `${wish.who} asked ${String(wish.value)}`).join(', ');
    return `${what} = ${String(granted)}${who === '' ? '' : ` (${who})`}: ${reason}`;
  });
  const { bytes, bytesWithWholeFrames } = settlement;
  const saved = bytesWithWholeFrames === bytes ? '' : `, ${String(bytesWithWholeFrames)} with whole-frame buffers`;
  return [...lines, `memory = ${String(bytes)} bytes${saved}`].join('\n');
}
