/* rte_raw_cksum over 1500 bytes: 256 frames, one after the other. */
#include "timing.h"
#include <rte_ip.h>

enum { FRAMES = 256, SLOT = 2112, BYTES = 1500 };
static uint8_t *frames;

static uint64_t work(uint32_t calls) {
  uint64_t sum = 0;
  for (uint32_t call = 0; call < calls; call++) sum += rte_raw_cksum(frames + (call % FRAMES) * SLOT, BYTES);
  return sum;
}

int main(void) {
  frames = aligned_alloc(64, FRAMES * SLOT);
  for (uint32_t byte = 0; byte < FRAMES * SLOT; byte++) frames[byte] = (uint8_t)(byte * 7 + byte / SLOT);
  measure(work, 20000);
  return 0;
}
