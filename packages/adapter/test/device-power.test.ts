/*
 * What wakes a device and what it answers for in sleep: said by the driver, asked for by protocols, listed while power
 * changes, and reported when it wakes.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bitmapMatches,
  Configuration,
  ViolationError,
  WakePatternId,
  type NetDevice,
  type NsOffload,
  type ArpOffload,
  type TransitionList,
  type WakeSource,
} from '../src/index.ts';
import { seeded } from './conservation.ts';
import { DeviceRig } from './device-rig.ts';

const ruleOf = (action: () => unknown): number => {
  try {
    action();
    return -1;
  } catch (error) {
    if (error instanceof ViolationError) return error.rule.number;
    throw error;
  }
};

const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
const arp: ArpOffload = {
  type: 'arp',
  remoteIPv4Address: new Uint8Array(4),
  hostIPv4Address: Uint8Array.of(192, 0, 2, 1),
  linkLayerAddress: mac,
};
const ns = (targets: number): NsOffload => ({
  type: 'ns',
  remoteIPv6Address: new Uint8Array(16),
  solicitedNodeIPv6Address: new Uint8Array(16),
  targetIPv6Addresses: Array.from({ length: targets }, () => new Uint8Array(16)),
  linkLayerAddress: mac,
});
const pattern = { mask: Uint8Array.of(0b0011_0000), pattern: Uint8Array.of(0, 0, 0, 0, 0x08, 0x06) };

/** A device whose NIC can everything, with what its driver saw in the lists. */
function capable(more: ConstructorParameters<typeof DeviceRig>[1] = {}): { rig: DeviceRig; seen: unknown[] } {
  const seen: unknown[] = [];
  const look = (device: NetDevice) => (): void => {
    seen.push(
      [...device.wakeSources].map(({ type }) => type),
      [...device.powerOffloads].map(({ type }) => type),
    );
  };
  const rig: DeviceRig = new DeviceRig(['a'], {
    ...more,
    callbacks: { armWake: () => look(rig.device)(), ...more.callbacks },
  });
  const { power } = rig.adapters[0]!;
  power.setPowerOffloadCapabilities({ arp: 1, ns: 2 });
  power.setWakeCapabilities({
    bitmap: { maximumPatternCount: 2, maximumPatternSize: 128 },
    magicPacket: true,
    eapolPacket: true,
    mediaChange: { connect: true, disconnect: true },
    packetFilter: true,
  });
  return { rig, seen };
}

describe('wake sources and power offloads', () => {
  it('are listed to the driver while the device powers down, those that are on', async () => {
    const { rig, seen } = capable();
    const { power } = rig.adapters[0]!;
    power.addPowerOffload(arp);
    const solicited = power.addPowerOffload(ns(2));
    power.addWakePattern(pattern);
    power.addWakePattern('magicPacket');
    power.addWakePattern('eapolPacket');
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D3', { wake: true }));
    expect(seen.splice(0)).toEqual([
      ['bitmapPattern', 'magicPacket', 'eapolPacket'],
      ['arp', 'ns'],
    ]);
    await rig.run(rig.device.powerUp());
    power.enable({ patterns: false, mediaConnect: true, packetFilter: true });
    expect(power.removePowerOffload(solicited)).toBe(true);
    expect(power.removePowerOffload(solicited)).toBe(false);
    await rig.run(rig.device.powerDown('D2', { wake: true }));
    expect(seen).toEqual([['mediaChange', 'packetFilterMatch'], ['arp']]);
    await rig.run(rig.device.remove());
  });

  it('are those of all adapters', async () => {
    const rig: DeviceRig = new DeviceRig(['a', 'b'], {
      callbacks: { d0Exit: () => void (names = [...rig.device.wakeSources].map(({ adapter }) => adapter)) },
    });
    let names: string[] = [];
    for (const { power } of rig.adapters) {
      power.setWakeCapabilities({ magicPacket: true });
      power.addWakePattern('magicPacket');
    }
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D1'));
    expect(names).toEqual(['a', 'b']);
  });

  it('cannot be listed while power does not change, nor read afterwards', async () => {
    let kept: TransitionList<WakeSource> | undefined;
    const { rig } = capable({
      callbacks: { d0Exit: () => void (kept = rig.device.wakeSources), armWake: () => undefined },
    });
    rig.adapters[0]!.power.addWakePattern('magicPacket');
    await rig.run(rig.device.start());
    expect(ruleOf(() => rig.device.wakeSources)).toBe(0x2e);
    expect(ruleOf(() => rig.device.powerOffloads)).toBe(0x2e);
    const asleep = rig.device.powerDown('D3', { wake: true });
    await rig.run(asleep);
    expect(ruleOf(() => kept!.count)).toBe(0x31);
    expect(ruleOf(() => kept!.at(0))).toBe(0x31);
    expect(ruleOf(() => [...kept!])).toBe(0x31);
    expect(ruleOf(() => rig.device.wakeSources)).toBe(0x2e);
  });

  it('are 0x30 for a list of power offloads that is read too late', async () => {
    let read: (() => unknown) | undefined;
    const { rig } = capable({
      callbacks: {
        d0Exit: () => {
          const list = rig.device.powerOffloads;
          expect([list.count, list.at(0)]).toEqual([1, { ...arp, id: 1, adapter: 'a' }]);
          read = () => list.count;
        },
        armWake: () => undefined,
      },
    });
    rig.adapters[0]!.power.addPowerOffload(arp);
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D3'));
    expect(ruleOf(read!)).toBe(0x30);
  });

  it('are as many as the NIC has room for', () => {
    const { rig } = capable();
    const { power } = rig.adapters[0]!;
    power.addPowerOffload(arp);
    expect(() => power.addPowerOffload(arp)).toThrow('POWER_LIST_FULL: a: no room for another arp; expected at most 1');
    power.addPowerOffload(ns(1));
    expect(() => power.addPowerOffload(ns(2))).toThrow('POWER_LIST_FULL'); // each target takes an address
    power.addPowerOffload(ns(1));
    power.addWakePattern(pattern);
    const second = power.addWakePattern(pattern);
    expect(() => power.addWakePattern(pattern)).toThrow(
      'POWER_LIST_FULL: a: no room for another bitmapPattern; expected at most 2',
    );
    expect(power.removeWakePattern(second)).toBe(true);
    power.addWakePattern(pattern);
  });

  it('are what the driver says there is room for, when it looks', () => {
    const asked: unknown[] = [];
    const { rig } = capable({
      callbacks: {
        previewBitmapPattern: (source) => asked.push(source) < 2,
        previewPowerOffload: (offload) => asked.push(offload) < 2,
      },
    });
    const { power } = rig.adapters[0]!;
    const id = power.addWakePattern(pattern);
    expect(asked).toEqual([{ type: 'bitmapPattern', ...pattern, id, adapter: 'a' }]);
    expect(() => power.addWakePattern(pattern)).toThrow('POWER_LIST_FULL');
    expect(() => power.addPowerOffload(arp)).toThrow('POWER_LIST_FULL');
    expect([power.enabledWakeSources.length, power.enabledPowerOffloads.length]).toEqual([1, 0]);
  });

  it('are refused where the NIC cannot do them', () => {
    const rig = new DeviceRig();
    const { power } = rig.adapters[0]!;
    for (const ask of [
      () => power.addPowerOffload(arp),
      () => power.addPowerOffload(ns(1)),
      () => power.addWakePattern(pattern),
      () => power.addWakePattern('magicPacket'),
      () => power.addWakePattern('eapolPacket'),
      () => power.enable({ mediaConnect: true }),
      () => power.enable({ mediaDisconnect: true }),
      () => power.enable({ packetFilter: true }),
    ])
      expect(ask).toThrow('POWER_NOT_SUPPORTED');
  });

  it.each([
    ['a short address', { ...arp, hostIPv4Address: new Uint8Array(3) }, 'hostIPv4Address has 3 bytes; expected 4'],
    ['no target', ns(0), '0 targets; expected 1 or 2'],
    ['three targets', ns(3), '3 targets; expected 1 or 2'],
    [
      'a short target',
      { ...ns(1), targetIPv6Addresses: [new Uint8Array(4)] },
      'targetIPv6Addresses has 4 bytes; expected 16',
    ],
    ['no answer', { ...arp, linkLayerAddress: new Uint8Array(0) }, 'linkLayerAddress has 0 bytes; expected 1 to 32'],
  ])('are refused with %s', (_, request, message) => {
    const { rig } = capable();
    expect(() => rig.adapters[0]!.power.addPowerOffload(request)).toThrow(`POWER_OFFLOAD_INVALID: a: ${message}`);
  });

  it.each([
    ['no bytes', { mask: new Uint8Array(0), pattern: new Uint8Array(0) }, 'a pattern of 0 bytes; expected 1 to 128'],
    [
      'too many bytes',
      { mask: new Uint8Array(17), pattern: new Uint8Array(129) },
      'a pattern of 129 bytes; expected 1 to 128',
    ],
    ['a short mask', { mask: Uint8Array.of(1), pattern: new Uint8Array(9) }, 'a mask of 1 bytes; expected 2'],
    ['no bit', { mask: Uint8Array.of(0), pattern: new Uint8Array(8) }, 'a mask of no bits'],
    [
      'a bit behind the end',
      { mask: Uint8Array.of(0x40), pattern: new Uint8Array(6) },
      'a mask with bits behind the end',
    ],
  ])('are refused as patterns of %s', (_, source, message) => {
    const { rig } = capable();
    expect(() => rig.adapters[0]!.power.addWakePattern(source)).toThrow(`WAKE_PATTERN_INVALID: a: ${message}`);
  });

  it('are said before the adapter starts', async () => {
    const { rig } = capable();
    const { power } = rig.adapters[0]!;
    expect(() => {
      power.setPowerOffloadCapabilities({ arp: -1 });
    }).toThrow('CAPABILITIES_INVALID: a: arp is -1; expected 0 or more');
    expect(() => {
      power.setWakeCapabilities({ bitmap: { maximumPatternCount: 0, maximumPatternSize: 1 } });
    }).toThrow('CAPABILITIES_INVALID: a: bitmap.maximumPatternCount is 0; expected 1 to 65535');
    expect(() => {
      power.setWakeCapabilities({ mediaChange: { connect: false, disconnect: false } });
    }).toThrow('CAPABILITIES_INVALID');
    expect(ruleOf(() => power.setPowerOffloadCapabilities({ tcp: 1 } as never))).toBe(0x58);
    expect(power.powerOffloadCapabilities).toEqual({ arp: 1, ns: 2 });
    await rig.run(rig.device.start());
    expect(ruleOf(() => power.setWakeCapabilities({}))).toBe(0x03);
    expect(ruleOf(() => power.setPowerOffloadCapabilities({}))).toBe(0x03);
  });
});

it('keywords turn off what the NIC can do in sleep', () => {
  const rig = new DeviceRig([]);
  const off = { '*WakeOnPattern': 0, '*WakeOnMagicPacket': 0, '*PMARPOffload': 0, '*PMNSOffload': '0' };
  const { power } = rig.add('off', { configuration: new Configuration('off', off) });
  power.setPowerOffloadCapabilities({ arp: 1, ns: 2 });
  power.setWakeCapabilities({
    bitmap: { maximumPatternCount: 1, maximumPatternSize: 8 },
    magicPacket: true,
    eapolPacket: true,
  });
  expect([power.powerOffloadCapabilities, power.wakeCapabilities]).toEqual([
    { arp: 0, ns: 0 },
    { magicPacket: false, eapolPacket: true },
  ]);
  for (const ask of [
    () => power.addPowerOffload(arp),
    () => power.addPowerOffload(ns(1)),
    () => power.addWakePattern(pattern),
    () => power.addWakePattern('magicPacket'),
  ])
    expect(ask).toThrow('POWER_NOT_SUPPORTED');
  power.addWakePattern('eapolPacket'); // which no keyword names
});

describe('a reason to wake', () => {
  const packet = { patternId: WakePatternId.magicPacket, originalSize: 2000, frame: new Uint8Array(2000).fill(7) };

  it('is reported while the device wakes, and the protocol is told before it works', async () => {
    const { rig } = capable({ callbacks: { disarmWake: () => rig.adapters[0]!.power.reportWakeReasonPacket(packet) } });
    rig.attach();
    const { power } = rig.adapters[0]!;
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D3', { wake: true }));
    rig.take();
    await rig.run(rig.device.powerUp());
    expect(rig.take().filter((line) => line.includes('told'))).toEqual(['a told woken by packet', 'a told D0']);
    expect(power.lastWakeReason).toEqual({
      kind: 'packet',
      patternId: WakePatternId.magicPacket,
      originalSize: 2000,
      frame: new Uint8Array(1514).fill(7),
    });
  });

  it('may be the link', async () => {
    let rule = 0;
    const { rig } = capable({
      callbacks: {
        disarmWake: () => {
          const { power } = rig.adapters[0]!;
          rule = ruleOf(() => power.reportWakeReasonMediaChange('unknown' as never));
          power.reportWakeReasonMediaChange('connected');
        },
      },
    });
    await rig.run(rig.device.start());
    await rig.run(rig.device.powerDown('D3', { wake: true }));
    await rig.run(rig.device.powerUp());
    expect([rule, rig.adapters[0]!.power.lastWakeReason]).toEqual([0x2d, { kind: 'mediaChange', change: 'connected' }]);
  });

  it('is refused at any other time', async () => {
    const { rig } = capable();
    const { power } = rig.adapters[0]!;
    const refused = (): void => {
      expect(ruleOf(() => power.reportWakeReasonPacket(packet))).toBe(0x2f);
      expect(ruleOf(() => power.reportWakeReasonMediaChange('connected'))).toBe(0x2f);
    };
    refused();
    await rig.run(rig.device.start());
    refused();
    await rig.run(rig.device.powerDown('D3', { wake: true }));
    refused();
    await rig.run(rig.device.powerUp());
    refused();
    expect(power.lastWakeReason).toBe(undefined);
  });

  it('arms and disarms only when it was asked to wake the machine', async () => {
    const rig = new DeviceRig();
    await rig.run(rig.device.start());
    rig.take();
    await rig.run(rig.device.powerDown('D3'));
    await rig.run(rig.device.powerUp());
    expect(rig.take().filter((line) => line.includes('Wake'))).toEqual([]);
    await rig.run(rig.device.powerDown('D3', { wake: true }));
    await rig.run(rig.device.powerUp());
    expect(rig.take()).toEqual([
      'selfManagedIoSuspend',
      'a tx stop',
      'armWake D3',
      'd0Exit D3',
      'd0Entry D3',
      'disarmWake',
      'a createTxQueue',
      'a tx start',
      'selfManagedIoRestart',
    ]);
    rig.fails.add('armWake D3');
    await expect(rig.run(rig.device.powerDown('D3', { wake: true }))).rejects.toThrow('armWake D3 fails');
    rig.take();
    expect(rig.device.state).toBe('Dx'); // asleep all the same, but for good
    await rig.run(rig.device.powerUp());
    expect(rig.take()).not.toContain('disarmWake');
  });
});

it('a pattern matches the frames that have its bytes where its mask has bits', () => {
  expect(bitmapMatches(pattern, Uint8Array.of(9, 9, 9, 9, 0x08, 0x06, 9))).toBe(true);
  expect(bitmapMatches(pattern, Uint8Array.of(9, 9, 9, 9, 0x08, 0x07, 9))).toBe(false);
  expect(bitmapMatches(pattern, Uint8Array.of(9, 9, 9, 9, 0x08))).toBe(false); // ends before a byte that counts
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(
      bytes,
      fc.uint8Array({ minLength: 5, maxLength: 5 }),
      fc.uint8Array({ maxLength: 40 }),
      (want, bits, frame) => {
        const counting = [...want.keys()].filter((at) => (bits[Math.floor(at / 8)]! & (1 << (at % 8))) !== 0);
        const mask = bits.slice(0, Math.ceil(want.length / 8));
        mask[mask.length - 1]! &= 0xff >> (8 * mask.length - want.length);
        expect(bitmapMatches({ mask, pattern: want }, frame)).toBe(counting.every((at) => frame[at] === want[at]));
      },
    ),
    seeded('patterns', 300),
  );
});
