/*
 * The Internet checksum's sum over 1500 bytes, 256 frames one after the other, as the framework takes it. The same frames as
 * tooling/bench/dpdk/checksum.c has.
 */

import * as dma from '@netcx/dma';
import { u8 } from '@netcx/dma/memory';
import { printTime } from '@tooling/bench/timing';

const { sumKernel } = dma;
const FRAMES = 256;
const SLOT = 2112;
const BYTES = 1500;
const frames = dma.hostPages.allocate(FRAMES * SLOT, { owner: 'bench' });
for (let byte = 0; byte < FRAMES * SLOT; byte++) u8[frames + byte] = byte * 7 + Math.trunc(byte / SLOT);

printTime((calls) => {
  let sum = 0;
  for (let call = 0; call < calls; call++) sum = (sum + sumKernel(frames + (call & (FRAMES - 1)) * SLOT, BYTES)) | 0;
  return sum;
}, 20_000);
