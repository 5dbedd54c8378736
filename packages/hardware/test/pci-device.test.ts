import { VirtualClock } from '@netcx/clock';
import { disableDevice, enableDevice, HostBridge, MsixTable, type AttachedSlot } from '@netcx/bus';
import { IdentityMap } from '@netcx/dma';
import { defineRegisters, register } from '@netcx/layout';
import { beforeEach, describe, expect, it } from 'vitest';
import { PciDevice, RegisterFile, type ConfigDescription } from '../src/index.ts';

const { CTRL, DATA } = defineRegisters({
  CTRL: register(0x0, 'rw', 0x55, 'Control'),
  DATA: register(0x4, 'rw', 0, 'Data'),
});

const DESCRIPTION: ConfigDescription = {
  vendorId: 0x8086,
  deviceId: 0x10c9,
  classCode: 0x02_0000,
  interruptPin: 1,
  bars: [{ kind: 'memory32', size: 0x1000 }, undefined, { kind: 'io', size: 32 }, { kind: 'memory64', size: 0x4000 }],
  capabilities: [
    { kind: 'powerManagement', offset: 0x40 },
    { kind: 'msi', offset: 0x50, messages: 4, maskable: true },
    { kind: 'msix', offset: 0x70, vectors: 40, table: { bar: 3, offset: 0 }, pending: { bar: 3, offset: 0x2000 } },
    { kind: 'pciExpress', offset: 0xa0 },
  ],
};

let clock: VirtualClock;
let slot: AttachedSlot;
let device: PciDevice;
let registers: RegisterFile;
let log: string[];

function plugIn(description = DESCRIPTION): void {
  log = [];
  clock = new VirtualClock();
  registers = new RegisterFile('test', { CTRL, DATA }, 0x1000);
  device = new PciDevice(description, {
    bars: [
      registers,
      undefined,
      { read32: (offset) => 0x1000 + offset, write32: (offset, value) => log.push(`io ${offset} ${value}`) },
    ],
    onReset: (kind) => {
      registers.reset();
      log.push(kind);
    },
    onChange: () => log.push(device.busMaster ? 'master' : 'slave'),
    onRemoved: () => log.push('removed'),
  });
  slot = new HostBridge(clock).attach(device, { dma: new IdentityMap() });
  log = [];
}
beforeEach(() => plugIn());

const command = (value: number): void => slot.function.writeConfig(4, 2, value);

describe('decoding', () => {
  it('follows memory space and I/O space, each for its own BARs', () => {
    const { function: fn } = slot;
    const both = (): readonly number[] => [fn.read32(0, 0), fn.read32(2, 4)];
    expect(both()).toEqual([0xffff_ffff, 0xffff_ffff]);
    command(2);
    expect(both()).toEqual([0x55, 0xffff_ffff]);
    command(1);
    expect(both()).toEqual([0xffff_ffff, 0x1004]);
    fn.write32(2, 8, 77);
    fn.write32(0, 0, 1);
    command(2);
    fn.write32(2, 8, 78);
    expect([fn.read32(0, 0), log.filter((line) => line.startsWith('io'))]).toEqual([0x55, ['io 8 77']]);
  });

  it('shows a model when each of its windows is open', () => {
    const windows = [device.window(0), device.window(2)];
    const open = (): boolean[] => windows.map((window) => window.open);
    const seen = [open()];
    for (const change of [() => command(2), () => command(1), () => command(3), () => slot.remove()]) {
      change();
      seen.push(open());
    }
    expect(seen.map((pair) => pair.map(Number).join(''))).toEqual(['00', '10', '01', '11', '00']);
    expect(() => device.window(6)).toThrow(expect.objectContaining({ code: 'BAD_BAR' }));
  });

  it('ends at the size of the BAR, and where there is none', () => {
    enableDevice(slot.function);
    slot.function.write32(0, 0x1000, 5);
    expect([
      slot.function.read32(0, 0xffc),
      slot.function.read32(0, 0x1000),
      slot.function.read32(1, 0),
      slot.function.read32(4, 0),
    ]).toEqual([0, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff]);
  });

  it('lets the MSI-X table share a BAR with registers', () => {
    const shared = new RegisterFile('shared', { CTRL, DATA }, 0x1000);
    const place = { bar: 0, offset: 0x800 };
    const other = new PciDevice(
      {
        vendorId: 1,
        deviceId: 2,
        classCode: 3,
        bars: [{ kind: 'memory32', size: 0x1000 }],
        capabilities: [{ kind: 'msix', vectors: 2, table: place, pending: { bar: 0, offset: 0xc00 } }],
      },
      { bars: [shared] },
    );
    const { function: fn } = new HostBridge(clock).attach(other, { dma: new IdentityMap() });
    enableDevice(fn);
    for (const offset of [0x0, 0x4, 0x800, 0x804, 0x80c, 0x81c, 0x820, 0xc00]) fn.write32(0, offset, 0x1234_5677);
    expect([0x0, 0x4, 0x800, 0x804, 0x80c, 0x81c, 0x820, 0xc00].map((offset) => fn.read32(0, offset))).toEqual([
      0x1234_5677, 0x1234_5677, 0x1234_5674, 0x1234_5677, 1, 1, 0, 0,
    ]);
  });
});

describe('states', () => {
  it('bus mastering follows the command register', () => {
    expect(device.busMaster).toBe(false);
    enableDevice(slot.function);
    expect(device.busMaster).toBe(true);
    disableDevice(slot.function);
    expect(device.busMaster).toBe(false);
    expect(log).toEqual(['master', 'slave']);
  });

  it('in D3 nothing but configuration space answers, and waking resets the function', () => {
    enableDevice(slot.function);
    slot.function.write32(0, 0, 9);
    slot.function.writeConfig(0x44, 2, 3);
    expect([slot.function.read32(0, 0), device.busMaster, slot.function.readConfig(0x44, 2)]).toEqual([
      0xffff_ffff,
      false,
      3,
    ]);
    log = [];
    slot.function.writeConfig(0x44, 2, 0);
    expect(log[0]).toBe('power');
    expect([slot.function.readConfig(0x04, 2), slot.function.readConfig(0x10, 4)]).toEqual([0, 0]);
    enableDevice(slot.function);
    expect(slot.function.read32(0, 0)).toBe(0x55);
  });

  it('waking keeps everything where the function says that it does', () => {
    plugIn({ ...DESCRIPTION, capabilities: [{ kind: 'powerManagement', keepsState: true }] });
    enableDevice(slot.function);
    slot.function.write32(0, 0, 9);
    slot.function.writeConfig(0x44, 2, 3);
    slot.function.writeConfig(0x44, 2, 0);
    expect([slot.function.read32(0, 0), device.busMaster]).toEqual([9, true]);
  });

  it('asks to be woken: PME_STATUS says so, the host hears of it where it wants to, and both outlive waking', () => {
    const at = 0x44; // PM_CTRL
    let woken = 0;
    slot.onWake(() => woken++);
    slot.function.writeConfig(at, 2, 3);
    expect(device.asleep).toBe(true);
    device.requestWake();
    clock.run();
    expect([woken, slot.function.readConfig(at, 2)]).toEqual([0, 0x8003]);
    slot.function.writeConfig(at, 2, 0x8103); // clears the mark, and enables
    device.requestWake();
    clock.run();
    expect([woken, slot.function.readConfig(at, 2)]).toEqual([1, 0x8103]);
    slot.function.writeConfig(at, 2, 0x0100);
    expect([device.asleep, slot.function.readConfig(at, 2)]).toEqual([false, 0x8100]);
    slot.function.writeConfig(at, 2, 0x8000);
    device.requestWake(true);
    clock.run();
    expect([woken, slot.function.readConfig(at, 2)]).toEqual([2, 0x8000]);
    slot.remove();
    device.requestWake(true);
    clock.run();
    expect([woken, device.asleep]).toEqual([2, false]);
  });

  it('says from which states it can ask, if it can', () => {
    expect(slot.function.readConfig(0x42, 2) >>> 11).toBe(0);
    const [, ...others] = DESCRIPTION.capabilities ?? [];
    plugIn({ ...DESCRIPTION, capabilities: [{ kind: 'powerManagement', offset: 0x40, wakes: true }, ...others] });
    expect(slot.function.readConfig(0x42, 2) >>> 11).toBe(0b0_1001); // D0 and D3 with power
  });

  it('a function-level reset forgets registers, configuration and MSI-X', () => {
    enableDevice(slot.function);
    const table = new MsixTable(slot);
    table.connect(0, () => undefined);
    table.enable();
    slot.function.write32(0, 0, 9);
    slot.function.writeConfig(0xa8, 2, 0x8000);
    expect(log.at(-2)).toBe('function');
    expect([
      slot.function.readConfig(4, 2),
      slot.function.readConfig(0x72, 2),
      slot.function.readConfig(0xa8, 2),
    ]).toEqual([0, 39, 0]);
    enableDevice(slot.function);
    expect([slot.function.read32(0, 0), slot.function.read32(3, 0), slot.function.read32(3, 12)]).toEqual([0x55, 0, 1]);
  });

  it('has no function-level reset where it is not described', () => {
    plugIn({ ...DESCRIPTION, capabilities: [{ kind: 'pciExpress', functionLevelReset: false }] });
    slot.function.writeConfig(0x48, 2, 0x8000);
    expect(log).toEqual([]);
  });

  it('a reset of the bus does the same', () => {
    enableDevice(slot.function);
    device.reset();
    expect(log.at(-2)).toBe('bus');
    expect(slot.function.readConfig(4, 2)).toBe(0);
  });

  it('once removed it touches nothing any more', () => {
    enableDevice(slot.function);
    slot.remove();
    expect([device.busMaster, device.removedFromBus, log.at(-1)]).toEqual([false, true, 'removed']);
    expect(device.read32(0, 0)).toBe(0xffff_ffff);
    device.interrupts.setLevel(true);
    device.interrupts.trigger(0);
    clock.run();
    expect(slot.counters()).toEqual({ interrupts: 0, messages: 0, coalescedMessages: 0, strayMessages: 0 });
  });

  it('that goes by itself answers all ones everywhere, lets go of the pin, and comes back for no reset', () => {
    let calls = 0;
    slot.connectIntx(() => calls++);
    enableDevice(slot.function);
    device.interrupts.setLevel(true);
    clock.advance(0);
    expect(calls).toBe(1);
    device.removed();
    device.removed();
    device.reset();
    clock.run();
    expect([calls, log.filter((entry) => entry === 'removed').length, log.at(-1)]).toEqual([1, 1, 'removed']);
    device.writeConfig(4, 2, 7);
    expect([device.readConfig(0, 4), device.readConfig(6, 2), device.readConfig(0x34, 1), device.read32(0, 0)]).toEqual(
      [0xffff_ffff, 0xffff, 0xff, 0xffff_ffff],
    );
  });

  it('is plugged in once', () => {
    expect(() => new HostBridge(clock).attach(device, { dma: new IdentityMap() })).toThrow(
      expect.objectContaining({ name: 'HardwareError', code: 'CONNECTED' }),
    );
  });
});

describe('a description', () => {
  it('needs a size for each handler, and room for the MSI-X table', () => {
    expect(() => new PciDevice({ vendorId: 1, deviceId: 2, classCode: 3 }, { bars: [registers] })).toThrow(
      expect.objectContaining({ code: 'BAD_BAR' }),
    );
    const bars = [{ kind: 'memory32', size: 0x100 }] as const;
    const capabilities = [
      { kind: 'msix', vectors: 16, table: { bar: 0, offset: 8 }, pending: { bar: 0, offset: 0 } },
    ] as const;
    expect(() => new PciDevice({ vendorId: 1, deviceId: 2, classCode: 3, bars, capabilities })).toThrow(
      expect.objectContaining({ code: 'BAD_CAPABILITY' }),
    );
  });
});
