/*
 * The Intel 82576 as a PCI endpoint: makes the parts, connects them, and carries out the resets. Each part owns its
 * registers; this file owns only CTRL and the control registers that more than one part wants to hear of.
 */

import type { AccessSize, PciEndpoint, RegisterPort, Upstream } from '@netcx/bus';
import { MILLISECOND, type Clock } from '@netcx/clock';
import { DmaPort, PciDevice, RegisterFile, type LinkEnd } from '@netcx/hardware';
import { allOrNone } from '@netcx/hardware/wire';
import type { Register } from '@netcx/layout';
import { configuration } from './configuration.ts';
import { DmaGate } from './dma-gate.ts';
import { Eeprom, eepromImage } from './eeprom.ts';
import type { EngineParts } from './engine.ts';
import { Faults, type FaultInjector } from './faults.ts';
import { Filter } from './filter.ts';
import { InterruptTap } from './interrupt-tap.ts';
import { Interrupts } from './interrupts.ts';
import { IoWindow } from './io-window.ts';
import { macBytes, type MacAddress } from './mac-address.ts';
import { MacPort } from './mac-port.ts';
import { NicError } from './nic-error.ts';
import { Phy } from './phy.ts';
import { BAR, MSIX_VECTORS, REGISTERS, RX_QUEUES, TX_QUEUES } from './registers/index.ts';
import { RESETS, resetRegisters, type NicReset } from './reset.ts';
import { describeRings, type RingDumpOptions } from './ring-dump.ts';
import { RxEngine } from './rx-engine.ts';
import { installSemaphores } from './semaphores.ts';
import { Statistics } from './statistics.ts';
import { tailPort } from './tail-port.ts';
import { Timers } from './timers.ts';
import { Timestamps } from './timestamps.ts';
import { TxEngine } from './tx-engine.ts';

const {
  CRCERRS,
  CTRL,
  HTDPMC,
  ICR,
  MPC,
  MRQC,
  RCTL,
  RFC,
  RFCTL,
  RJC,
  RLPML,
  ROC,
  RQDPC,
  RUC,
  RXCSUM,
  STATUS,
  TCTL,
  VET,
  VFTA,
} = REGISTERS;

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

/** What `describe` prints. */
export interface DescribeOptions extends RingDumpOptions {
  /** Which registers; all when left out. */
  readonly registers?: (register: Register) => boolean;
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
  readonly #faults: Faults;
  readonly #interrupts: Interrupts;
  readonly #statistics: Statistics;
  readonly #filter: Filter;
  readonly #port: MacPort;
  readonly #io: IoWindow;
  readonly #timers: Timers;
  readonly #timestamps: Timestamps;
  readonly #rx: RxEngine;
  readonly #tx: TxEngine;
  /** Whether its memory was given back. */
  #closed = false;
  /** Lets the queues go on; there while the driver has stopped bus mastering by CTRL.GIO_MASTER_DISABLE. */
  #startMastering: (() => void) | undefined;

  /**
   * @param options - clock, wire, address
   * @throws NicError for a value that no 82576 has; RangeError when the devices' memory is used up: nothing of it is taken then
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
        this.#timers.reset();
        this.phy.remove();
      },
    });
    this.dma = new DmaPort(this.device);
    this.eeprom = new Eeprom(this.registers, options.eeprom ?? eepromImage(macBytes(macAddress)));
    installSemaphores(this.registers);
    const tap = new InterruptTap(this.device.interrupts, clock);
    this.#interrupts = new Interrupts(this.registers, tap, clock, () => (this.#statistics.IAC += 1));
    this.#timers = new Timers(this.registers, clock, () => this.#interrupts.otherCause(ICR.DRSTA.mask));
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
    this.#faults = new Faults({
      clock,
      tap,
      gate: new DmaGate(this.device, this.dma),
      phy: this.phy,
      eeprom: this.eeprom,
      resume: () => this.#refresh(),
      remove: () => this.removed(),
    });
    this.#timestamps = new Timestamps(this.registers, clock, () => this.#rx.refresh());
    // The parts that take device memory.
    const [statistics, rx, tx] = allOrNone(() => {
      const counted = new Statistics(this.registers);
      const parts: EngineParts = {
        registers: this.registers,
        dma: this.dma,
        interrupts: this.#interrupts,
        statistics: counted,
        filter: this.#filter,
        port: this.#port,
        power: this.device,
        clock,
        faults: this.#faults,
        timestamps: this.#timestamps,
      };
      return [counted, new RxEngine(parts, { count: RX_QUEUES }), new TxEngine(parts, { count: TX_QUEUES })] as const;
    });
    this.#statistics = statistics;
    this.#rx = rx;
    this.#tx = tx;
    this.#connect();
    this.#reset('powerOn');
  }

  /** What can be made to go wrong. */
  get faults(): FaultInjector {
    return this.#faults;
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
    const value = this.device.read32(bar, offset);
    if (this.#faults.counting) this.#faults.accessed();
    return value;
  }

  write32(bar: number, offset: number, value: number): void {
    this.device.write32(bar, offset, value);
    if (this.#faults.counting) this.#faults.accessed();
  }

  port(bar: number, offset: number): RegisterPort | undefined {
    if (bar !== BAR.REGISTERS.index) return undefined;
    const around = {
      registers: this.registers,
      window: this.device.window(bar),
      faults: this.#faults,
      write32: (at: number, value: number) => this.write32(bar, at, value),
    };
    return tailPort(offset, around, this.#tx, this.#rx);
  }

  reset(): void {
    this.device.reset();
  }

  removed(): void {
    this.device.removed();
  }

  /**
   * @param options - which registers, which queues, how many descriptors of each
   * @returns what a person who debugs wants to see: the link, the registers with their fields, the rings with their
   * descriptors as they are in memory, the PHY's registers. Looking changes nothing
   */
  describe(options: DescribeOptions = {}): string {
    this.#statistics.flush();
    this.#interrupts.mirror();
    this.registers.set(STATUS, this.#port.status());
    const link = this.linkUp ? 'link up' : 'link down';
    const loopback = this.#port.loopback ? ', looped back' : '';
    return [
      `${this.name}: ${link}${loopback}`,
      this.registers.describe(options.registers),
      ...describeRings(this.registers, new DmaPort(this.device), options),
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
    let dropped = 0;
    for (let queue = 0; queue < RQDPC.count; queue++) dropped += this.registers.get(RQDPC, queue);
    return {
      'nic: no room in the packet buffer (MPC)': count(MPC),
      'nic: wrong frame check sequence (CRCERRS)': count(CRCERRS),
      'nic: undersized (RUC)': count(RUC),
      'nic: oversized (ROC)': count(ROC),
      'nic: undersized and damaged (RFC)': count(RFC),
      'nic: oversized and damaged (RJC)': count(RJC),
      'nic: no descriptor in its queue (RQDPC)': dropped,
      'nic: frame to send longer than any (HTDPMC)': count(HTDPMC),
      'nic: descriptor of a kind that is not modelled': this.#tx.unsupported,
      'nic: transmit descriptors and context that contradict each other': this.#tx.contradictory,
      'nic: memory out of reach (master abort)': this.dma.masterAborts,
    };
  }

  /** Gives the chip's buffers back to the devices' memory, once; the model must not be used any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.device.removed();
    this.#faults.clear();
    this.#rx.close();
    this.#tx.close();
    this.#statistics.close();
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
    this.#port.connect({
      phy: this.phy,
      rx,
      tx,
      linkChanged: () => {
        this.#interrupts.otherCause(ICR.LSC.mask);
        rx.linkChanged();
      },
    });
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
    this.#allowMastering(CTRL.GIO_MASTER_DISABLE.get(value) === 0);
    this.#refresh();
  }

  #allowMastering(allowed: boolean): void {
    if (allowed) {
      this.#startMastering?.();
      this.#startMastering = undefined;
    } else {
      this.#startMastering ??= this.#faults.stopAll();
    }
  }

  #reset(kind: NicReset): void {
    const scope = RESETS[kind];
    resetRegisters(this.registers, scope);
    this.eeprom.load();
    this.#io.reset();
    this.#timers.reset();
    this.#timestamps.reset();
    this.#allowMastering(true);
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
