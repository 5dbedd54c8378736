/*
 * The framework: buffers to the NIC, received packets to the protocol, the protocol's frames to the driver, and buffers back
 * to their pool. Follows rx-translator.ts and tx-translator.ts of packages/adapter.
 */
#ifndef TWIN_FRAMEWORK_H
#define TWIN_FRAMEWORK_H

#include "driver.h"

struct receive_queue {
  struct rx_driver driver;
  struct ring shown; /* frame descriptors, the protocol's to look at */
  uint32_t pool;     /* offset of the pool's header */
  uint32_t shadow;   /* offset of one word for each fragment: its buffer */
  uint32_t capacity;
  uint64_t packets, bytes;
};

struct transmit_queue {
  struct tx_driver driver;
  struct ring sent; /* frame descriptors, as the protocol wrote them */
  uint32_t domain, longest;
  uint64_t packets, bytes;
};

static inline uint32_t *stack_of(uint32_t pool) { return word_at(pool) + POOL_WORDS; }

/* Gives the pool's buffers to fragments. A handle is the offset of a buffer's entry, in words. */
static void attach_buffers(struct receive_queue *queue) {
  struct ring *fragments = &queue->driver.fragments;
  uint32_t *pool = word_at(queue->pool), words = fragments->stride / 4;
  for (;;) {
    uint32_t available = Pool_free(pool);
    uint32_t run = least(in_row(fragments, fragments->end, free_count(fragments)), available);
    if (run == 0) return;
    uint32_t *top = stack_of(queue->pool) + available;
    uint32_t *f = element(fragments, fragments->end), *shadow = word_at(queue->shadow) + fragments->end;
    for (uint32_t count = 0; count < run; count++, f += words) {
      uint32_t buffer = *--top;
      uint32_t *entry = word_at(buffer * 4);
      BufferEntry_state_set(entry, STATE_ON_RING);
      Fragment_whole_low_set(f, queue->capacity << 26);
      Fragment_whole_high_set(f, queue->capacity >> 6);
      memcpy(f + LOGICAL_ADDRESS_WORD, entry + BUFFER_LOGICAL_WORD, 8);
      *shadow++ = buffer;
    }
    Pool_free_set(pool, available - run);
    Pool_taken_set(pool, Pool_taken(pool) + run);
    if (available - run < Pool_lowest(pool)) Pool_lowest_set(pool, available - run);
    publish(fragments, run);
  }
}

static void prepare_packets(struct ring *packets) {
  for (uint32_t run; (run = in_row(packets, packets->end, free_count(packets))) > 0; publish(packets, run))
    memset(element(packets, packets->end), 0, run * packets->stride);
}

/* Shows what the driver gave back, in the buffers that the NIC wrote; how many. */
static uint32_t indicate(struct receive_queue *queue) {
  struct ring *packets = &queue->driver.packets, *fragments = &queue->driver.fragments, *shown = &queue->shown;
  uint32_t before = shown->end;
  for (;;) {
    uint32_t run = least(in_row(packets, packets->processed, reap_count(packets)), in_row(fragments, fragments->processed, reap_count(fragments)));
    run = least(run, in_row(shown, shown->end, free_count(shown)));
    uint32_t expected = fragments->processed, count = 0;
    uint32_t *d = element(shown, shown->end), *p = element(packets, packets->processed), *f = element(fragments, expected);
    const uint32_t *shadow = word_at(queue->shadow) + expected;
    uint32_t packet_words = packets->stride / 4, fragment_words = fragments->stride / 4, shown_words = shown->stride / 4;
    uint64_t bytes = 0;
    for (; count < run; count++) {
      uint32_t low = Packet_countAndLayoutLow(p), high = Packet_layoutHigh(p);
      uint32_t odd = ((low ^ 1) & 0xffff) | (high & (1u << 24)) | (Packet_fragmentIndex(p) ^ (expected + count));
      uint32_t length = Fragment_validLength(f), offset = Fragment_offset(f);
      if (odd != 0 || length == 0 || offset + length > queue->capacity) break;
      uint32_t buffer = *shadow++;
      FrameDescriptor_address_set(d, BufferEntry_address(word_at(buffer * 4)) + offset);
      FrameDescriptor_lengthAndFlags_set(d, length);
      FrameDescriptor_buffer_set(d, buffer);
      FrameDescriptor_layout_set(d, low >> 16 | high << 16);
      FrameDescriptor_layer4AndChecksum_set(d, (high >> 16) & 15);
      bytes += length;
      d += shown_words, p += packet_words, f += fragment_words;
    }
    if (count == 0) break;
    publish(shown, count);
    reap(packets, count);
    reap(fragments, count);
    queue->packets += count;
    queue->bytes += bytes;
  }
  return (shown->end - before) & shown->mask;
}

/* Places the protocol's frames in the packet and fragment rings. */
static void translate(struct transmit_queue *queue) {
  struct ring *sent = &queue->sent, *packets = &queue->driver.packets, *fragments = &queue->driver.fragments;
  for (;;) {
    uint32_t room = least(in_row(packets, packets->end, free_count(packets)), in_row(fragments, fragments->end, free_count(fragments)));
    uint32_t run = least(in_row(sent, sent->next, post_count(sent)), room);
    uint32_t *d = element(sent, sent->next), *p = element(packets, packets->end), *f = element(fragments, fragments->end);
    uint32_t sent_words = sent->stride / 4, packet_words = packets->stride / 4, fragment_words = fragments->stride / 4;
    uint32_t fragment = fragments->end, count = 0;
    for (; count < run; count++) {
      uint32_t buffer = FrameDescriptor_buffer(d), length = FrameDescriptor_lengthAndFlags(d), address = FrameDescriptor_address(d);
      const uint32_t *entry = word_at(buffer * 4);
      if (BufferEntry_domain(entry) != queue->domain) break;
      int32_t within = (int32_t)(address - BufferEntry_address(entry));
      int32_t behind = (int32_t)(BufferEntry_capacity(entry) - (uint32_t)within - length);
      if ((within | behind) < 0 || length == 0 || length > queue->longest || buffer == 0) break;
      uint32_t layout = FrameDescriptor_layout(d), wishes = FrameDescriptor_layer4AndChecksum(d);
      if (((wishes & 0xff30) | FrameDescriptor_segmentation(d)) != 0) break;
      Fragment_whole_low_set(f, length | length << 26);
      Fragment_whole_high_set(f, length >> 6);
      memcpy(f + LOGICAL_ADDRESS_WORD, entry + BUFFER_LOGICAL_WORD, 8);
      if (within != 0) f[LOGICAL_ADDRESS_WORD] += (uint32_t)within;
      Packet_fragmentIndex_set(p, fragment + count);
      Packet_countAndLayoutLow_set(p, 1 | layout << 16);
      Packet_layoutHigh_set(p, layout >> 16 | (wishes & 15) << 16);
      d += sent_words, p += packet_words, f += fragment_words;
    }
    if (count == 0) return;
    post(sent, count);
    publish(fragments, count);
    publish(packets, count);
  }
}

/* Buffers of packets that were sent go back to their pool. */
static void complete_frames(struct transmit_queue *queue) {
  struct ring *sent = &queue->sent, *packets = &queue->driver.packets;
  for (;;) {
    uint32_t run = least(in_row(packets, packets->processed, reap_count(packets)), sent->elements - sent->begin);
    run = least(run, reap_count(&queue->driver.fragments));
    uint32_t *d = element(sent, sent->begin), *p = element(packets, packets->processed);
    uint32_t sent_words = sent->stride / 4, packet_words = packets->stride / 4;
    uint32_t pool = 0, free = 0, count = 0;
    uint64_t bytes = 0;
    for (; count < run; count++) {
      uint32_t buffer = FrameDescriptor_buffer(d), length = FrameDescriptor_lengthAndFlags(d);
      uint32_t *entry = word_at(buffer * 4);
      uint32_t odd = ((Packet_countAndLayoutLow(p) ^ 1) & 0xffff) | (length >> 26) | (BufferEntry_held(entry) ^ 1);
      if (odd != 0) break;
      uint32_t home = BufferEntry_pool(entry) * 4;
      if (home != pool) {
        if (pool != 0) Pool_free_set(word_at(pool), free);
        pool = home;
        free = Pool_free(word_at(pool));
      }
      BufferEntry_state_set(entry, STATE_FREE);
      stack_of(pool)[free++] = buffer;
      bytes += length;
      d += sent_words, p += packet_words;
    }
    if (count == 0) return;
    Pool_free_set(word_at(pool), free);
    reap(packets, count);
    reap(&queue->driver.fragments, count);
    complete(sent, count);
    reap(sent, count);
    queue->packets += count;
    queue->bytes += bytes;
  }
}

#endif
