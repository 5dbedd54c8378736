/*
 * The Intel 82576 as a PCI endpoint: makes the parts, connects them, and carries out the resets. Each part owns its
 * registers; this file owns only CTRL and the control registers that more than one part wants to hear of.
 */

import type { AccessSize, PciEndpoint, Upstream } from '@netcx/bus';
import { MILLISECOND, type Clock } from '@netcx/clock';
import { DmaPort, PciDevice, RegisterFile, type LinkEnd } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { configuration } from './configuration.ts';
import { Eeprom, eepromImage } from './eeprom.ts';
import type { EngineParts } from './engine.ts';
import { Filter } from './filter.ts';
import { Interrupts } from './interrupts.ts';
import { IoWindow } from './io-window.ts';
import { macBytes, type MacAddress } from './mac-address.ts';
import { MacPort } from './mac-port.ts';
import { NicError } from './nic-error.ts';
import { Phy } from './phy.ts';
import { BAR, MSIX_VECTORS, REGISTERS, RX_QUEUES, TX_QUEUES } from './registers/index.ts';
import { RESETS, resetRegisters, type NicReset } from './reset.ts';
import { RxEngine } from './rx-engine.ts';
import { installSemaphores } from './semaphores.ts';
import { Statistics } from './statistics.ts';
import { TxEngine } from './tx-engine.ts';

const { CRCERRS, CTRL, ICR, MPC, MRQC, RCTL, RFCTL, RLPML, ROC, RUC, RXCSUM, STATUS, TCTL, VET, VFTA } = REGISTERS;

/** What a model is made with. */
export interface Nic82576Options {
  /** Measures everything that takes time. */
  readonly clock: Clock;
  /** The wire that its port is plugged into. */
  readonly link: LinkEnd;
  /** The station address in its EEPROM. */
  readonly macAddress: MacAddress;
  /** How it is called in dumps; `82576` when left out. */
  readonly name?: string;
  /** MSI-X vectors, 1 to 25: 25, when left out, as on silicon; QEMU's igb has 10. */
  readonly vectors?: number;
  /** Nanoseconds that autonegotiation takes; 20 ms when left out. Silicon takes seconds, QEMU's igb 500 ms. */
  readonly autonegotiationTime?: number;
  /** The whole EEPROM, 256 words, in place of the one that `eepromImage(macAddress)` makes. */
  readonly eeprom?: Uint16Array;
}

/** A model of the Intel 82576 Gigabit controller. */
export class Nic82576 implements PciEndpoint {
  /** How it is called. */
  readonly name: string;
  /** Its registers, for inspection. */
  readonly registers: RegisterFile;
  /** Its EEPROM. */
  readonly eeprom: Eeprom;
  /** Its PHY. */
  readonly phy: Phy;
  /** Its place on the bus. */
  readonly device: PciDevice;
  /** Its way to host memory; `masterAborts` counts what the host refused. */
  readonly dma: DmaPort;
  readonly #interrupts: Interrupts;
  readonly #statistics: Statistics;
  readonly #filter: Filter;
  readonly #port: MacPort;
  readonly #io: IoWindow;
  readonly #rx: RxEngine;
  readonly #tx: TxEngine;

  /**
   * @param options - clock, wire, address
   * @throws NicError for a value that no 82576 has
   */
  constructor(options: Nic82576Options) {
    const { clock, link, macAddress, vectors = MSIX_VECTORS, autonegotiationTime = 20 * MILLISECOND } = options;
    checkOptions(vectors, autonegotiationTime);
    this.name = options.name ?? '82576';
    this.registers = new RegisterFile(this.name, REGISTERS, BAR.REGISTERS.bytes);
    this.#io = new IoWindow(this.registers);
    const bars = Object.assign(new Array<undefined>(6), {
      [BAR.REGISTERS.index]: this.registers,
      [BAR.IO.index]: this.#io,
    });
    this.device = new PciDevice(configuration(vectors), {
      bars,
      onReset: (kind) => this.#reset(kind),
      onChange: () => this.#refresh(),
      onRemoved: () => {
        this.#interrupts.reset();
        this.phy.remove();
      },
    });
    this.dma = new DmaPort(this.device);
    this.eeprom = new Eeprom(this.registers, options.eeprom ?? eepromImage(macBytes(macAddress)));
    installSemaphores(this.registers);
    this.#interrupts = new Interrupts(this.registers, this.device.interrupts, clock);
    this.#statistics = new Statistics(this.registers);
    this.#filter = new Filter(this.registers);
    this.#port = new MacPort(this.registers, link, clock);
    this.phy = new Phy({
      registers: this.registers,
      link,
      clock,
      autonegotiationTime,
      changed: () => this.#port.update(),
      accessDone: () => this.#interrupts.otherCause(ICR.MDAC.mask),
    });
    const parts: EngineParts = {
      registers: this.registers,
      dma: this.dma,
      interrupts: this.#interrupts,
      statistics: this.#statistics,
      filter: this.#filter,
      port: this.#port,
      clock,
    };
    this.#rx = new RxEngine(parts, { count: RX_QUEUES });
    this.#tx = new TxEngine(parts, { count: TX_QUEUES });
    this.#connect();
    this.#reset('powerOn');
  }

  /** Whether software sees a link. */
  get linkUp(): boolean {
    return STATUS.LU.get(this.#port.status()) === 1;
  }

  connect(upstream: Upstream): void {
    this.device.connect(upstream);
  }

  readConfig(offset: number, size: AccessSize): number {
    return this.device.readConfig(offset, size);
  }

  writeConfig(offset: number, size: AccessSize, value: number): void {
    this.device.writeConfig(offset, size, value);
  }

  read32(bar: number, offset: number): number {
    return this.device.read32(bar, offset);
  }

  write32(bar: number, offset: number, value: number): void {
    this.device.write32(bar, offset, value);
  }

  reset(): void {
    this.device.reset();
  }

  removed(): void {
    this.device.removed();
  }

  /**
   * @param filter - which registers; all when left out
   * @returns what a person who debugs wants to see: the link, the registers with their fields, the PHY's registers
   */
  describe(filter?: (register: Register) => boolean): string {
    this.#statistics.flush();
    this.#interrupts.mirror();
    this.registers.set(STATUS, this.#port.status());
    const link = this.linkUp ? 'link up' : 'link down';
    const loopback = this.#port.loopback ? ', looped back' : '';
    return [
      `${this.name}: ${link}${loopback}`,
      this.registers.describe(filter),
      `${this.name} PHY:`,
      this.phy.describe(),
    ].join('\n');
  }

  /**
   * @returns frames that the chip gave up, by reason, since software last read (and so cleared) the statistics
   */
  drops(): Readonly<Record<string, number>> {
    this.#statistics.flush();
    const count = (register: Register): number => this.registers.get(register) >>> 0;
    return {
      'nic: no room in the packet buffer (MPC)': count(MPC),
      'nic: wrong frame check sequence (CRCERRS)': count(CRCERRS),
      'nic: undersized (RUC)': count(RUC),
      'nic: oversized (ROC)': count(ROC),
      'nic: descriptor of a kind that is not modelled': this.#tx.unsupported,
      'nic: memory out of reach (master abort)': this.dma.masterAborts,
    };
  }

  /** Gives the chip's buffers back to the devices' memory; the model must not be used any more. */
  close(): void {
    this.device.removed();
    this.#rx.close();
    this.#tx.close();
    this.#port.close();
  }

  #connect(): void {
    const { registers } = this;
    const rx = this.#rx;
    const tx = this.#tx;
    registers.onWrite(CTRL, (value, _index, written) => this.#control(value, written));
    registers.onWrite(RCTL, () => {
      this.#filter.rebuild();
      this.#port.update();
      rx.refresh();
    });
    registers.onWrite(TCTL, () => tx.refresh());
    registers.onWrite(RLPML, () => {
      this.#filter.rebuild();
      rx.refresh();
    });
    registers.onWrite(VET, () => {
      this.#filter.rebuild();
      this.#refresh();
    });
    for (const register of [RXCSUM, RFCTL, MRQC, VFTA]) registers.onWrite(register, () => rx.refresh());
    this.#port.connect({ phy: this.phy, rx, tx, linkChanged: () => this.#interrupts.otherCause(ICR.LSC.mask) });
  }

  #control(value: number, written: number): void {
    if (CTRL.RST.get(written) === 1) {
      this.#reset('device');
      return;
    }
    const held = CTRL.PHY_RST.get(value) === 1;
    if (held) this.#port.phyReset();
    this.phy.hold(held);
    this.#port.update();
    this.#refresh();
  }

  #reset(kind: NicReset): void {
    const scope = RESETS[kind];
    resetRegisters(this.registers, scope);
    this.eeprom.load();
    this.#io.reset();
    this.#statistics.reset();
    this.#filter.rebuild();
    this.#rx.reset();
    this.#tx.reset();
    this.phy.hold(false);
    if (scope.phy) {
      this.#port.phyReset();
      this.phy.reset();
    }
    this.#port.update();
    // Last, so that a link that the reset took down is no pending cause.
    this.#interrupts.reset();
    this.#interrupts.reloadIntervals();
  }

  #refresh(): void {
    this.#rx.refresh();
    this.#tx.refresh();
  }
}

function checkOptions(vectors: number, autonegotiationTime: number): void {
  if (!Number.isInteger(vectors) || vectors < 1 || vectors > MSIX_VECTORS) {
    throw new NicError('VECTORS', `expected 1 to ${String(MSIX_VECTORS)} MSI-X vectors, got ${String(vectors)}`);
  }
  if (!Number.isFinite(autonegotiationTime) || autonegotiationTime < 0) {
    throw new NicError('AUTONEGOTIATION_TIME', `expected nanoseconds, 0 or more, got ${String(autonegotiationTime)}`);
  }
}
