// Must fail: what both sides share imports neither.
export { PacketRing } from '@netcx/rings';
