/*
 * The framework: buffers to the NIC, received packets on to the transmit queue that the protocol named, and buffers back to the
 * places that they were taken from. Follows rx-supply.ts, redirect/ and tx-translator.ts of packages/adapter.
 */
#ifndef TWIN_FRAMEWORK_H
#define TWIN_FRAMEWORK_H

#include "driver.h"
#include <stdbool.h>

/* Buffers that are worth a turn, as rx-supply.ts has it, and runs whose bytes are known together, as recycler.ts has it. */
enum { BATCH = 64, RUNS = 8 };

struct receive_queue {
  struct rx_driver driver;
  uint32_t pool;     /* offset of the pool's header */
  uint32_t shadow;   /* offset of one word for each fragment: its buffer */
  uint32_t capacity;
  uint32_t home, away; /* places whose buffers are back, and those whose frames are on their way */
  uint32_t run_frames[RUNS], run_bytes[RUNS], oldest, newest; /* the runs that are away */
  uint64_t packets, bytes;
};

struct transmit_queue {
  struct tx_driver driver;
  struct ring sent; /* frame descriptors: what is on its way, and in which buffer */
  uint32_t longest;
  uint64_t packets, bytes;
};

static inline uint32_t *stack_of(uint32_t pool) { return word_at(pool) + POOL_WORDS; }

/* What a fragment says that no driver has seen. */
static inline void restore(const struct receive_queue *queue, uint32_t *f, const uint32_t *entry) {
  Fragment_whole_low_set(f, queue->capacity << 26);
  Fragment_whole_high_set(f, queue->capacity >> 6);
  memcpy(f + LOGICAL_ADDRESS_WORD, entry + BUFFER_LOGICAL_WORD, 8);
}

/* Gives a buffer of the pool to each fragment: before the first frame. A handle is the offset of a buffer's entry, in words. */
static void attach_buffers(struct receive_queue *queue) {
  struct ring *fragments = &queue->driver.fragments;
  uint32_t *pool = word_at(queue->pool);
  for (uint32_t index = 0; index < fragments->elements; index++) {
    uint32_t left = Pool_free(pool) - 1;
    uint32_t buffer = stack_of(queue->pool)[left];
    uint32_t *entry = word_at(buffer * 4);
    BufferEntry_state_set(entry, STATE_ON_RING);
    restore(queue, element(fragments, index), entry);
    word_at(queue->shadow)[index] = buffer;
    Pool_free_set(pool, left);
  }
  publish(fragments, free_count(fragments));
}

/* Hands over what is back, by the batch, or whatever there is if the NIC has few. */
static bool publish_home(struct receive_queue *queue) {
  struct ring *fragments = &queue->driver.fragments;
  if (queue->home < BATCH && (queue->home == 0 || free_count(fragments) < fragments->elements / 2)) return false;
  publish(fragments, queue->home);
  queue->home = 0;
  return true;
}

static void prepare_packets(struct ring *packets) {
  for (uint32_t run; (run = in_row(packets, packets->end, free_count(packets))) > 0; publish(packets, run))
    memset(element(packets, packets->end), 0, run * packets->stride);
}

/* Frames go on, and their places wait for them. Nothing is away for so long here that there would be no place for a run. */
static void lend(struct receive_queue *queue, uint32_t count, uint32_t bytes) {
  if (free_count(&queue->driver.fragments) != queue->home + queue->away) abort();
  queue->newest = (queue->newest + 1) % RUNS;
  if (queue->away == 0) queue->oldest = queue->newest;
  else if (queue->newest == queue->oldest) abort();
  queue->run_frames[queue->newest] = count;
  queue->run_bytes[queue->newest] = bytes;
  queue->away += count;
}

/* Frames have completed, whole runs of them; returns their bytes. */
static uint32_t take_back(struct receive_queue *queue, uint32_t count) {
  uint32_t bytes = 0;
  for (uint32_t left = count; left > 0; queue->oldest = (queue->oldest + 1) % RUNS) {
    if (queue->run_frames[queue->oldest] > left) abort();
    left -= queue->run_frames[queue->oldest];
    bytes += queue->run_bytes[queue->oldest];
  }
  queue->away -= count;
  queue->home += count;
  return bytes;
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
    uint32_t bytes = 0;
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
      restore(from, f, entry);
      d += sent_words, p += packet_words, f += fragment_words;
      sent_packet += sent_packet_words, sent_fragment += sent_fragment_words;
    }
    if (count == 0) return moved;
    lend(from, count, bytes);
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

/* Packets that were sent: their buffers are where they were taken from, and nothing that the driver wrote is read. */
static void complete_frames(struct transmit_queue *queue, struct receive_queue *lender) {
  struct ring *sent = &queue->sent, *packets = &queue->driver.packets, *fragments = &queue->driver.fragments;
  uint32_t count = least(least(reap_count(packets), reap_count(fragments)), lender->away);
  if (count == 0) return;
  reap(packets, count);
  reap(fragments, count);
  complete(sent, count);
  reap(sent, count);
  queue->packets += count;
  queue->bytes += take_back(lender, count);
}

#endif
