// Must fail: a NIC model looks at the driver's packets.
export { PacketRing } from '@netcx/rings';
