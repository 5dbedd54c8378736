/*
 * The framework: buffers to the NIC, received packets on to the transmit queue that the protocol named, and buffers back to their
 * pool. Follows rx-supply.ts, redirect/redirection.ts and tx-translator.ts of packages/adapter.
 */
#ifndef TWIN_FRAMEWORK_H
#define TWIN_FRAMEWORK_H

#include "driver.h"

struct receive_queue {
  struct rx_driver driver;
  uint32_t pool;     /* offset of the pool's header */
  uint32_t shadow;   /* offset of one word for each fragment: its buffer */
  uint32_t capacity;
  uint64_t packets, bytes;
};

struct transmit_queue {
  struct tx_driver driver;
  struct ring sent; /* frame descriptors: what is on its way, and in which buffer */
  uint32_t longest;
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

/* Frames that were received go on to where they leave, in their buffers: both sides' rings and the send ring's descriptors. */
static uint32_t redirect(struct receive_queue *from, struct transmit_queue *to) {
  struct ring *packets = &from->driver.packets, *fragments = &from->driver.fragments, *sent = &to->sent;
  struct ring *sent_packets = &to->driver.packets, *sent_fragments = &to->driver.fragments;
  uint32_t longest = least(from->capacity, to->longest), moved = 0;
  if (post_count(sent) > 0) return 0; /* what was submitted there goes first */
  for (;;) {
    uint32_t run = least(in_row(packets, packets->processed, reap_count(packets)),
                         in_row(fragments, fragments->processed, reap_count(fragments)));
    run = least(run, in_row(sent, sent->end, free_count(sent)));
    run = least(run, in_row(sent_packets, sent_packets->end, free_count(sent_packets)));
    run = least(run, in_row(sent_fragments, sent_fragments->end, free_count(sent_fragments)));
    uint32_t expected = fragments->processed, fragment = sent_fragments->end, count = 0;
    uint32_t *d = element(sent, sent->end), *p = element(packets, packets->processed), *f = element(fragments, expected);
    uint32_t *sent_packet = element(sent_packets, sent_packets->end), *sent_fragment = element(sent_fragments, fragment);
    const uint32_t *shadow = word_at(from->shadow) + expected;
    uint32_t packet_words = packets->stride / 4, fragment_words = fragments->stride / 4, sent_words = sent->stride / 4;
    uint32_t sent_packet_words = sent_packets->stride / 4, sent_fragment_words = sent_fragments->stride / 4;
    uint64_t bytes = 0;
    for (; count < run; count++) {
      uint32_t low = Packet_countAndLayoutLow(p), high = Packet_layoutHigh(p), length = Fragment_validLength(f);
      uint32_t buffer = *shadow++;
      const uint32_t *entry = word_at(buffer * 4);
      uint32_t address = BufferEntry_address(entry);
      uint32_t odd = ((low ^ 1) & 0xffff) | (high & 1u << 24) | (Packet_fragmentIndex(p) ^ (expected + count));
      if ((odd | Fragment_offset(f) | (host[address] & 1)) != 0 || length - 1 >= longest) break;
      Fragment_whole_low_set(sent_fragment, length | length << 26);
      Fragment_whole_high_set(sent_fragment, length >> 6);
      memcpy(sent_fragment + LOGICAL_ADDRESS_WORD, entry + BUFFER_LOGICAL_WORD, 8);
      Packet_fragmentIndex_set(sent_packet, fragment + count);
      Packet_countAndLayoutLow_set(sent_packet, low);
      Packet_layoutHigh_set(sent_packet, high & 0xfffff);
      FrameDescriptor_address_set(d, address);
      FrameDescriptor_lengthAndFlags_set(d, length);
      FrameDescriptor_buffer_set(d, buffer);
      bytes += length;
      d += sent_words, p += packet_words, f += fragment_words;
      sent_packet += sent_packet_words, sent_fragment += sent_fragment_words;
    }
    if (count == 0) return moved;
    reap(packets, count);
    reap(fragments, count);
    publish(sent, count);
    post(sent, count);
    publish(sent_fragments, count);
    publish(sent_packets, count);
    from->packets += count;
    from->bytes += bytes;
    moved += count;
  }
}

/* Buffers of packets that were sent go back to their pool. `redirect` placed them all, so nothing that the driver wrote is read. */
static void complete_frames(struct transmit_queue *queue) {
  struct ring *sent = &queue->sent, *packets = &queue->driver.packets;
  for (;;) {
    uint32_t run = least(in_row(packets, packets->processed, reap_count(packets)), sent->elements - sent->begin);
    run = least(run, reap_count(&queue->driver.fragments));
    uint32_t *d = element(sent, sent->begin);
    uint32_t sent_words = sent->stride / 4;
    uint32_t pool = 0, free = 0, count = 0;
    uint64_t bytes = 0;
    for (; count < run; count++) {
      uint32_t buffer = FrameDescriptor_buffer(d), length = FrameDescriptor_lengthAndFlags(d);
      uint32_t *entry = word_at(buffer * 4);
      if (BufferEntry_held(entry) != 1) break;
      uint32_t home = BufferEntry_pool(entry) * 4;
      if (home != pool) {
        if (pool != 0) Pool_free_set(word_at(pool), free);
        pool = home;
        free = Pool_free(word_at(pool));
      }
      BufferEntry_state_set(entry, STATE_FREE);
      stack_of(pool)[free++] = buffer;
      bytes += length;
      d += sent_words;
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
