// Owns: the memory of test files that share a worker: many machines come and go there, and few are taken apart.
import { provideMemory } from './packages/dma/src/provide.ts';

try {
  provideMemory({ deviceBytes: 768 * 1024 * 1024 }); // reserved; a page is backed once it is touched
} catch {
  // The worker has its memory from the file before.
}
