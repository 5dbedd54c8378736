/*
 * Capabilities: the forms and what they default to, and refusals that name every field that is wrong.
 */

import { DmaEnabler, IdentityMap, Iommu } from '@netcx/dma';
import { describe, expect, it } from 'vitest';
import {
  AdapterError,
  checkDatapathCapabilities,
  dmaCapabilities,
  RxCapabilities,
  TxCapabilities,
} from '../src/index.ts';

const enabler = new DmaEnabler(new Iommu(), { addressWidth: 64, version: 3 });
const dma = dmaCapabilities(enabler);
const tx = TxCapabilities.forDma(dma, 4);
const rx = RxCapabilities.systemManagedDma(dma, 2048, 4);
const returnRxBuffer = () => undefined;
const bufferSizes = { granularity: 1024, minimum: 1024, maximum: 16_384, maximumFragments: 8 };
const driverManaged = RxCapabilities.driverManaged(returnRxBuffer, 2048, 4);

describe('the forms', () => {
  it('default to no limit, no hint and no constraint', () => {
    expect(dma).toEqual({ enabler, maximumPhysicalAddress: 0, cacheEnabled: 'default', preferredNode: 'any' });
    expect(tx).toEqual({
      mappingRequirement: 'dmaMapped',
      dma,
      payloadBackfill: 0,
      maximumNumberOfFragments: Number.MAX_SAFE_INTEGER,
      fragmentBufferAlignment: 1,
      fragmentRingNumberOfElementsHint: 0,
      virtualAddress: true,
      maximumNumberOfQueues: 4,
    });
    expect(TxCapabilities.withoutDma(2)).toEqual({
      ...tx,
      mappingRequirement: 'none',
      dma: undefined,
      maximumNumberOfQueues: 2,
    });
    expect(rx).toEqual({
      allocationMode: 'system',
      attachmentMode: 'system',
      mappingRequirement: 'dmaMapped',
      dma,
      maximumFrameSize: 2048,
      bufferSizes: undefined,
      returnRxBuffer: undefined,
      fragmentBufferAlignment: 1,
      fragmentRingNumberOfElementsHint: 0,
      virtualAddress: true,
      maximumNumberOfQueues: 4,
    });
    const without = { ...rx, mappingRequirement: 'none', dma: undefined } as const;
    expect(RxCapabilities.systemManaged(2048, 4)).toEqual(without);
    expect(driverManaged).toEqual({ ...without, allocationMode: 'driver', attachmentMode: 'driver', returnRxBuffer });
  });

  it('take what is wished', () => {
    expect(dmaCapabilities(enabler, { maximumPhysicalAddress: 0xffff, preferredNode: 0 })).toEqual({
      enabler,
      maximumPhysicalAddress: 0xffff,
      cacheEnabled: 'default',
      preferredNode: 0,
    });
    const wishes = { fragmentBufferAlignment: 16, fragmentRingNumberOfElementsHint: 512 };
    expect(TxCapabilities.forDma(dma, 1, { ...wishes, maximumNumberOfFragments: 8 })).toMatchObject({
      ...wishes,
      maximumNumberOfFragments: 8,
      maximumNumberOfQueues: 1,
    });
    expect(RxCapabilities.systemManagedDma(dma, 9216, 2, wishes)).toMatchObject({
      ...wishes,
      maximumFrameSize: 9216,
      maximumNumberOfQueues: 2,
    });
  });
});

describe('the check', () => {
  it('takes what it should, up to the limits', () => {
    expect(() => {
      checkDatapathCapabilities('nic', tx, rx);
    }).not.toThrow();
    const most = { fragmentBufferAlignment: 4096, fragmentRingNumberOfElementsHint: 65_536 };
    expect(() => {
      checkDatapathCapabilities(
        'nic',
        { ...tx, ...most, maximumNumberOfFragments: 1 },
        { ...rx, ...most, maximumFrameSize: 2 ** 26 - 1 },
      );
    }).not.toThrow();
    const least = {
      fragmentRingNumberOfElementsHint: 2,
      maximumNumberOfQueues: 1,
      dma: undefined,
      mappingRequirement: 'none',
    } as const;
    expect(() => {
      checkDatapathCapabilities('nic', { ...tx, ...least }, { ...rx, ...least, maximumFrameSize: 64 });
    }).not.toThrow();
  });

  const version2 = dmaCapabilities(new DmaEnabler(new IdentityMap(), { addressWidth: 32, version: 2 }));
  // prettier-ignore
  it.each<[Partial<TxCapabilities>, string]>([
    [{ maximumNumberOfQueues: 0 },               'tx.maximumNumberOfQueues is 0; expected 1 or more'],
    [{ maximumNumberOfQueues: 1.5 },             'tx.maximumNumberOfQueues is 1.5'],
    [{ fragmentBufferAlignment: 3 },             'tx.fragmentBufferAlignment is 3; expected a power of two up to 4096'],
    [{ fragmentBufferAlignment: 8192 },          'tx.fragmentBufferAlignment is 8192'],
    [{ fragmentRingNumberOfElementsHint: 1600 }, 'tx.fragmentRingNumberOfElementsHint is 1600; expected 0 or a power of two from 2 to 65536'],
    [{ fragmentRingNumberOfElementsHint: 1 },    'tx.fragmentRingNumberOfElementsHint is 1'],
    [{ fragmentRingNumberOfElementsHint: 2**17 },'tx.fragmentRingNumberOfElementsHint is 131072'],
    [{ dma: undefined },                         'tx.dma is missing, though mapping is required'],
    [{ dma: version2 },                          'tx.dma.enabler has DMA version 2; the buffer manager needs version 3'],
    [{ dma: { ...dma, maximumPhysicalAddress: -1 } }, 'tx.dma.maximumPhysicalAddress is -1; expected 0 (no limit) or the highest address'],
    [{ dma: { ...dma, maximumPhysicalAddress: NaN } }, 'tx.dma.maximumPhysicalAddress is NaN'],
    [{ dma: { ...dma, preferredNode: 0.5 } },    "tx.dma.preferredNode is 0.5; expected 'any' or a node's number"],
    [{ maximumNumberOfFragments: 0 },            'tx.maximumNumberOfFragments is 0; expected 1 or more'],
    [{ maximumNumberOfFragments: 1.5 },          'tx.maximumNumberOfFragments is 1.5'],
    [{ payloadBackfill: 4097 },                  'tx.payloadBackfill is 4097; expected 0 to 4096'],
    [{ payloadBackfill: 0.5 },                   'tx.payloadBackfill is 0.5'],
    [{ mappingRequirement: 'none' },             'tx.dma is there, though no mapping is required'],
    [{ mappingRequirement: 'none', dma: undefined, virtualAddress: false }, 'tx.virtualAddress is false, and so is mapping; the driver could not find a byte'],
  ])('names what is wrong with %o', (wrong, message) => {
    expect(() => { checkDatapathCapabilities('nic', { ...tx, ...wrong }, rx); }).toThrow(`CAPABILITIES_INVALID: nic: ${message}`);
  });

  // prettier-ignore
  it.each<[Partial<RxCapabilities>, string]>([
    [{ maximumNumberOfQueues: NaN },    'rx.maximumNumberOfQueues is NaN; expected 1 or more'],
    [{ fragmentBufferAlignment: 0 },    'rx.fragmentBufferAlignment is 0'],
    [{ fragmentRingNumberOfElementsHint: 100 }, 'rx.fragmentRingNumberOfElementsHint is 100'],
    [{ dma: undefined },                'rx.dma is missing, though mapping is required'],
    [{ dma: version2 },                 'rx.dma.enabler has DMA version 2'],
    [{ dma: { ...dma, maximumPhysicalAddress: 0.5 } }, 'rx.dma.maximumPhysicalAddress is 0.5'],
    [{ dma: { ...dma, preferredNode: -1 } }, 'rx.dma.preferredNode is -1'],
    [{ maximumFrameSize: 63 },          'rx.maximumFrameSize is 63; expected 64 to 2^26 - 1'],
    [{ maximumFrameSize: 2 ** 26 },     'rx.maximumFrameSize is 67108864'],
    [{ allocationMode: 'driver' },      'rx.allocationMode is driver and rx.attachmentMode is system; the driver cannot allocate buffers that the system attaches'],
    [{ allocationMode: 'driver', attachmentMode: 'driver' }, 'rx.returnRxBuffer is missing; a driver that allocates buffers must hear when they come back'],
    [{ returnRxBuffer },                'rx.returnRxBuffer is there, but the system allocates the buffers, and nothing would be returned'],
    [{ ...driverManaged, mappingRequirement: 'dmaMapped', dma }, 'rx.mappingRequirement is dmaMapped, but the driver allocates the buffers, and maps them itself'],
    [{ ...driverManaged, dma },         'rx.dma is there, though no mapping is required'],
    [{ attachmentMode: 'driver', virtualAddress: false }, 'rx.virtualAddress is false; a driver that attaches buffers, or writes to them, needs it'],
    [{ ...driverManaged, bufferSizes }, 'rx.bufferSizes is there, but the driver allocates the buffers, and chooses their size itself'],
    [{ bufferSizes: { ...bufferSizes, granularity: 0 } },      'rx.bufferSizes.granularity is 0; expected 1 to 2^25'],
    [{ bufferSizes: { ...bufferSizes, minimum: 1000 } },       'rx.bufferSizes.minimum is 1000; expected 64 or more, in steps of 1024'],
    [{ bufferSizes: { ...bufferSizes, maximum: 512 } },        'rx.bufferSizes.maximum is 512; expected 1024 to 2^26 - 1, in steps of 1024'],
    [{ bufferSizes: { ...bufferSizes, maximumFragments: 0 } }, 'rx.bufferSizes.maximumFragments is 0; expected 1 to 65535'],
    [{ bufferSizes: { ...bufferSizes, maximumFragments: 1, maximum: 1024 } }, 'rx.bufferSizes hold 1024 x 1 bytes; expected room for a frame of 2048'],
  ])('names what is wrong with %o', (wrong, message) => {
    expect(() => { checkDatapathCapabilities('nic', tx, { ...rx, ...wrong }); }).toThrow(`CAPABILITIES_INVALID: nic: ${message}`);
  });

  it('takes the three legal ways to allocate and attach, and every size that a NIC may have', () => {
    const rxs = [
      rx,
      { ...rx, attachmentMode: 'driver' },
      driverManaged,
      RxCapabilities.systemManaged(2048, 1, { attachmentMode: 'driver' }),
      { ...rx, bufferSizes, maximumFrameSize: 9216 },
    ] as const;
    for (const legal of rxs) {
      expect(() => {
        checkDatapathCapabilities('nic', { ...tx, payloadBackfill: 4096 }, legal);
      }).not.toThrow();
    }
  });

  it('names everything at once', () => {
    const check = () => {
      checkDatapathCapabilities(
        'nic',
        { ...tx, maximumNumberOfQueues: 0, payloadBackfill: -1 },
        { ...rx, maximumFrameSize: 0 },
      );
    };
    expect(check).toThrow(AdapterError);
    expect(check).toThrow(/maximumNumberOfQueues.*payloadBackfill.*maximumFrameSize/);
  });
});
