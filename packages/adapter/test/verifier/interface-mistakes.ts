/*
 * Mistakes with interfaces, each in the smallest program that makes it. What a program throws is the rule that it broke.
 */

import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, IdentityMap } from '@netcx/dma';
import { defineExtension, type ExtensionError, type ExtensionSpec } from '@netcx/extensions';
import {
  dmaCapabilities,
  ExecutionContext,
  integerKeyword,
  Layer3Flags,
  Layer4Flags,
  NetAdapter,
  NetAdapterInit,
  PacketFilterFlags,
  ReceiveScalingHashType,
  ReceiveScalingProtocolType,
  RxCapabilities,
  TxCapabilities,
  type NetAdapterOptions,
  type PacketQueueCallbacks,
  type QueueInit,
  type ReceiveFilterView,
  type ReceiveScalingCapabilities,
  type RxQueue,
  type TxQueue,
} from '../../src/index.ts';
import { DeviceRig } from '../device-rig.ts';
import { buildFakeMachine, type FakeMachine } from '../fake-machine.ts';

/** A program that breaks a rule of an interface. */
export interface InterfaceMistake {
  readonly rule: number;
  readonly subcode?: number;
  readonly what: string;
  readonly make: () => unknown;
}

const dma = (version: 1 | 2 | 3 = 3) =>
  dmaCapabilities(new DmaEnabler(new IdentityMap(), { addressWidth: 48, version, owner: 'it' }));
const txCapabilities = TxCapabilities.forDma(dma(), 1);
const rxCapabilities = RxCapabilities.systemManagedDma(dma(), 1518, 1);
const noCallback = undefined as never;

const adapterOf = (options: Partial<NetAdapterOptions> = {}): NetAdapter =>
  new NetAdapter({ name: 'it', clock: new VirtualClock(), ...options });

const callbacks = {
  advance: () => undefined,
  setNotificationEnabled: () => undefined,
  cancel: () => undefined,
} satisfies PacketQueueCallbacks;

/** Starts an adapter whose driver creates its transmit queue in a certain way. */
function creating(create: (init: QueueInit<TxQueue>, machine: () => FakeMachine) => void): void {
  const machine: FakeMachine = buildFakeMachine({
    callbacks: {
      createTxQueue: (init) => {
        create(init, () => machine);
      },
    },
  });
  machine.adapter.start();
}

/** Starts an adapter whose driver has a receive queue like that, in a context of its own. */
function creatingShared(side: object): void {
  const machine: FakeMachine = buildFakeMachine({
    callbacks: {
      createRxQueue: (init) => {
        const executionContext = machine.adapter.createExecutionContext({ setNotificationEnabled: () => undefined });
        init.create(() => ({ executionContext, ...side }) as unknown as PacketQueueCallbacks);
      },
    },
  });
  machine.adapter.start();
}

/** Does something with a started adapter, which is stopped again. */
const started =
  (act: (machine: FakeMachine) => unknown): (() => Promise<void>) =>
  async () => {
    const machine = buildFakeMachine();
    machine.adapter.start();
    try {
      act(machine);
    } finally {
      await machine.stop();
    }
  };

const filter = { supported: PacketFilterFlags.directed, maximumMulticastAddresses: 0, set: () => undefined };

const scaling: ReceiveScalingCapabilities = {
  numberOfQueues: 4,
  indirectionTableSize: 128,
  hashTypes: ReceiveScalingHashType.toeplitz,
  protocolTypes: ReceiveScalingProtocolType.ipv4,
  enable: () => undefined,
  disable: () => undefined,
  setHashSecretKey: () => undefined,
  setIndirectionEntries: () => undefined,
};
const scales = (more: Partial<ReceiveScalingCapabilities>) => (): void => {
  adapterOf().receiveScaling.setCapabilities({ ...scaling, ...more });
};

const gso = { layer3: 15, layer4: 7, maximumOffloadSize: 65_535, minimumSegmentCount: 2 };

const EXTENSION: ExtensionSpec = {
  name: 'it_mark',
  version: 1,
  size: 4,
  alignment: 4,
  level: 'packet',
  fields: {},
};
const extension = (more: object) => (): unknown => defineExtension({ ...EXTENSION, ...more });

/** Does something in a callback of a device that powers down. */
async function inPowerDown(
  act: (rig: DeviceRig) => unknown,
  after: (rig: DeviceRig) => unknown = () => 0,
): Promise<void> {
  const rig: DeviceRig = new DeviceRig(['a'], { callbacks: { d0Exit: () => void act(rig) } });
  await rig.run(rig.device.start());
  await rig.run(rig.device.powerDown('D3'));
  after(rig);
}

/** Does something while a device wakes. */
async function inWakeUp(act: (adapter: NetAdapter) => unknown): Promise<void> {
  let thrown: unknown;
  const rig: DeviceRig = new DeviceRig(['a'], {
    callbacks: {
      disarmWake: () => {
        try {
          act(rig.adapters[0]!);
        } catch (error) {
          thrown = error;
        }
      },
    },
  });
  await rig.run(rig.device.start());
  await rig.run(rig.device.powerDown('D3', { wake: true }));
  await rig.run(rig.device.powerUp());
  if (thrown !== undefined) throw thrown as Error;
}

// prettier-ignore
export const INTERFACE_MISTAKES: readonly InterfaceMistake[] = [
  { rule: 0x03, what: 'capabilities after start', make: started(({ adapter }) => { adapter.setDatapathCapabilities(txCapabilities, rxCapabilities); }) },
  { rule: 0x03, what: 'offloads after start', make: started(({ adapter }) => { adapter.offloads.advertise({}); }) },
  { rule: 0x03, what: 'a second start', make: started(({ adapter }) => { adapter.start(); }) },
  { rule: 0x09, what: 'a factory that returns nothing', make: () => { creating((init) => { init.create(() => undefined as never); }); } },
  { rule: 0x09, what: 'a callback that is a number', make: () => { creating((init) => { init.create(() => ({ ...callbacks, stop: 7 as never })); }); } },
  { rule: 0x0a, what: 'an address of 33 bytes', make: () => { adapterOf().setPermanentLinkLayerAddress(new Uint8Array(33)); } },
  { rule: 0x0b, subcode: 0, what: 'a receive filter of flags that are not known', make: () => { adapterOf().receiveFilter.setCapabilities({ ...filter, supported: 0x4000 }); } },
  { rule: 0x0b, subcode: 1, what: 'a receive filter through which nothing passes', make: () => { adapterOf().receiveFilter.setCapabilities({ ...filter, supported: 0 }); } },
  { rule: 0x0b, what: 'multicast without room for an address', make: () => { adapterOf().receiveFilter.setCapabilities({ ...filter, supported: PacketFilterFlags.multicast }); } },
  { rule: 0x0b, what: 'room for addresses without multicast', make: () => { adapterOf().receiveFilter.setCapabilities({ ...filter, maximumMulticastAddresses: 4 }); } },
  { rule: 0x0c, what: 'a receive filter that nobody sets', make: () => { adapterOf().receiveFilter.setCapabilities({ ...filter, set: noCallback }); } },
  { rule: 0x0d, what: 'a receive filter read after its callback', make: readFilterLater },
  { rule: 0x0e, what: 'a connected link without speed', make: () => { adapterOf().setLinkState({ connected: true, txLinkSpeed: 0, rxLinkSpeed: 0, duplex: 'full' }); } },
  { rule: 0x0f, what: 'no receive capabilities', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, noCallback); } },
  { rule: 0x10, what: 'a keyword in base 8', make: () => integerKeyword('RingSize', { base: 8 as never }) },
  { rule: 0x13, what: 'an MTU of 0', make: () => { adapterOf().setLinkLayerMtuSize(0); } },
  { rule: 0x14, what: 'create without its init', make: () => { creating((init) => { Reflect.apply(Reflect.get(init, 'create'), {}, [() => callbacks]); }); } },
  { rule: 0x15, what: 'a queue created later', make: createLater },
  { rule: 0x16, subcode: 0, what: 'a queue without advance', make: () => { creating((init) => { init.create(() => ({ ...callbacks, advance: noCallback })); }); } },
  { rule: 0x16, subcode: 0, what: 'a queue without cancel', make: () => { creating((init) => { init.create(() => ({ ...callbacks, cancel: noCallback })); }); } },
  { rule: 0x16, subcode: 0, what: 'a queue that cannot notify', make: () => { creating((init) => { init.create(() => ({ ...callbacks, setNotificationEnabled: noCallback })); }); } },
  { rule: 0x16, subcode: 1, what: 'a notification of its own in a shared context', make: () => { creatingShared(callbacks); } },
  { rule: 0x16, subcode: 2, what: 'no advance in a shared context', make: () => { creatingShared({ cancel: callbacks.cancel }); } },
  { rule: 0x16, subcode: 3, what: 'a receive queue without cancel in a shared context', make: () => { creatingShared({ advance: callbacks.advance }); } },
  { rule: 0x18, what: 'two queues of one init', make: () => { creating((init) => { init.create(() => callbacks); init.create(() => callbacks); }); } },
  { rule: 0x1a, subcode: 0, what: 'receive scaling over 3 queues', make: scales({ numberOfQueues: 3 }) },
  { rule: 0x1a, subcode: 1, what: 'an indirection table of 100 entries', make: scales({ indirectionTableSize: 100 }) },
  { rule: 0x1a, subcode: 4, what: 'receive buffers aligned to 48', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, { ...rxCapabilities, fragmentBufferAlignment: 48 }); } },
  { rule: 0x1a, subcode: 5, what: 'a ring of 1600 elements, as a published sample asks for', make: () => { adapterOf().setDatapathCapabilities({ ...txCapabilities, fragmentRingNumberOfElementsHint: 1600 }, rxCapabilities); } },
  { rule: 0x20, subcode: 1, what: 'mapping without DMA', make: () => { adapterOf().setDatapathCapabilities({ ...txCapabilities, dma: undefined }, rxCapabilities); } },
  { rule: 0x20, subcode: 2, what: 'an enabler of version 2', make: () => { adapterOf().setDatapathCapabilities({ ...txCapabilities, dma: dma(2) }, rxCapabilities); } },
  { rule: 0x20, subcode: 3, what: 'no transmit queues', make: () => { adapterOf().setDatapathCapabilities({ ...txCapabilities, maximumNumberOfQueues: 0 }, rxCapabilities); } },
  { rule: 0x20, subcode: 4, what: 'fragments aligned to 12', make: () => { adapterOf().setDatapathCapabilities({ ...txCapabilities, fragmentBufferAlignment: 12 }, rxCapabilities); } },
  { rule: 0x21, subcode: 0, what: 'buffers that the driver allocates and the system attaches', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, { ...rxCapabilities, allocationMode: 'driver', mappingRequirement: 'none', dma: undefined, returnRxBuffer: () => undefined }); } },
  { rule: 0x21, subcode: 0, what: 'the driver\'s own buffers, and nobody to hear of their return', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, RxCapabilities.driverManaged(noCallback, 1518, 1)); } },
  { rule: 0x21, subcode: 1, what: 'receive mapping without DMA', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, { ...rxCapabilities, dma: undefined }); } },
  { rule: 0x21, subcode: 2, what: 'a receive enabler of version 1', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, { ...rxCapabilities, dma: dma(1) }); } },
  { rule: 0x21, subcode: 3, what: 'no receive queues', make: () => { adapterOf().setDatapathCapabilities(txCapabilities, { ...rxCapabilities, maximumNumberOfQueues: 0 }); } },
  { rule: 0x22, what: 'a hash function that is not known', make: scales({ hashTypes: 2 }) },
  { rule: 0x23, what: 'a protocol that is not known', make: scales({ protocolTypes: 0x40 }) },
  { rule: 0x24, what: 'an encapsulation that is not known', make: scales({ encapsulationTypes: { outer: 0, inner: 8 } }) },
  { rule: 0x25, what: 'an adapter on a device that was removed', make: addToRemoved },
  { rule: 0x26, what: 'one callback of two', make: () => adapterOf({ callbacks: { createTxQueue: () => undefined } as never }) },
  { rule: 0x27, what: 'an init that was freed', make: () => { const init = NetAdapterInit.allocate(new DeviceRig([]).device); init.free(); init.free(); } },
  { rule: 0x28, what: 'two adapters of one init', make: () => { const rig = new DeviceRig([]); const init = NetAdapterInit.allocate(rig.device); for (const name of ['one', 'two']) init.createAdapter({ name, clock: rig.clock }); } },
  { rule: 0x2a, subcode: 1, what: 'segmentation of nothing', make: () => { adapterOf().offloads.advertise({ gso: { ...gso, maximumOffloadSize: 0 } }); } },
  { rule: 0x2a, subcode: 2, what: 'segmentation into nothing', make: () => { adapterOf().offloads.advertise({ gso: { ...gso, minimumSegmentCount: 0 } }); } },
  { rule: 0x2b, what: 'queues for peers', make: () => { adapterOf().txDemux.add({ kind: 'peerAddress', range: 4 } as never); } },
  { rule: 0x2c, what: 'a transmit queue as a receive queue', make: started(({ adapter }) => { (adapter.transmitQueues[0] as unknown as RxQueue).notifyMoreReceivedPacketsAvailable(); }) },
  { rule: 0x2c, what: 'a receive queue as a transmit queue', make: started(({ adapter }) => { (adapter.receiveQueues[0] as unknown as TxQueue).notifyMoreCompletedPacketsAvailable(); }) },
  { rule: 0x2d, what: 'a link that woke the device and is undecided', make: () => inWakeUp((adapter) => { adapter.power.reportWakeReasonMediaChange('unknown' as never); }) },
  { rule: 0x2e, what: 'wake sources listed at any time', make: () => new DeviceRig().device.wakeSources },
  { rule: 0x2f, what: 'a reason for a wake-up that is none', make: () => { new DeviceRig().adapters[0]!.power.reportWakeReasonMediaChange('connected'); } },
  { rule: 0x30, what: 'power offloads read too late', make: () => { let read = (): unknown => 0; return inPowerDown(({ device }) => { const list = device.powerOffloads; read = () => list.count; }, () => read()); } },
  { rule: 0x31, what: 'wake sources read too late', make: () => { let read = (): unknown => 0; return inPowerDown(({ device }) => { const list = device.wakeSources; read = () => list.count; }, () => read()); } },
  { rule: 0x4f, what: 'an event of a medium that wakes nobody', make: () => { adapterOf().power.addMediaExtension({ name: 'wifi', medium: 'wifi', wakeUpEvents: 0x100 }); } },
  { rule: 0x52, what: 'queues told apart by colour', make: () => { adapterOf().txDemux.add({ kind: 'colour', range: 2 } as never); } },
  { rule: 0x53, what: 'one priority', make: () => { adapterOf().txDemux.add({ kind: '8021p', range: 1 }); } },
  { rule: 0x53, what: 'nine priorities', make: () => { adapterOf().txDemux.add({ kind: '8021p', range: 9 }); } },
  { rule: 0x55, what: 'diagnostics of more than a mebibyte', make: () => { new DeviceRig().device.storeResetDiagnostics(new Uint8Array(2 ** 20 + 1)); } },
  { rule: 0x56, what: 'diagnostics that nobody collects', make: () => { new DeviceRig().device.storeResetDiagnostics(new Uint8Array(4)); } },
  { rule: 0x57, what: 'the priority of a queue that has none', make: started(({ adapter }) => adapter.transmitQueues[0]!.demux8021p) },
  { rule: 0x58, what: 'a power offload that is not known', make: () => { adapterOf().power.setPowerOffloadCapabilities({ dns: 1 } as never); } },
  { rule: 0x59, what: 'a task queued twice', make: () => { const task = new ExecutionContext(new VirtualClock()).createTask(() => undefined); task.enqueue(); task.enqueue(); } },
  { rule: 0x5a, what: 'an execution context that cannot be notified', make: () => adapterOf().createExecutionContext({}) },
  { rule: 0x5b, what: 'TCP checksums over nothing', make: () => { adapterOf().offloads.advertise({ txChecksum: { layer3: 0, layer4: Layer4Flags.udp } }); } },
  { rule: 0x5c, what: 'a checksum of IPv6', make: () => { adapterOf().offloads.advertise({ txChecksum: { layer3: Layer3Flags.ipv6NoExtensions, layer4: 0 } }); } },
  { rule: 0x5e, what: 'IPv4 with options alone', make: () => { adapterOf().offloads.advertise({ txChecksum: { layer3: Layer3Flags.ipv4WithOptions, layer4: Layer4Flags.udp } }); } },
  { rule: 0x5f, what: 'TCP with options alone', make: () => { adapterOf().offloads.advertise({ txChecksum: { layer3: 15, layer4: Layer4Flags.tcpWithOptions } }); } },
  { rule: 0x60, what: 'offloads paused before start', make: () => adapterOf().offloads.pause() },
  { rule: 0x61, what: 'offloads resumed that run', make: started(({ adapter }) => adapter.offloads.resume()) },
  { rule: 0x62, what: 'segmentation of no protocol', make: () => { adapterOf().offloads.advertise({ gso: { ...gso, layer4: 0 } }); } },
  { rule: 0x63, what: 'fewer entries than queues', make: scales({ numberOfQueues: 16, indirectionTableSize: 8 }) },
];

/** Mistakes with extensions: they are known where extensions are defined, as an {@link ExtensionError} of this code. */
export const EXTENSION_MISTAKES: readonly (InterfaceMistake & { readonly code: ExtensionError['code'] })[] = [
  { rule: 0x1b, code: 'NAME', what: 'without a name', make: extension({ name: '' }) },
  {
    rule: 0x1b,
    code: 'RESERVED_NAME',
    what: 'of a name that is reserved',
    make: () => {
      adapterOf().ownExtensions.add(defineExtension({ ...EXTENSION, name: 'ms_packet_mine' }), { receive: true });
    },
  },
  { rule: 0x1c, code: 'VERSION', what: 'of version 0', make: extension({ version: 0 }) },
  { rule: 0x1d, code: 'LEVEL', what: 'of frames', make: extension({ level: 'frame' }) },
  { rule: 0x1e, code: 'ALIGNMENT', what: 'aligned to 3', make: extension({ alignment: 3 }) },
  { rule: 0x1f, code: 'SIZE', what: 'of 1025 bytes', make: extension({ size: 1025 }) },
];

function readFilterLater(): unknown {
  let kept: ReceiveFilterView | undefined;
  const machine = buildFakeMachine();
  const { receiveFilter } = machine.adapter;
  receiveFilter.setCapabilities({ ...filter, set: (view) => void (kept = view) });
  machine.adapter.start();
  try {
    return kept?.packetFilter;
  } finally {
    void machine.stop();
  }
}

function createLater(): void {
  let kept: QueueInit<TxQueue> | undefined;
  creating((init) => {
    kept = init;
    init.create(() => callbacks);
  });
  kept?.create(() => callbacks);
}

async function addToRemoved(): Promise<void> {
  const rig = new DeviceRig([]);
  await rig.run(rig.device.start());
  await rig.run(rig.device.remove());
  rig.add('too late');
}
