/*
 * What an interrupt mechanism needs of its device: the way up to the host, as far as the host lets it. The memory
 * writes that MSI and MSI-X are made of pass only while the device is a bus master.
 */

/** The way up for interrupts. */
export interface MessagePort {
  /** Whether the device is plugged in and powered: else its pin is silent. */
  readonly awake: boolean;
  /** Whether memory writes pass now. */
  readonly busMaster: boolean;
  /**
   * @param addressLow - low 32 bits of the address
   * @param addressHigh - high 32 bits
   * @param data - the word
   */
  writeMessage(addressLow: number, addressHigh: number, data: number): void;
  /**
   * @param asserted - the level of the INTx pin
   */
  setIntx(asserted: boolean): void;
}
