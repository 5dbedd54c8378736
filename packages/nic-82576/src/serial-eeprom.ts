/*
 * The EEPROM chip at the four pins of EECD: an SPI memory of 512 bytes with pages of eight, as Linux's driver bit-bangs it
 * (opcodes in Linux's igb header: bit 8 of an address travels in the opcode). Bits are taken when the clock rises and
 * given when it falls; a command begins when the chip is selected, and a write is carried out when it is let go.
 */

/** Commands; in READ and WRITE bit 3 is bit 8 of the address. */
const OPCODE = { WRITE: 0x02, READ: 0x03, WRITE_DISABLE: 0x04, READ_STATUS: 0x05, WRITE_ENABLE: 0x06 } as const;
const HIGH_ADDRESS = 0x08;
/** Bit of the status register: writes are enabled. Bit 0, busy, is never set: a write takes no time here. */
const WRITE_ENABLED = 0x02;
const PAGE_BYTES = 8;

/** The memory behind the pins. */
export interface ByteMemory {
  /** How many bytes it has. */
  readonly size: number;
  /**
   * @param address - which byte
   * @returns the byte
   */
  read(address: number): number;
  /**
   * @param address - which byte
   * @param value - what it becomes
   */
  write(address: number, value: number): void;
}

/** The chip's side of the pins. */
export class SerialEeprom {
  readonly #memory: ByteMemory;
  #selected = false;
  #clock = false;
  /** Bits of the byte that comes in, and how many bytes came in this command. */
  #shift = 0;
  #bits = 0;
  #bytes = 0;
  #opcode = 0;
  #address = 0;
  /** Bits that go out; the highest is at the pin after the next falling edge. */
  #out = 0;
  #output = 0;
  #writeEnabled = false;
  readonly #page = new Map<number, number>();

  /**
   * @param memory - what it holds
   */
  constructor(memory: ByteMemory) {
    this.#memory = memory;
  }

  /**
   * The pins as the MAC drives them.
   *
   * @param selected - whether the chip is selected
   * @param clock - level of the clock
   * @param data - level of data in
   * @returns level of data out
   */
  drive(selected: boolean, clock: boolean, data: boolean): boolean {
    if (selected !== this.#selected) {
      this.#selected = selected;
      if (!selected) this.#finish();
      this.#begin();
    } else if (selected && clock !== this.#clock) {
      if (clock) this.#take(data ? 1 : 0);
      else this.#give();
    }
    this.#clock = clock;
    return this.#output === 1;
  }

  #begin(): void {
    this.#shift = this.#bits = this.#bytes = 0;
    this.#opcode = 0;
    this.#out = this.#output = 0;
    this.#page.clear();
  }

  #take(bit: number): void {
    this.#shift = ((this.#shift << 1) | bit) & 0xff;
    if (++this.#bits < 8) return;
    this.#bits = 0;
    this.#bytes++;
    if (this.#bytes === 1) this.#opcode = this.#shift;
    const command = this.#opcode & ~HIGH_ADDRESS;
    if (this.#opcode === OPCODE.READ_STATUS) this.#out = this.#writeEnabled ? WRITE_ENABLED : 0;
    else if (command === OPCODE.READ && this.#bytes >= 2) this.#readNext();
    else if (command === OPCODE.WRITE && this.#bytes >= 2) this.#collect();
  }

  #give(): void {
    this.#output = (this.#out >>> 7) & 1;
    this.#out <<= 1;
  }

  #readNext(): void {
    if (this.#bytes === 2) this.#address = this.#firstAddress;
    this.#out = this.#memory.read(this.#address % this.#memory.size);
    this.#address++;
  }

  /** Bytes of a write go round within their page. */
  #collect(): void {
    if (this.#bytes === 2) {
      this.#address = this.#firstAddress;
      return;
    }
    this.#page.set(this.#address, this.#shift);
    this.#address = (this.#address & -PAGE_BYTES) | ((this.#address + 1) & (PAGE_BYTES - 1));
  }

  get #firstAddress(): number {
    return ((this.#opcode & HIGH_ADDRESS) << 5) | this.#shift;
  }

  /** A command counts only when the chip is let go on a byte's boundary. */
  #finish(): void {
    if (this.#bits !== 0) return;
    if (this.#opcode === OPCODE.WRITE_ENABLE) this.#writeEnabled = true;
    if (this.#opcode === OPCODE.WRITE_DISABLE) this.#writeEnabled = false;
    if (this.#page.size === 0 || !this.#writeEnabled) return;
    for (const [address, value] of this.#page) this.#memory.write(address % this.#memory.size, value);
    this.#writeEnabled = false;
  }
}
