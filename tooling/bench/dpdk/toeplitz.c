/* rte_softrss_be over 12 bytes, two IPv4 addresses and two ports, with the key of Microsoft's specification. */
#include "timing.h"
#include <rte_thash.h>

enum { TUPLES = 256 };
static uint32_t tuples[TUPLES][3];
static const uint8_t key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                                0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
                                0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
static uint32_t converted[10];

static uint64_t work(uint32_t calls) {
  uint64_t sum = 0;
  for (uint32_t call = 0; call < calls; call++)
    sum += rte_softrss_be(tuples[call % TUPLES], 3, (const uint8_t *)converted);
  return sum;
}

int main(void) {
  rte_convert_rss_key((const uint32_t *)key, converted, sizeof key);
  /* The specification's first example: 66.9.149.187:2794 to 161.142.100.80:1766 makes 0x51ccc178. */
  uint32_t example[3] = {0x420995bb, 0xa18e6450, 2794u << 16 | 1766};
  if (rte_softrss_be(example, 3, (const uint8_t *)converted) != 0x51ccc178) return 1;
  for (uint32_t tuple = 0; tuple < TUPLES; tuple++)
    for (uint32_t word = 0; word < 3; word++) tuples[tuple][word] = (tuple * 2654435761u) ^ (word * 40503u);
  measure(work, 100000);
  return 0;
}
