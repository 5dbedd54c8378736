/*
 * The NIC, as far as 64-byte frames without offloads need it: descriptor fetch, filter, DMA, write-back, counters. Follows
 * packages/nic-82576: data of a burst is moved by a list, and descriptors are done after that.
 */
#ifndef TWIN_NIC_H
#define TWIN_NIC_H

#include "ring.h"

enum { BURST = 64, SHORTEST = 60, LONGEST = 9728, HEADER_WORDS = FRAME_HEADER_BYTES / 4, DESCRIPTOR_WORDS = DESCRIPTOR_BYTES / 4 };

struct counters { uint64_t frames, bytes, groups; };

struct descriptor_ring { uint32_t base, count, head, tail; };

struct transfer { uint8_t *to; const uint8_t *from; uint32_t bytes; };

struct nic {
  uint32_t own_low, own_high; /* its station address, as a frame's first six bytes read */
  uint32_t buffer_bytes;
  struct counters received, transmitted;
  uint32_t wire_out;          /* where frames leave to */
  uint64_t left;              /* frames that left */
  uint32_t causes;            /* interrupt causes, one bit a queue */
  struct transfer list[BURST];
};

static inline uint32_t slot_bytes(uint32_t length) { return FRAME_HEADER_BYTES + ((length + 7) & ~7u); }

static void move_all(const struct transfer *list, uint32_t count) {
  for (uint32_t entry = 0; entry < count; entry++) copy(list[entry].to, list[entry].from, list[entry].bytes);
}

/* Frames that have come by the wire go to a queue's buffers; how many found one. */
static uint32_t nic_receive(struct nic *nic, struct descriptor_ring *queue, uint32_t queue_index, uint32_t wire, uint32_t frames) {
  uint32_t done = 0;
  while (done < frames && queue->head != queue->tail) {
    uint32_t head = queue->head;
    uint32_t run = least(least((queue->tail < head ? queue->count : queue->tail) - head, frames - done), BURST);
    uint32_t *first = word_at(queue->base + head * DESCRIPTOR_BYTES), *d = first;
    uint64_t bytes = 0;
    uint32_t count = 0;
    for (; count < run; count++, d += DESCRIPTOR_WORDS) {
      uint32_t *frame = word_at(wire);
      uint32_t length = Frame_length(frame);
      const uint32_t *data = frame + HEADER_WORDS;
      uint32_t address = RxReadDescriptor_packetAddress_low(d);
      uint32_t stranger = (data[0] ^ nic->own_low) | ((data[1] ^ nic->own_high) & 0xffff);
      uint32_t odd = Frame_status(frame) | RxReadDescriptor_packetAddress_high(d) | stranger;
      if (odd != 0 || length < SHORTEST || length > nic->buffer_bytes || address - 1 >= host_bytes - LONGEST) break;
      nic->list[count] = (struct transfer){host + address, (const uint8_t *)data, length};
      RxWriteBack_information_set(d, 0);
      RxWriteBack_rssHash_set(d, 0);
      RxWriteBack_lengthTag_set(d, length);
      if (data[0] & 1) nic->received.groups++;
      bytes += length;
      wire += slot_bytes(length);
    }
    if (count == 0) break; /* the twin has no other frames than these */
    nic->received.frames += count;
    nic->received.bytes += bytes;
    move_all(nic->list, count);
    for (uint32_t *each = first; each < d; each += DESCRIPTOR_WORDS) RxWriteBack_statusError_set(each, RX_STATUS_DD | RX_STATUS_EOP);
    queue->head = head + count == queue->count ? 0 : head + count;
    done += count;
  }
  if (done > 0) nic->causes |= 1u << (queue_index & 31);
  return done;
}

/* Descriptors of a transmit queue leave as frames; the head is written back into host memory, and one cause stands for all. */
static void nic_transmit(struct nic *nic, struct descriptor_ring *queue, uint32_t queue_index, uint32_t *written_head) {
  const uint32_t plain = TX_COMMAND_DEXT | TX_COMMAND_DTYP_DATA | TX_COMMAND_EOP | TX_COMMAND_IFCS;
  const uint32_t plain_mask = plain | TX_DESCRIPTOR_TYPE_MASK | TX_COMMAND_TSE | TX_COMMAND_VLE | TX_COMMAND_MAC_TIMESTAMP;
  const uint32_t offloads = TX_STATUS_IXSM | TX_STATUS_TXSM | TX_STATUS_IPSEC;
  uint32_t sent = 0, wire = nic->wire_out;
  while (queue->head != queue->tail && sent < BURST) {
    uint32_t head = queue->head;
    uint32_t run = least((queue->tail < head ? queue->count : queue->tail) - head, BURST - sent);
    uint32_t *d = word_at(queue->base + head * DESCRIPTOR_BYTES);
    uint64_t bytes = 0;
    uint32_t count = 0;
    for (; count < run; count++, d += DESCRIPTOR_WORDS) {
      uint32_t command = TxData_command(d), address = TxData_bufferAddress_low(d), length = command & 0xffff;
      uint32_t odd = ((command ^ plain) & plain_mask) | (TxData_status(d) & offloads) | TxData_bufferAddress_high(d);
      if (odd != 0 || length < SHORTEST || length > LONGEST || address - 1 >= host_bytes - LONGEST) break;
      uint32_t *frame = word_at(wire);
      nic->list[count] = (struct transfer){(uint8_t *)(frame + HEADER_WORDS), host + address, length};
      Frame_length_set(frame, length);
      Frame_status_set(frame, 0);
      if (host[address] & 1) nic->transmitted.groups++;
      bytes += length;
      wire += slot_bytes(length);
    }
    if (count == 0) break;
    nic->transmitted.frames += count;
    nic->transmitted.bytes += bytes;
    move_all(nic->list, count);
    queue->head = head + count == queue->count ? 0 : head + count;
    sent += count;
  }
  if (sent == 0) return;
  nic->left += sent;
  *written_head = queue->head;
  nic->causes |= 1u << (queue_index & 31);
}

#endif
