/*
 * Host memory as drivers and devices share it: one block, pages, logical addresses, and the maps between the two.
 * Hot modules take the views from `@netcx/dma/memory` and the copy kernel from `@netcx/dma/copy`; a process whose
 * memory comes from elsewhere says so with `@netcx/dma/provide` first.
 */

export { logicalAddress, highWord, lowWord, type LogicalAddress } from './logical-address.ts';
export { FaultLog, type Direction, type DmaDomain, type DmaFault, type MapLimits } from './domain.ts';
export type { ForeignMemory } from './foreign-memory.ts';
export { ForeignDomain } from './foreign-domain.ts';
export { RegionTable, type ForeignRegion, type RegionAccess, type RegionTableOptions } from './region-table.ts';
export { IdentityMap, checkHostRange } from './identity-map.ts';
export { Iommu, type IommuOptions } from './iommu.ts';
export { hostPages, PAGE_BYTES, PageAllocator, type PageOptions } from './page-allocator.ts';
export { DmaEnabler, type CommonBuffer, type CommonBufferOptions, type DmaEnablerOptions } from './dma-enabler.ts';
export { TransferMap, type TransferMapOptions } from './transfer-map.ts';
export { loadKernel } from './kernel.ts';
export { sumKernel, type Sum } from './sum.ts';
export { DmaError, type DmaErrorCode } from './dma-error.ts';
