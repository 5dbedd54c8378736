/*
 * A register-level model of the Intel 82576 Gigabit controller. Reading order: nic-82576.ts, reset.ts, mac-port.ts,
 * phy.ts, interrupts.ts, filter.ts, statistics.ts, eeprom.ts, then tx-engine.ts and rx-engine.ts. The registers and
 * descriptors are at `@netcx/nic-82576/registers`.
 */

export { Nic82576, type DescribeOptions, type Nic82576Options } from './nic-82576.ts';
export type { RingDumpOptions } from './ring-dump.ts';
export { NicError, type NicErrorCode } from './nic-error.ts';
export type { MacAddress } from './mac-address.ts';
export { Eeprom, eepromChecksum, eepromImage } from './eeprom.ts';
export { Phy, type PhySurroundings } from './phy.ts';
export { FlowSteering, type FlowSteeringOptions } from './flow-steering.ts';
export type { FaultInjector, InjectedFault } from './faults.ts';
export type {
  CorruptWriteBack,
  EepromTimeout,
  EepromWord,
  Fault,
  HungQueue,
  LinkFlap,
  LostInterrupt,
  Removal,
  SpuriousInterrupt,
  StuckDma,
} from './fault.ts';
