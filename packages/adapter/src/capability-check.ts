/*
 * What is wrong with a driver's capabilities: everything at once, each field by name, with what was expected. What could
 * not be kept is refused, never ignored: a driver that got less than it asked for would write where it must not. The rules
 * are those of NetAdapterCx's verifier and of its headers' limits (reference netadaptercx §1.10, §4.1).
 */

import type { BufferSizes } from '@netcx/buffers';
import type { RxCapabilities, TxCapabilities } from './capabilities.ts';
import { violation } from './verifier/violation.ts';

/** What is wrong: the rule's number, its sub-number where it has one, and the sentence. */
interface Wrong {
  readonly rule: readonly [code: number, subcode?: number];
  readonly text: string;
}

const isPowerOfTwo = (value: number): boolean => Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0;
const isWhole = (value: number, least: number, most = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

/**
 * @param adapter - the adapter's name, for messages
 * @param tx - transmit capabilities
 * @param rx - receive capabilities
 * @throws ViolationError `CAPABILITIES_INVALID`, naming every field that cannot be; its rule, 0x1A, 0x20 or 0x21, is that of the
 * first. 0x0F when one of the two is missing
 * @example
 * ```ts
 * checkDatapathCapabilities('nic 0', TxCapabilities.forDma(dma, 1), RxCapabilities.systemManagedDma(dma, 1518, 1));
 * ```
 */
export function checkDatapathCapabilities(adapter: string, tx: TxCapabilities, rx: RxCapabilities): void {
  requireBoth(adapter, tx, rx);
  const wrong = [...wrongWithBoth('tx', tx), ...wrongWithBoth('rx', rx), ...wrongWithTx(tx), ...wrongWithRx(rx)];
  const [first] = wrong;
  if (first === undefined) return;
  const [code, subcode] = first.rule;
  throw violation(code, `${adapter}: ${wrong.map(({ text }) => text).join('; ')}`, {
    as: 'CAPABILITIES_INVALID',
    object: adapter,
    ...(subcode === undefined ? {} : { subcode }),
  });
}

/** What JavaScript may leave out. */
function requireBoth(adapter: string, tx: unknown, rx: unknown): void {
  for (const [field, given] of Object.entries({ tx, rx }))
    if (typeof given !== 'object' || given === null)
      throw violation(0x0f, `setDatapathCapabilities was not told ${field}`, {
        object: adapter,
        field,
        expected: 'what TxCapabilities and RxCapabilities return',
        found: given,
      });
}

function wrongWithBoth(side: 'tx' | 'rx', capabilities: TxCapabilities | RxCapabilities): Wrong[] {
  const wrong: Wrong[] = [];
  const base = side === 'tx' ? 0x20 : 0x21;
  const {
    maximumNumberOfQueues: queues,
    fragmentBufferAlignment: alignment,
    fragmentRingNumberOfElementsHint: hint,
    mappingRequirement,
    dma,
  } = capabilities;
  if (!isWhole(queues, 1))
    wrong.push({ rule: [base, 3], text: `${side}.maximumNumberOfQueues is ${String(queues)}; expected 1 or more` });
  if (!isPowerOfTwo(alignment) || alignment > 4096)
    wrong.push({
      rule: side === 'tx' ? [0x20, 4] : [0x1a, 4],
      text: `${side}.fragmentBufferAlignment is ${String(alignment)}; expected a power of two up to 4096`,
    });
  if (hint !== 0 && (!isPowerOfTwo(hint) || hint < 2 || hint > 65_536))
    wrong.push({
      rule: [0x1a, 5],
      text: `${side}.fragmentRingNumberOfElementsHint is ${String(hint)}; expected 0 or a power of two from 2 to 65536`,
    });
  if (mappingRequirement === 'dmaMapped' && dma === undefined)
    wrong.push({ rule: [base, 1], text: `${side}.dma is missing, though mapping is required` });
  if (dma === undefined) return wrong;
  if (mappingRequirement === 'none')
    wrong.push({ rule: [base], text: `${side}.dma is there, though no mapping is required` });
  const { maximumPhysicalAddress: highest, preferredNode: node, enabler } = dma;
  if (!Number.isSafeInteger(highest) || highest < 0)
    wrong.push({
      rule: [base],
      text: `${side}.dma.maximumPhysicalAddress is ${String(highest)}; expected 0 (no limit) or the highest address`,
    });
  if (node !== 'any' && !isWhole(node, 0))
    wrong.push({
      rule: [base],
      text: `${side}.dma.preferredNode is ${String(node)}; expected 'any' or a node's number`,
    });
  if (enabler.version !== 3)
    wrong.push({
      rule: [base, 2],
      text: `${side}.dma.enabler has DMA version ${String(enabler.version)}; the buffer manager needs version 3`,
    });
  return wrong;
}

function wrongWithTx(tx: TxCapabilities): Wrong[] {
  const wrong: Wrong[] = [];
  if (!isWhole(tx.maximumNumberOfFragments, 1))
    wrong.push({
      rule: [0x20],
      text: `tx.maximumNumberOfFragments is ${String(tx.maximumNumberOfFragments)}; expected 1 or more`,
    });
  if (!isWhole(tx.payloadBackfill, 0, 4096))
    wrong.push({ rule: [0x20], text: `tx.payloadBackfill is ${String(tx.payloadBackfill)}; expected 0 to 4096` });
  if (tx.mappingRequirement === 'none' && !tx.virtualAddress)
    wrong.push({
      rule: [0x20],
      text: 'tx.virtualAddress is false, and so is mapping; the driver could not find a byte',
    });
  return wrong;
}

function wrongWithRx(rx: RxCapabilities): Wrong[] {
  const wrong: Wrong[] = [];
  const { allocationMode, attachmentMode, maximumFrameSize, mappingRequirement, virtualAddress } = rx;
  const driverManaged = allocationMode === 'driver';
  if (driverManaged && attachmentMode === 'system')
    wrong.push({
      rule: [0x21, 0],
      text: 'rx.allocationMode is driver and rx.attachmentMode is system; the driver cannot allocate buffers that the system attaches',
    });
  if (!isWhole(maximumFrameSize, 64, 2 ** 26 - 1))
    wrong.push({ rule: [0x21], text: `rx.maximumFrameSize is ${String(maximumFrameSize)}; expected 64 to 2^26 - 1` });
  if (driverManaged && rx.returnRxBuffer === undefined)
    wrong.push({
      rule: [0x21, 0],
      text: 'rx.returnRxBuffer is missing; a driver that allocates buffers must hear when they come back',
    });
  if (!driverManaged && rx.returnRxBuffer !== undefined)
    wrong.push({
      rule: [0x21],
      text: 'rx.returnRxBuffer is there, but the system allocates the buffers, and nothing would be returned',
    });
  if (driverManaged && mappingRequirement === 'dmaMapped')
    wrong.push({
      rule: [0x21],
      text: 'rx.mappingRequirement is dmaMapped, but the driver allocates the buffers, and maps them itself',
    });
  if (!virtualAddress && (attachmentMode === 'driver' || mappingRequirement === 'none'))
    wrong.push({
      rule: [0x21],
      text: 'rx.virtualAddress is false; a driver that attaches buffers, or writes to them, needs it',
    });
  if (rx.bufferSizes !== undefined) wrong.push(...wrongWithSizes(rx.bufferSizes, maximumFrameSize));
  if (driverManaged && rx.bufferSizes !== undefined)
    wrong.push({
      rule: [0x21],
      text: 'rx.bufferSizes is there, but the driver allocates the buffers, and chooses their size itself',
    });
  return wrong;
}

function wrongWithSizes(sizes: BufferSizes, maximumFrameSize: number): Wrong[] {
  const wrong: Wrong[] = [];
  const { granularity, minimum, maximum, maximumFragments } = sizes;
  if (!isWhole(granularity, 1, 2 ** 25))
    wrong.push({ rule: [0x21], text: `rx.bufferSizes.granularity is ${String(granularity)}; expected 1 to 2^25` });
  else if (!isWhole(minimum, 64) || minimum % granularity !== 0)
    wrong.push({
      rule: [0x21],
      text: `rx.bufferSizes.minimum is ${String(minimum)}; expected 64 or more, in steps of ${String(granularity)}`,
    });
  else if (!isWhole(maximum, minimum, 2 ** 26 - 1) || maximum % granularity !== 0)
    wrong.push({
      rule: [0x21],
      text: `rx.bufferSizes.maximum is ${String(maximum)}; expected ${String(minimum)} to 2^26 - 1, in steps of ${String(granularity)}`,
    });
  if (!isWhole(maximumFragments, 1, 65_535))
    wrong.push({
      rule: [0x21],
      text: `rx.bufferSizes.maximumFragments is ${String(maximumFragments)}; expected 1 to 65535`,
    });
  else if (maximum * maximumFragments < maximumFrameSize)
    wrong.push({
      rule: [0x21],
      text: `rx.bufferSizes hold ${String(maximum)} x ${String(maximumFragments)} bytes; expected room for a frame of ${String(maximumFrameSize)}`,
    });
  return wrong;
}
