import { VirtualClock } from '@netcx/clock';
import { enableDevice, HostBridge, MsixTable, type AttachedSlot } from '@netcx/bus';
import { IdentityMap } from '@netcx/dma';
import * as fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { PciDevice } from '../src/index.ts';

const VECTORS = 40;

let clock: VirtualClock;
let slot: AttachedSlot;
let device: PciDevice;
let calls: string[];

function plugIn(): void {
  calls = [];
  clock = new VirtualClock();
  device = new PciDevice({
    vendorId: 0x8086,
    deviceId: 0x10c9,
    classCode: 0x02_0000,
    interruptPin: 1,
    bars: [undefined, undefined, undefined, { kind: 'memory32', size: 0x4000 }],
    capabilities: [
      { kind: 'powerManagement', offset: 0x40 },
      { kind: 'msi', offset: 0x50, messages: 4, maskable: true },
      {
        kind: 'msix',
        offset: 0x70,
        vectors: VECTORS,
        table: { bar: 3, offset: 0 },
        pending: { bar: 3, offset: 0x2000 },
      },
    ],
  });
  slot = new HostBridge(clock).attach(device, { dma: new IdentityMap() });
  enableDevice(slot.function);
}
beforeEach(plugIn);

/** What was called since the last look. */
function called(): readonly string[] {
  clock.run();
  return calls.splice(0);
}
const pending = (): readonly number[] => [slot.function.read32(3, 0x2000), slot.function.read32(3, 0x2004)];
const setMaster = (on: boolean): void => slot.function.writeConfig(4, 2, on ? 6 : 2);

describe('MSI-X', () => {
  let table: MsixTable;
  beforeEach(() => {
    table = new MsixTable(slot);
    for (const vector of [0, 1, 33]) table.connect(vector, () => calls.push(String(vector)));
  });

  it('calls the handler of a vector that is raised', () => {
    table.enable();
    expect(device.interrupts.mode).toBe('msix');
    device.interrupts.trigger(33);
    device.interrupts.trigger(0);
    expect(called()).toEqual(['33', '0']);
    expect(pending()).toEqual([0, 0]);
  });

  it('does nothing while it is off, for vectors that are not there, and for vectors without a handler', () => {
    device.interrupts.trigger(0);
    table.enable();
    device.interrupts.trigger(VECTORS);
    device.interrupts.trigger(-1);
    device.interrupts.trigger(5);
    expect(called()).toEqual([]);
    expect(pending()).toEqual([1 << 5, 0]);
  });

  it('keeps a masked vector pending, and sends it once when it is unmasked', () => {
    table.enable();
    table.mask(1);
    table.mask(33);
    device.interrupts.trigger(1);
    device.interrupts.trigger(1);
    device.interrupts.trigger(33);
    expect([called(), pending()]).toEqual([[], [2, 2]]);
    table.unmask(1);
    expect([called(), pending()]).toEqual([['1'], [0, 2]]);
    table.unmask(33);
    expect([called(), pending()]).toEqual([['33'], [0, 0]]);
  });

  it('keeps everything pending while the function is masked', () => {
    table.enable();
    slot.function.writeConfig(0x72, 2, 0xc000);
    device.interrupts.trigger(0);
    device.interrupts.trigger(1);
    table.mask(1);
    expect([called(), pending()]).toEqual([[], [3, 0]]);
    slot.function.writeConfig(0x72, 2, 0x8000);
    expect([called(), pending()]).toEqual([['0'], [2, 0]]);
  });

  it('keeps everything pending while bus mastering is off', () => {
    table.enable();
    setMaster(false);
    device.interrupts.trigger(0);
    expect([called(), pending()]).toEqual([[], [1, 0]]);
    setMaster(true);
    expect([called(), pending()]).toEqual([['0'], [0, 0]]);
  });

  it('takes a message from a vector that is connected anew while another one is pending', () => {
    table.enable();
    table.mask(0);
    device.interrupts.trigger(0);
    table.connect(0, () => calls.push('new'));
    expect(called()).toEqual(['new']);
  });

  it('cannot be told what is pending', () => {
    slot.function.write32(3, 0x2000, 0xffff_ffff);
    expect(pending()).toEqual([0, 0]);
  });

  it('sends each vector as often as a model of it says, whatever the host does', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('trigger', 'mask', 'unmask'), vector: fc.nat(5) }) },
      fc.record({ do: fc.constantFrom('enable', 'disable', 'maskAll', 'master', 'slave'), vector: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        plugIn();
        const sent = [0, 0, 0, 0, 0, 0];
        const expected = [0, 0, 0, 0, 0, 0];
        const host = new MsixTable(slot);
        for (let vector = 0; vector < 6; vector++) host.connect(vector, () => sent[vector]!++);
        const masked = [false, false, false, false, false, false];
        const waiting = [false, false, false, false, false, false];
        let [enabled, maskAll, master] = [false, false, true];
        const settle = (): void => {
          for (let vector = 0; vector < 6; vector++) {
            if (!waiting[vector] || !enabled || maskAll || !master || masked[vector]) continue;
            waiting[vector] = false;
            expected[vector]!++;
          }
        };
        for (const { do: what, vector } of steps) {
          if (what === 'trigger') {
            device.interrupts.trigger(vector);
            if (enabled) waiting[vector] = true;
          } else if (what === 'mask' || what === 'unmask') {
            host[what](vector);
            masked[vector] = what === 'mask';
          } else if (what === 'enable' || what === 'disable') {
            host[what]();
            enabled = what === 'enable';
            if (enabled) maskAll = false;
          } else if (what === 'maskAll') {
            slot.function.writeConfig(0x72, 2, enabled ? 0xc000 : 0x4000);
            maskAll = true;
          } else {
            setMaster(what === 'master');
            master = what === 'master';
          }
          settle();
          clock.run();
          expect(sent).toEqual(expected);
          const bits = waiting.reduce((sum, waits, index) => sum + (waits ? 1 << index : 0), 0);
          expect(pending()[0]).toBe(bits);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('MSI', () => {
  /** Programs the capability as an operating system does, for so many messages. */
  function enableMsi(log2: number): void {
    const messages = Array.from({ length: 4 }, (_, index) => slot.allocateMessage(() => calls.push(String(index))));
    const [first] = messages;
    slot.function.writeConfig(0x54, 4, first?.addressLow ?? 0);
    slot.function.writeConfig(0x58, 4, first?.addressHigh ?? 0);
    slot.function.writeConfig(0x5c, 2, first?.data ?? 0);
    slot.function.writeConfig(0x52, 2, 1 | (log2 << 4));
  }

  it('sends the message with its number in the low bits of the data', () => {
    enableMsi(2);
    expect(device.interrupts.mode).toBe('msi');
    for (const message of [3, 0, 2]) device.interrupts.trigger(message);
    expect(called()).toEqual(['3', '0', '2']);
  });

  it('shares the messages that the host granted', () => {
    enableMsi(1);
    device.interrupts.trigger(3);
    device.interrupts.trigger(2);
    expect(called()).toEqual(['1', '0']);
  });

  it('never has more messages than the function offers', () => {
    enableMsi(5);
    device.interrupts.trigger(6);
    expect(called()).toEqual(['2']);
  });

  it('keeps masked messages pending, and shows them', () => {
    enableMsi(2);
    slot.function.writeConfig(0x60, 4, 0b0110);
    for (const message of [0, 1, 1, 2]) device.interrupts.trigger(message);
    expect([called(), slot.function.readConfig(0x64, 4)]).toEqual([['0'], 0b0110]);
    slot.function.writeConfig(0x60, 4, 0b0100);
    expect([called(), slot.function.readConfig(0x64, 4)]).toEqual([['1'], 0b0100]);
    setMaster(false);
    slot.function.writeConfig(0x60, 4, 0);
    expect(called()).toEqual([]);
    setMaster(true);
    expect([called(), slot.function.readConfig(0x64, 4)]).toEqual([['2'], 0]);
  });

  it('yields to MSI-X', () => {
    enableMsi(2);
    const table = new MsixTable(slot);
    table.connect(0, () => calls.push('msix'));
    table.enable();
    device.interrupts.trigger(0);
    expect(called()).toEqual(['msix']);
  });

  it('raises message 0 when the level rises', () => {
    enableMsi(0);
    device.interrupts.setLevel(true);
    device.interrupts.setLevel(true);
    expect(called()).toEqual(['0']);
    device.interrupts.setLevel(false);
    device.interrupts.setLevel(true);
    expect(called()).toEqual(['0']);
  });
});

describe('INTx', () => {
  beforeEach(() =>
    slot.connectIntx(() => {
      calls.push('pin');
      device.interrupts.setLevel(false);
    }),
  );
  const status = (): number => (slot.function.readConfig(6, 2) >>> 3) & 1;

  it('is a level', () => {
    device.interrupts.setLevel(true);
    expect(status()).toBe(1);
    expect([called(), status()]).toEqual([['pin'], 0]);
  });

  it('knows no vectors', () => {
    device.interrupts.trigger(0);
    expect(called()).toEqual([]);
  });

  it('can be kept silent by the host, while the status shows it', () => {
    slot.function.writeConfig(4, 2, 0x406);
    device.interrupts.setLevel(true);
    expect([called(), status()]).toEqual([[], 1]);
    slot.function.writeConfig(4, 2, 0x006);
    expect(called()).toEqual(['pin']);
  });

  it('is silent while messages are on, and in D3', () => {
    const table = new MsixTable(slot);
    table.connect(0, () => calls.push('msix'));
    table.enable();
    device.interrupts.setLevel(true);
    expect([called(), status()]).toEqual([['msix'], 0]);
    table.disable();
    expect(called()).toEqual(['pin']);
    slot.function.writeConfig(0x44, 2, 3);
    device.interrupts.setLevel(true);
    expect([called(), status()]).toEqual([[], 0]);
  });

  it('is not there for a function without a pin', () => {
    const mute = new PciDevice({ vendorId: 1, deviceId: 2, classCode: 3 });
    const other = new HostBridge(clock).attach(mute, { dma: new IdentityMap() });
    other.connectIntx(() => calls.push('mute'));
    mute.interrupts.setLevel(true);
    expect(called()).toEqual([]);
  });

  it('falls with a reset', () => {
    device.interrupts.setLevel(true);
    device.reset();
    expect([called(), status()]).toEqual([[], 0]);
  });
});
