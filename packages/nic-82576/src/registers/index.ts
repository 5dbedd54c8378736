/*
 * The 82576 as data: its registers, descriptors, PHY, EEPROM and limits, in the spelling of its datasheet. Driver and
 * model both read these tables, and nothing else is shared between them. Reading order: pci.ts, general.ts,
 * interrupts.ts, receive.ts, transmit.ts, filters.ts, statistics.ts, then the descriptors.
 */

import { defineRegisters } from '@netcx/layout';
import { FILTERS } from './filters.ts';
import { GENERAL } from './general.ts';
import { INERT } from './inert.ts';
import { INTERRUPTS } from './interrupts.ts';
import { RECEIVE } from './receive.ts';
import { STATISTICS } from './statistics.ts';
import { TIME_SYNC } from './time-sync.ts';
import { TRANSMIT } from './transmit.ts';

/** Every register of BAR 0, by the datasheet's name. */
export const REGISTERS = defineRegisters({
  ...GENERAL,
  ...INTERRUPTS,
  ...RECEIVE,
  ...TRANSMIT,
  ...STATISTICS,
  ...FILTERS,
  ...TIME_SYNC,
  ...INERT,
});

export * from './pci.ts';
export { EITR_STEP, EXTENDED_CAUSES, INTERRUPT_CAUSES, IVAR_VALID } from './interrupts.ts';
export { RX_STAMP_TYPE, TIME_SYNC_CYCLE } from './time-sync.ts';
export { LOOPBACK_MODE, RX_DESCRIPTOR_TYPE } from './receive.ts';
export {
  RX_PACKET_TYPE,
  RX_RSS_TYPE,
  RX_STATUS,
  RxLegacyWriteBack,
  RxReadDescriptor,
  RxWriteBack,
} from './rx-descriptors.ts';
export {
  TX_COMMAND,
  TX_DESCRIPTOR_TYPE,
  TX_DESCRIPTOR_TYPE_MASK,
  TX_L4_TYPE,
  TX_STATUS,
  TxContext,
  TxData,
  TxLegacy,
  TxWriteBack,
} from './tx-descriptors.ts';
export { MDI_OPERATION, PHY, PHY_ADDRESS, PHY_IDENTIFIER, phyNumber } from './phy.ts';
export * from './eeprom.ts';
export * from './limits.ts';
