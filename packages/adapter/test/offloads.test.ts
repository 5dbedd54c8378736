/*
 * What is advertised, asked for, on, and done by whom: before start and while frames are under way. The driver is told in
 * order, and what it has it completes as it was promised.
 */

import { describe, expect, it } from 'vitest';
import {
  AdapterError,
  Configuration,
  type OffloadCapabilities,
  type OffloadChange,
  type OffloadSet,
} from '../src/index.ts';
import { buildFakeMachine, type FakeMachineOptions } from './fake-machine.ts';
import { buildFrame, naiveChecksums, naiveSegments, plainShape } from './offload-frames.ts';
import { buildOffloadRig } from './offload-rig.ts';
import { refusal } from './refusal.ts';

const every = { layer3: 15, layer4: 7 };
const large = { maximumOffloadSize: 65_536, minimumSegmentCount: 2 };
const off = { tcpIPv4: false, tcpIPv6: false, udpIPv4: false, udpIPv6: false };
const on = { tcpIPv4: true, tcpIPv6: true, udpIPv4: true, udpIPv6: true };

describe('before start', () => {
  it('the hardware’s own are on, and software’s can be asked for', () => {
    const { adapter } = buildFakeMachine({
      offloads: {
        txChecksum: { ipv4: true, tcp: true, udp: false, layer4HeaderOffsetLimit: 0 },
        gso: { layer3: 3, layer4: 3, ...large },
      },
    });
    const { offloads } = adapter;
    expect(offloads.enabled).toEqual({
      txChecksum: { ipv4: true, tcpIPv4: true, tcpIPv6: true, udpIPv4: false, udpIPv6: false },
      rxChecksum: { ipv4: false, ...off },
      gso: { ...off, tcpIPv4: true },
      rsc: { ...off, tcpTimestampOption: false },
      ieee8021qTag: { priority: false, vlan: false },
    });
    expect(offloads.inHardware).toEqual(offloads.enabled);
    expect(offloads.available.gso).toEqual(on);
    expect(offloads.available.rsc).toEqual({ ...on, tcpTimestampOption: true });
    expect(offloads.segmentation).toEqual({ maximumOffloadSize: 262_144, minimumSegmentCount: 1 });
  });

  it('what is asked for is on, and what neither has is refused by name', async () => {
    const { adapter } = buildFakeMachine({
      offloads: { gso: { layer3: 3, layer4: 3, ...large } },
      adapter: { softwareOffloads: { gso: false, rsc: false } },
    });
    const { offloads } = adapter;
    await offloads.enable({ gso: { tcpIPv4: false }, txChecksum: { udpIPv6: true } });
    expect([offloads.enabled.gso, offloads.enabled.txChecksum.udpIPv6]).toEqual([off, true]);
    expect(offloads.inHardware.txChecksum.udpIPv6).toBe(false);
    expect(offloads.segmentation).toEqual(large);
    const before = offloads.enabled;
    expect(
      () => void offloads.enable({ gso: { tcpIPv6: true }, rsc: { udpIPv4: true }, rxChecksum: { ipv4: true } }),
    ).toThrow('OFFLOAD_UNAVAILABLE: fake: gso.tcpIPv6, rsc.udpIPv4 cannot be had');
    expect(offloads.enabled).toEqual(before);
    expect(offloads.explain().split('\n')[2]).toBe(
      'gso: tcpIPv4 off, tcpIPv6 unavailable, udpIPv4 unavailable, udpIPv6 unavailable',
    );
  });
});

it('a keyword turns off what it names, for hardware and software', () => {
  const { adapter } = buildFakeMachine({
    offloads: {
      txChecksum: every,
      rxChecksum: {},
      gso: { ...every, ...large },
      ieee8021qTag: { priority: true, vlan: true },
    },
    adapter: {
      configuration: new Configuration('nic 0', {
        '*IPChecksumOffloadIPv4': 0,
        '*TCPChecksumOffloadIPv4': 1,
        '*UDPChecksumOffloadIPv6': 2,
        '*LsoV2IPv6': 0,
        '*UsoIPv4': 0,
        '*RscIPv4': 0,
        '*PriorityVLANTag': 2,
      }),
    },
  });
  const { enabled, available } = adapter.offloads;
  expect(enabled.txChecksum).toEqual({ ipv4: false, ...on, udpIPv6: false });
  expect(enabled.rxChecksum).toEqual({ ipv4: false, ...on, tcpIPv4: false });
  expect(enabled.gso).toEqual({ ...on, tcpIPv6: false, udpIPv4: false });
  expect([enabled.rsc.tcpIPv6, available.rsc.tcpIPv4, available.rsc.tcpIPv6]).toEqual([false, false, true]);
  expect(enabled.ieee8021qTag).toEqual({ priority: false, vlan: true });
  expect(adapter.offloads.inHardware).toEqual(enabled);
  expect(refusal(() => adapter.offloads.enable({ gso: { tcpIPv6: true } }))).toBe('OFFLOAD_UNAVAILABLE');
  expect(() =>
    buildFakeMachine({ adapter: { configuration: new Configuration('nic 1', { '*LsoV2IPv4': 7 }) } }),
  ).toThrow('KEYWORD_INVALID');
});

/** Hardware that does everything, and a driver that notes what it is told. */
function telling(told: string[]): OffloadCapabilities {
  const note =
    (name: string) =>
    (enabled: object): void => {
      const names = Object.entries(enabled).filter(([, is]) => is === true);
      told.push(`${name} ${names.map(([key]) => key).join('+')}`);
    };
  return {
    ieee8021qTag: { priority: true, vlan: true, set: note('tag') },
    rsc: { layer3: 1, layer4: 1, tcpTimestampOption: false, set: note('rsc') },
    gso: { ...every, ...large, set: note('gso') },
    rxChecksum: { set: note('rx') },
    txChecksum: { ...every, set: note('tx') },
  };
}

describe('while the adapter runs', () => {
  const running = (told: string[], heard: OffloadSet[] = [], options: FakeMachineOptions = {}) => {
    const rig = buildOffloadRig({ mtu: 1500, ...options, offloads: telling(told) });
    Object.assign(rig.machine.recorder, { offloadsChanged: (enabled: OffloadSet) => heard.push(enabled) });
    return rig;
  };
  const ALL = 'tcpIPv4+tcpIPv6+udpIPv4+udpIPv6';

  it('the driver is told at start, in order, of what changes, and of nothing else', async () => {
    const told: string[] = [];
    const heard: OffloadSet[] = [];
    const rig = running(told, heard);
    const { offloads } = rig.machine.adapter;
    expect(told.splice(0)).toEqual([
      `tx ipv4+${ALL}`,
      `rx ipv4+${ALL}`,
      `gso ${ALL}`,
      'rsc tcpIPv4',
      'tag priority+vlan',
    ]);
    await offloads.enable({
      ieee8021qTag: { vlan: false },
      gso: { tcpIPv4: false, tcpIPv6: false },
      rsc: { udpIPv6: true },
    });
    expect(told.splice(0)).toEqual(['gso udpIPv4+udpIPv6', 'tag priority']);
    expect(heard.length).toBe(1);
    expect(heard[0]).toEqual(offloads.enabled);
    expect([offloads.enabled.rsc.udpIPv6, offloads.inHardware.rsc.udpIPv6]).toEqual([true, false]);
    expect(
      refusal(() => {
        offloads.advertise({});
      }),
    ).toBe('0x3');
    await rig.machine.stop();
    rig.machine.adapter.start();
    // What was asked for stays over a stop.
    expect(told.splice(0)).toEqual([
      `tx ipv4+${ALL}`,
      `rx ipv4+${ALL}`,
      'gso udpIPv4+udpIPv6',
      'rsc tcpIPv4',
      'tag priority',
    ]);
    await rig.close();
  });

  it('what the driver has it completes as it was promised, and frames behind do without at once', async () => {
    const told: string[] = [];
    const rig = running(told);
    const { adapter, clock } = rig.machine;
    told.length = 0;
    const frame = buildFrame({ ...plainShape, payload: 3000 });
    rig.send(frame, { segmentSize: 1500 - 40 }, [], 'big');
    const change = adapter.offloads.enable({ gso: { tcpIPv4: false }, txChecksum: { tcpIPv4: false } });
    expect([told, adapter.offloads.inHardware.gso.tcpIPv4]).toEqual([[], true]);
    rig.send(frame, { segmentSize: 1500 - 40 }, [], 'big');
    expect(rig.tx.wishes.map(({ mss, checksum }) => [mss, checksum])).toEqual([
      [1460, 0b10_10_00],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    clock.advance(1e6);
    await Promise.resolve();
    expect(told).toEqual([]);
    rig.tx.finish(); // the one that the hardware cuts
    clock.run();
    rig.send(frame, { layer4: true }, [], 'own');
    rig.finish(); // and those that it had when the change came
    await clock.drive(change);
    expect(told).toEqual(['tx ipv4+tcpIPv6+udpIPv4+udpIPv6', 'gso tcpIPv6+udpIPv4+udpIPv6']);
    expect(adapter.offloads.inHardware.gso.tcpIPv4).toBe(false);
    const back = adapter.offloads.enable({ gso: { tcpIPv4: true } });
    expect(told.splice(2)).toEqual([`gso ${ALL}`]); // what goes on needs no waiting
    await back;
    await rig.close();
  });

  it('changes come one after the other', async () => {
    const told: string[] = [];
    const rig = running(told);
    const { adapter, clock } = rig.machine;
    told.length = 0;
    rig.send(buildFrame(plainShape), { layer4: true });
    const changes: OffloadChange[] = [{ gso: off }, { gso: { udpIPv4: true } }, { rxChecksum: { ipv4: false } }];
    const all = Promise.all(changes.map((change) => adapter.offloads.enable(change)));
    expect(told).toEqual([]);
    rig.finish();
    await clock.drive(all);
    expect(told).toEqual(['gso ', `rx ${ALL}`, 'gso udpIPv4']); // what waited meanwhile is told at once
    await rig.close();
  });

  it('a driver that gives nothing back is not told, and frames do without', async () => {
    const told: string[] = [];
    const rig = running(told);
    const { adapter, clock } = rig.machine;
    told.length = 0;
    const frame = buildFrame(plainShape);
    rig.send(frame, { layer4: true });
    const change = adapter.offloads.enable({ txChecksum: { tcpIPv4: false } }).catch((error: unknown) => error);
    const outcome = await clock.drive(change);
    expect(outcome).toBeInstanceOf(AdapterError);
    expect(String(outcome)).toContain('QUEUE_NOT_DRAINED');
    rig.send(frame, { layer4: true });
    expect([told, rig.tx.wishes.map(({ checksum }) => checksum)]).toEqual([[], [0b10_00_00, 0]]);
    rig.finish();
    await clock.drive(adapter.offloads.enable({}));
    expect(told).toEqual(['tx ipv4+tcpIPv6+udpIPv4+udpIPv6']);
    await rig.close();
  });

  it('a change that waits when the adapter stops is made at the next start', async () => {
    const told: string[] = [];
    const rig = running(told);
    const { adapter, clock } = rig.machine;
    rig.send(buildFrame(plainShape), { layer4: true });
    const change = adapter.offloads.enable({ txChecksum: { tcpIPv4: false } });
    rig.tx.finishAll();
    const stopping = adapter.stop();
    await clock.drive(Promise.all([change, stopping]));
    told.length = 0;
    adapter.start();
    expect(told[0]).toBe('tx ipv4+tcpIPv6+udpIPv4+udpIPv6');
    await rig.close();
  });
});

describe('a driver that pauses its offloads', () => {
  it('is rid of them until it resumes, and software goes on', async () => {
    const told: string[] = [];
    const rig = buildOffloadRig({ mtu: 1500, offloads: telling(told) });
    const { offloads } = rig.machine.adapter;
    told.length = 0;
    const frame = buildFrame({ ...plainShape, payload: 2000 });
    await offloads.pause();
    expect(told.splice(0)).toEqual(['tx ', 'rx ', 'gso ', 'rsc ', 'tag ']);
    expect(offloads.paused).toBe(true);
    expect(offloads.enabled.gso.tcpIPv4).toBe(true);
    expect(offloads.explain()).toContain('gso: tcpIPv4 software, ');
    rig.send(frame, { segmentSize: 1000 }, [], 'big');
    rig.finish();
    expect(rig.tx.frames.map((one) => Buffer.from(one))).toEqual(
      naiveSegments(frame, 1000).map((one) => Buffer.from(one)),
    );
    // Meanwhile it may say that it can less, or other headers; nothing that takes an extension that is not there.
    offloads.advertise({ txChecksum: { layer3: 1, layer4: 1 } });
    offloads.advertise({ txChecksum: { layer3: 3, layer4: 1 }, gso: { layer3: 1, layer4: 1, ...large } });
    expect(
      refusal(() => {
        offloads.advertise({ rsc: { ...every, tcpTimestampOption: true } });
      }),
    ).toBe('0x3');
    await offloads.resume();
    expect(offloads.inHardware).toMatchObject({
      gso: { ...off, tcpIPv4: true },
      txChecksum: { ipv4: true, ...off, tcpIPv4: true },
    });
    rig.send(frame, { segmentSize: 1000 }, [], 'big');
    expect(rig.tx.wishes.at(-1)!.mss).toBe(1000);
    rig.finish();
    await rig.close();
  });

  it('must run, and must have paused them', async () => {
    const rig = buildOffloadRig();
    const { adapter } = rig.machine;
    const { offloads } = adapter;
    expect(refusal(() => offloads.resume())).toBe('0x61');
    await rig.machine.stop();
    expect(refusal(() => offloads.pause())).toBe('0x60');
    expect(refusal(() => offloads.resume())).toBe('0x60');
    await rig.close();
  });

  it('has what software lacks refused meanwhile', async () => {
    const rig = buildOffloadRig({ offloads: telling([]), adapter: { softwareOffloads: false } });
    await rig.machine.adapter.offloads.pause();
    expect(rig.machine.adapter.offloads.available.txChecksum.ipv4).toBe(false);
    rig.send(buildFrame(plainShape), { layer4: true });
    rig.finish();
    expect(rig.machine.adapter.statistics().transmit.dropped.checksum).toBe(1);
    await rig.close();
  });
});

it('the rest of a frame that is cut goes by the new setting', async () => {
  const rig = buildOffloadRig({ mtu: 1500, packets: 4, offloads: { txChecksum: every } });
  const { adapter, clock } = rig.machine;
  const frame = buildFrame({ ...plainShape, payload: 6000 });
  rig.send(frame, { segmentSize: 1000 }, [], 'big');
  const change = adapter.offloads.enable({ txChecksum: { tcpIPv4: false } });
  rig.finish();
  await clock.drive(change);
  expect(rig.tx.wishes.map(({ checksum }) => checksum)).toEqual([40, 40, 40, 0, 0, 0]);
  const segments = naiveSegments(frame, 1000);
  expect(rig.tx.frames.slice(3).map((one) => Buffer.from(one))).toEqual(
    segments.slice(3).map((one) => Buffer.from(one)),
  );
  const plain = buildFrame(plainShape);
  rig.send(plain, { layer4: true });
  rig.finish();
  expect(Buffer.from(rig.tx.frames.at(-1)!)).toEqual(Buffer.from(naiveChecksums(plain, false, true)));
  await rig.close();
});
