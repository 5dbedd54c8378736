/*
 * The adapter's upper edge: what a protocol, a bridge or a test sends and receives through.
 * Reading order: frame-descriptor.ts, protocol.ts, transmit-edge.ts, receive-edge.ts, forwarding.ts.
 */

export { FrameDescriptor, FRAME_DESCRIPTOR_BYTES } from './frame-descriptor.ts';
export type { Protocol } from './protocol.ts';
export { TransmitEdge } from './transmit-edge.ts';
export { ReceiveEdge } from './receive-edge.ts';
export { forwardFrame } from './forwarding.ts';
