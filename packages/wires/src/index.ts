/*
 * What a link can be plugged into: another NIC, itself, a station that answers, captures, QEMU and other processes over
 * sockets. Reading order: wire.ts (what a wire is), wire-description.ts (how one is written), open-wire.ts, partner.ts,
 * outbox.ts, then one file for each wire: responder/, recording.ts, replay.ts, dgram-wire.ts, stream-wire.ts, packet/.
 */

export type { Wire, WireBackend, WireContext, WireEvent } from './wire.ts';
export { WireError, type WireErrorCode } from './wire-error.ts';
export {
  parseWire,
  wireEnds,
  type DgramDescription,
  type PacketDescription,
  type ReplayDescription,
  type ResponderDescription,
  type StreamDescription,
  type WireDescription,
  type WireKind,
} from './wire-description.ts';
export type { InternetAddress } from './place.ts';
export { openWire } from './open-wire.ts';
export { Partner, type PartnerOptions } from './partner.ts';
export { Outbox } from './outbox.ts';
export { Responder } from './responder/responder.ts';
export { Recording, type RecordingOptions } from './recording.ts';
export { Replay } from './replay.ts';
export { DgramWire } from './dgram-wire.ts';
export { StreamWire } from './stream-wire.ts';
export { StreamDecoder } from './stream-decoder.ts';
