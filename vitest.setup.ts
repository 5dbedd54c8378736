// Owns: what test files that share a worker leave behind: many machines come and go there, and few are taken apart.
import { afterAll } from 'vitest';
import { forgetHolders } from './packages/buffers/src/owner.ts';
import { provideMemory } from './packages/dma/src/provide.ts';

const MEBIBYTE = 1024 * 1024;

try {
  provideMemory({ hostBytes: 512 * MEBIBYTE, deviceBytes: 768 * MEBIBYTE }); // reserved; a page is backed once it is touched
} catch {
  // The worker has its memory from the file before.
}

// Nobody asks for the buffers of a machine whose tests are over; a report looks through the rings of all that there are.
afterAll(forgetHolders);
