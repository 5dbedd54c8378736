/*
 * The client driver: drain and post of a receive queue, post and drain of a transmit queue. Follows rx-queue.ts and
 * tx-queue.ts of this package; what is checked there is checked here.
 */
#ifndef TWIN_DRIVER_H
#define TWIN_DRIVER_H

#include "nic.h"

enum {
  WHOLE_FRAME = RX_STATUS_DD | RX_STATUS_EOP,
  SPECIAL = RX_STATUS_VP | RX_STATUS_TS,
  LAYOUT_LOW = 1 | 14 << 16,              /* one fragment; 14 bytes of layer 2 */
  LAYOUT_HIGH = LAYER2_ETHERNET << 8,
  LAST = TX_COMMAND_DTYP_DATA | TX_COMMAND_DEXT | TX_COMMAND_IFCS | TX_COMMAND_EOP | TX_COMMAND_RS,
};

struct rx_driver {
  struct ring packets, fragments;
  struct descriptor_ring *chip;
  uint32_t buffer_bytes;
};

struct tx_driver {
  struct ring packets, fragments;
  struct descriptor_ring *chip;
  uint32_t *written_head;
  uint32_t tail, drained, invalid_heads;
};

/* Good frames of one buffer each, as far as no ring starts over. */
static uint32_t rx_drain_run(struct rx_driver *queue) {
  struct ring *packets = &queue->packets, *fragments = &queue->fragments;
  uint32_t fragment = fragments->begin;
  uint32_t run = least(in_row(fragments, fragment, drain_count(fragments)), in_row(packets, packets->begin, driver_count(packets)));
  uint32_t *d = word_at(queue->chip->base + fragment * DESCRIPTOR_BYTES);
  uint32_t *f = element(fragments, fragment), *p = element(packets, packets->begin);
  uint32_t fragment_words = fragments->stride / 4, packet_words = packets->stride / 4, buffer_bytes = queue->buffer_bytes;
  uint32_t count = 0;
  for (; count < run; count++) {
    uint32_t status = RxWriteBack_statusError(d);
    if ((status & (WHOLE_FRAME | RX_STATUS_RXE | RX_STATUS_CE | SPECIAL)) != WHOLE_FRAME) break;
    uint32_t length = RxWriteBack_length(d);
    if (length == 0 || length > buffer_bytes) break;
    Fragment_validLength_set(f, length);
    Fragment_offset_set(f, 0);
    Packet_fragmentIndex_set(p, fragment + count);
    Packet_countAndLayoutLow_set(p, LAYOUT_LOW);
    Packet_layoutHigh_set(p, LAYOUT_HIGH);
    d += DESCRIPTOR_WORDS, f += fragment_words, p += packet_words;
  }
  complete(fragments, count);
  complete(packets, count);
  return count;
}

/* Buffers for descriptors that lie in a row. */
static void rx_post(struct rx_driver *queue) {
  struct ring *fragments = &queue->fragments;
  uint32_t words = fragments->stride / 4;
  if (post_count(fragments) == 0) return;
  for (uint32_t run; (run = in_row(fragments, fragments->next, post_count(fragments))) > 0; post(fragments, run)) {
    uint32_t *d = word_at(queue->chip->base + fragments->next * DESCRIPTOR_BYTES), *f = element(fragments, fragments->next);
    for (uint32_t count = 0; count < run; count++, d += DESCRIPTOR_WORDS, f += words) {
      memcpy(d, f + LOGICAL_ADDRESS_WORD, 8); /* packetAddress */
      RxReadDescriptor_headerAddress_low_set(d, 0);
      RxReadDescriptor_headerAddress_high_set(d, 0);
    }
  }
  __atomic_store_n(&queue->chip->tail, fragments->next, __ATOMIC_RELEASE); /* the doorbell */
}

static void rx_advance(struct rx_driver *queue) {
  while (rx_drain_run(queue) > 0 && (queue->fragments.begin == 0 || queue->packets.begin == 0)) continue;
  rx_post(queue);
}

/* Packets of one fragment without a wish, as far as no ring starts over. */
static uint32_t tx_post_run(struct tx_driver *queue) {
  struct ring *packets = &queue->packets, *fragments = &queue->fragments;
  uint32_t count_mask = queue->chip->count - 1;
  uint32_t room = least((queue->drained - 1 - queue->tail) & count_mask, queue->chip->count - queue->tail);
  uint32_t run = least(least(in_row(packets, packets->next, post_count(packets)), in_row(fragments, fragments->next, post_count(fragments))), room);
  uint32_t *d = word_at(queue->chip->base + queue->tail * DESCRIPTOR_BYTES);
  uint32_t *p = element(packets, packets->next), *f = element(fragments, fragments->next);
  uint32_t fragment_words = fragments->stride / 4, packet_words = packets->stride / 4, fragment = fragments->next;
  uint32_t count = 0;
  for (; count < run; count++) {
    uint32_t odd = (Packet_countAndLayoutLow(p) ^ 1) & 0xffff;
    uint32_t elsewhere = (Packet_fragmentIndex(p) ^ (fragment + count)) | Fragment_offset(f);
    if ((odd | elsewhere) != 0) break;
    uint32_t length = Fragment_validLength(f);
    memcpy(d, f + LOGICAL_ADDRESS_WORD, 8); /* bufferAddress */
    TxData_command_set(d, LAST | length);
    TxData_status_set(d, length << TX_PAYLEN_SHIFT);
    d += DESCRIPTOR_WORDS, p += packet_words, f += fragment_words;
  }
  queue->tail = (queue->tail + count) & count_mask;
  post(packets, count);
  post(fragments, count);
  return count;
}

/* What the head that the chip wrote covers goes back. */
static void tx_drain(struct tx_driver *queue) {
  uint32_t mask = queue->chip->count - 1;
  uint32_t head = __atomic_load_n(queue->written_head, __ATOMIC_ACQUIRE);
  uint32_t done = (head - queue->drained) & mask;
  if (head > mask || done > ((queue->tail - queue->drained) & mask)) {
    queue->invalid_heads++;
    return;
  }
  uint32_t count = least(done, drain_count(&queue->packets));
  queue->drained = (queue->drained + count) & mask;
  complete(&queue->fragments, count);
  complete(&queue->packets, count);
}

static void tx_advance(struct tx_driver *queue) {
  uint32_t before = queue->tail;
  while (post_count(&queue->packets) > 0 && tx_post_run(queue) > 0) continue;
  if (queue->tail != before) __atomic_store_n(&queue->chip->tail, queue->tail, __ATOMIC_RELEASE); /* the doorbell */
  tx_drain(queue);
}

#endif
