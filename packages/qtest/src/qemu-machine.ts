/*
 * A machine of QEMU's with network devices: what `HostBridge` is for models in this process. The machine's time and the
 * clock's are one: whenever the clock is about to let time pass, QEMU's passes first, in small steps, and stops where a
 * device has interrupted.
 */

import { AddressWindows, assignBars } from '@netcx/bus';
import type { VirtualClock } from '@netcx/clock';
import { QemuProcess } from './qemu-process.ts';
import { QemuWire } from './qemu-wire.ts';
import { QtestError } from './qtest-error.ts';
import { QtestSlot } from './qtest-slot.ts';
import type { Ram } from './ram.ts';

/**
 * Nanoseconds between two looks at what the devices did while time passes: at first; twice as long each time, since what
 * comes later need not be seen as exactly; and at most.
 */
const FIRST_STEP = 10_000;
const LONGEST_STEP = 1_000_000;
/** The first slot of the root bus that a q35 machine leaves free. */
const FIRST_DEVICE = 4;
/** Where a q35 machine's interrupt controller has the first pins of its root bus: a slot's by its number, in turns of four. */
const FIRST_PCI_LINE = 20;
const PCI_LINES = 4;
const IOAPIC = 'ioapic';

/** A network device to have. */
export interface QemuDevice {
  /** QEMU's name of its model, such as `igb`. */
  readonly model: string;
  /** Its station address. */
  readonly macAddress: Uint8Array;
}

/** How a machine is started. */
export interface QemuMachineOptions {
  /** The QEMU program, version 11.1 or later with its qtest accelerator. */
  readonly program: string;
  /** The machine's RAM, which is this process's host memory. One machine at a time may have it. */
  readonly ram: Ram;
  /** The machine's time. */
  readonly clock: VirtualClock;
  /** Its network devices, at most 6. */
  readonly devices: readonly QemuDevice[];
}

/** A device in its slot, and its wire. */
export interface QemuStation {
  readonly slot: QtestSlot;
  readonly wire: QemuWire;
}

/** A running machine. */
export class QemuMachine {
  /** Its network devices, in the order in which they were asked for. */
  readonly stations: readonly QemuStation[] = [];
  readonly #process: QemuProcess;
  readonly #clock: VirtualClock;
  readonly #leave: () => void;

  /**
   * Starts it and places the devices' BARs, as firmware does.
   *
   * @param options - program, RAM, clock and devices
   * @throws QtestError `NOT_STARTED`, `NO_DEVICE`, `SYSTEM`, and whatever a first conversation with QEMU may bring
   */
  constructor(options: QemuMachineOptions) {
    const { program, ram, clock, devices } = options;
    this.#clock = clock;
    const surroundings = {
      barrier: () => {
        this.#process.channel.ping();
        this.#look();
      },
      setLink: (id: string, up: boolean) => {
        this.#process.monitor.setLink(id, up);
      },
    };
    const wires = devices.map((_device, index) => new QemuWire(ram, `wire${String(index)}`, surroundings));
    const close = (): void => {
      for (const wire of wires) wire.close();
    };
    try {
      this.#process = new QemuProcess({ program, ram, devices: deviceArguments(devices, wires) }, (line, raised) => {
        // Devices may share a line: each is told of it, and finds out whether it is meant.
        for (const [index, { slot }] of this.stations.entries()) if (line === lineOf(index)) slot.setIntx(raised);
      });
    } catch (error) {
      close();
      throw error;
    }
    try {
      this.stations = this.#enumerate(wires);
    } catch (error) {
      this.#process.close();
      close();
      throw error;
    }
    this.#leave = clock.accompany({ follow: (from, to) => this.#pass(from, to) });
  }

  /** Commands that QEMU has answered so far. */
  get commands(): number {
    return this.#process.channel.commands;
  }

  /** From now on INTx is seen: costs a line of text whenever it changes. */
  watchIntx(): void {
    this.#process.channel.interceptIrqs(IOAPIC);
  }

  /** Ends the machine. */
  close(): void {
    this.#leave();
    this.#process.close();
    for (const { wire } of this.stations) wire.close();
  }

  /** Finds the devices and places their BARs. */
  #enumerate(wires: readonly QemuWire[]): readonly QemuStation[] {
    const { channel } = this.#process;
    const windows = new AddressWindows();
    return wires.map((wire, index) => {
      const slot = new QtestSlot(channel, this.#clock, place(index), () => {
        this.#look();
      });
      if (slot.function.readConfig(0, 4) === 0xffff_ffff)
        throw new QtestError('NO_DEVICE', `${slot.function.name}: nothing answers where a device should be`);
      assignBars(slot.function, windows);
      return { slot, wire };
    });
  }

  /** Lets QEMU's time pass up to `to`, or to where a device has interrupted. */
  #pass(from: number, to: number): number {
    let now = from;
    for (let length = FIRST_STEP; now < to; length = Math.min(length * 2, LONGEST_STEP)) {
      const step = Math.min(length, to - now);
      this.#process.channel.clockStep(step);
      now += step;
      const before = this.#clock.due;
      this.#look();
      if (this.#clock.due > before) break;
    }
    return now;
  }

  #look(): void {
    for (const { slot, wire } of this.stations) {
      wire.look();
      slot.look();
    }
  }
}

/** Every other slot: the virtual functions of an `igb` take two of those from 16 further on. */
const place = (index: number): number => FIRST_DEVICE + 2 * index;

/** The line that a device's pin leads to. */
const lineOf = (index: number): number => FIRST_PCI_LINE + (place(index) % PCI_LINES);

function deviceArguments(devices: readonly QemuDevice[], wires: readonly QemuWire[]): readonly string[] {
  return devices.flatMap(({ model, macAddress }, index) => {
    const wire = wires[index];
    const at = `bus=pcie.0,addr=${place(index).toString(16)}.0,romfile=`;
    return wire === undefined
      ? []
      : [...wire.arguments, '-device', `${model},netdev=${wire.id},mac=${macText(macAddress)},${at}`];
  });
}

function macText(address: Uint8Array): string {
  return [...address].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}
