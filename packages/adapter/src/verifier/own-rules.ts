/*
 * Rules that the original's verifier does not check: the holes that its sources and documents name, and what its users
 * stumbled over (reference netadaptercx §2.1, §5.11, §9). Checked when the adapter's verifier is on.
 */

import type { RuleRow } from './codes.ts';

const ALWAYS = 'before and after each advance and cancel';

// prettier-ignore
export const OWN_RULES = [
  [0x80, 'RingIndexNotMasked', 'RING_INDEX_NOT_MASKED', 'checked', 'beginIndex or nextIndex is no element\'s index', ALWAYS],
  [0x81, 'RingNextIndexOutOfRange', 'RING_NEXT_INDEX_OUT_OF_RANGE', 'checked', 'nextIndex is not between beginIndex and endIndex', ALWAYS],
  [0x82, 'RingChangedBetweenCallbacks', 'RING_CHANGED_BETWEEN_CALLBACKS', 'checked', 'a ring changed outside advance and cancel', 'before each poll and around each callback'],
  [0x83, 'ExtensionImmutable', 'EXTENSION_IMMUTABLE', 'checked', 'an extension changed that the driver may only read', ALWAYS],
  [0x84, 'ExtensionNotWritten', 'EXTENSION_NOT_WRITTEN', 'checked', 'an extension of a received packet or fragment that the driver must write was not written', 'after each advance and cancel, on what was given back'],
  [0x85, 'ExtensionValueInvalid', 'EXTENSION_VALUE_INVALID', 'checked', 'an extension of a received packet or fragment says something that cannot be', 'after each advance and cancel, on what was given back'],
  [0x86, 'HardCodedExtensionOffset', 'HARD_CODED_EXTENSION_OFFSET', 'checked', 'a byte of an element changed that belongs to no descriptor and no extension', ALWAYS],
  [0x87, 'PacketWithoutItsFragments', 'PACKET_WITHOUT_ITS_FRAGMENTS', 'checked', 'a sent packet was given back, and its fragments were not', 'after each advance and cancel of a transmit queue'],
  [0x88, 'NotReturnedAfterCancel', 'NOT_RETURNED_AFTER_CANCEL', 'checked', 'a cancelled queue did not give everything back', 'when the adapter has waited for it'],
  [0x89, 'NotifyWhileDisabled', 'NOTIFY_WHILE_DISABLED', 'checked', 'a notification that was not asked for, or the second of one that was', 'each call of a notify method of a queue with an execution context of its own'],
  [0x8a, 'UseAfterStop', 'USE_AFTER_STOP', 'checked', 'a queue was used after its stop callback', 'each call of a notify method'],
  [0x8b, 'CallbackReentered', 'CALLBACK_REENTERED', 'checked', 'a callback of a queue was entered while another one of it ran', 'each call of a callback'],
  [0x8c, 'CallbackThrew', 'CALLBACK_THREW', 'checked', 'a callback of a queue threw', 'each call of a callback'],
  [0x8d, 'DeviceReachedForbiddenMemory', 'DEVICE_REACHED_FORBIDDEN_MEMORY', 'checked', 'the device was told an address that it may not reach', 'after each callback: the fault log of the adapter\'s DMA domains'],
  [0x8e, 'BufferUsedAfterReturn', 'BUFFER_USED_AFTER_RETURN', 'checked', 'a buffer was written to after it was given back, or past its end', 'before each advance: the pools are checked ones'],
  [0x8f, 'DataBufferMisused', 'DATA_BUFFER_MISUSED', 'checked', 'a buffer was attached to a received fragment that is not on offer to the driver', 'after each advance and cancel of a receive queue whose driver attaches buffers'],
  [0x90, 'LayoutBeyondFrame', 'LAYOUT_BEYOND_FRAME', 'checked', 'the header lengths of a received packet are more than its bytes', 'after each advance and cancel, on packets that a receive queue gave back and does not ignore'],
] as const satisfies readonly RuleRow[];
