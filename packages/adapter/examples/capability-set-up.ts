/*
 * The buffer-management document's example: a driver for a NIC that does DMA declares its data path before it starts, so that
 * the system allocates, maps and attaches every buffer for it. What it was granted can be read afterwards.
 * Run it with: npx tsx --conditions=@netcx/source examples/capability-set-up.ts
 */

import { dmaCapabilities, NetAdapter, RxCapabilities, TxCapabilities } from '@netcx/adapter';
import { VirtualClock } from '@netcx/clock';
import { DmaEnabler, Iommu } from '@netcx/dma';

const MAXIMUM_FRAGMENTS = 16;
const LONGEST_FRAME = 1514;
const CHECK_SEQUENCE = 4;
const RESERVED = 8;

/** What the driver keeps for its device. */
interface DeviceContext {
  readonly enabler: DmaEnabler;
  readonly transmitControlBlocks: number;
  readonly receiveBuffers: number;
}

function setDatapathCapabilities(adapter: NetAdapter, device: DeviceContext): void {
  const tx = TxCapabilities.forDma(dmaCapabilities(device.enabler), 1, {
    fragmentRingNumberOfElementsHint: device.transmitControlBlocks * MAXIMUM_FRAGMENTS,
    maximumNumberOfFragments: MAXIMUM_FRAGMENTS,
  });
  const longest = LONGEST_FRAME + CHECK_SEQUENCE + RESERVED;
  const rx = RxCapabilities.systemManagedDma(dmaCapabilities(device.enabler), longest, 1, {
    fragmentBufferAlignment: 64,
    fragmentRingNumberOfElementsHint: device.receiveBuffers,
  });
  adapter.setDatapathCapabilities(tx, rx);
}

// The DMA enabler comes first, and must be of version 3: the buffer manager asks for it.
const domain = new Iommu();
const quiet = { advance: () => undefined, setNotificationEnabled: () => undefined, cancel: () => undefined };
const clock = new VirtualClock();
const adapter = new NetAdapter({
  name: 'nic',
  clock,
  callbacks: {
    createTxQueue: (init) => void init.create(() => quiet),
    createRxQueue: (init) => void init.create(() => quiet),
  },
});
try {
  const enabler = new DmaEnabler(domain, { addressWidth: 64, version: 2 });
  setDatapathCapabilities(adapter, { enabler, transmitControlBlocks: 32, receiveBuffers: 128 });
} catch (error) {
  console.log(String(error));
}
const enabler = new DmaEnabler(domain, { addressWidth: 64, version: 3 });
setDatapathCapabilities(adapter, { enabler, transmitControlBlocks: 32, receiveBuffers: 128 });
adapter.setLinkLayerCapabilities(1e9);
adapter.setLinkLayerMtuSize(1500);
adapter.setPermanentLinkLayerAddress(Uint8Array.of(2, 0, 0, 0, 0, 1));
adapter.start();
console.log(adapter.explain());
await clock.drive(adapter.stop());
