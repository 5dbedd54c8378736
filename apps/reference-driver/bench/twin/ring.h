/*
 * The twin's host memory, and the ring that everything passes through: packets, fragments, frame descriptors. As in
 * packages/rings, a ring has four indices, all masked; elements lie in host memory, the twin keeps the indices beside them.
 */
#ifndef TWIN_RING_H
#define TWIN_RING_H

#include "layout.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Everything that driver, framework and NIC share: addresses are offsets into it, as logical addresses are. */
static uint8_t *host;
static uint32_t host_next = 4096, host_bytes;

static inline uint32_t *word_at(uint32_t offset) { return (uint32_t *)(host + offset); }

static uint32_t allocate(uint32_t bytes) {
  uint32_t offset = host_next;
  host_next += (bytes + 63) & ~63u;
  if (host_next > host_bytes) abort();
  return offset;
}

static inline uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

struct ring {
  uint32_t base;     /* offset of element 0 */
  uint32_t stride;   /* bytes from one element to the next: planned at run time, as extensions are */
  uint32_t elements; /* a power of two */
  uint32_t mask;
  uint32_t begin, next, end, processed;
};

static void make_ring(struct ring *ring, uint32_t elements, uint32_t stride) {
  *ring = (struct ring){.base = allocate(elements * stride), .stride = stride, .elements = elements, .mask = elements - 1};
}

static inline uint32_t *element(const struct ring *ring, uint32_t index) {
  return word_at(ring->base + (index & ring->mask) * ring->stride);
}

/* How many elements there are, and how many of them lie in a row before the ring starts over. */
static inline uint32_t in_row(const struct ring *ring, uint32_t from, uint32_t count) {
  return least(count, ring->elements - from);
}
static inline uint32_t free_count(const struct ring *ring) { return (ring->processed - 1 - ring->end) & ring->mask; }
static inline uint32_t post_count(const struct ring *ring) { return (ring->end - ring->next) & ring->mask; }
static inline uint32_t drain_count(const struct ring *ring) { return (ring->next - ring->begin) & ring->mask; }
static inline uint32_t driver_count(const struct ring *ring) { return (ring->end - ring->begin) & ring->mask; }
static inline uint32_t reap_count(const struct ring *ring) { return (ring->begin - ring->processed) & ring->mask; }

static inline void publish(struct ring *ring, uint32_t count) { ring->end = (ring->end + count) & ring->mask; }
static inline void post(struct ring *ring, uint32_t count) { ring->next = (ring->next + count) & ring->mask; }
static inline void reap(struct ring *ring, uint32_t count) { ring->processed = (ring->processed + count) & ring->mask; }
static inline void complete(struct ring *ring, uint32_t count) {
  uint32_t posted = drain_count(ring);
  ring->begin = (ring->begin + count) & ring->mask;
  if (count > posted) ring->next = ring->begin;
}

/* What DMA does: 64 bytes at a time with vector registers, then the rest. */
static inline void copy(void *to, const void *from, uint32_t bytes) {
  uint8_t *target = to;
  const uint8_t *source = from;
  for (; bytes >= 64; bytes -= 64, target += 64, source += 64) memcpy(target, source, 64);
  if (bytes > 0) memcpy(target, source, bytes);
}

#endif
