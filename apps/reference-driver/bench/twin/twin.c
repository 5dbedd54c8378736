/*
 * The data path of netcx once more, in C: the same rings, descriptors and steps, to see what TypeScript costs. Adapters with
 * a queue pair each; for each burst that the wire has, the NIC receives, driver and framework pass it on as the protocol said, and the NIC
 * transmits. layout.h is made from the structs of the built packages, so the two cannot drift apart.
 *
 *     twin FRAME_BYTES ADAPTERS [tail]
 *
 * Prints one JSON object: nanoseconds a packet, as timing.h takes them; with `tail`, how long a burst takes.
 */
#include "framework.h"
#include "timing.h"

enum { FRAMES = 32, BLOCK = 32768, WARM_BLOCKS = 32, MOST_STEPS = 1 << 24, MOST_ADAPTERS = 64 };

struct queue_pair {
  struct receive_queue receive;
  struct transmit_queue transmit;
  struct descriptor_ring rx_ring, tx_ring;
};

struct adapter {
  struct nic nic;
  struct queue_pair pair;
  uint32_t wire_in;
};

static uint32_t make_pool(uint32_t count, uint32_t domain) {
  uint32_t header = allocate(POOL_WORDS * 4 + count * 4), entries = allocate(count * BUFFER_WORDS * 4);
  uint32_t data = allocate(count * POOL_BUFFER_STRIDE);
  for (uint32_t index = 0; index < count; index++) {
    uint32_t *entry = word_at(entries + index * BUFFER_WORDS * 4);
    BufferEntry_pool_set(entry, header / 4);
    BufferEntry_address_set(entry, data + index * POOL_BUFFER_STRIDE);
    BufferEntry_logicalLow_set(entry, data + index * POOL_BUFFER_STRIDE);
    BufferEntry_domain_set(entry, domain);
    BufferEntry_capacity_set(entry, POOL_BUFFER_BYTES);
    stack_of(header)[count - 1 - index] = entries / 4 + index * BUFFER_WORDS;
  }
  Pool_free_set(word_at(header), count);
  Pool_count_set(word_at(header), count);
  Pool_lowest_set(word_at(header), count);
  return header;
}

static void make_pair(struct queue_pair *pair, uint32_t domain) {
  struct rx_driver *rx = &pair->receive.driver;
  struct tx_driver *tx = &pair->transmit.driver;
  make_ring(&rx->packets, RING_ELEMENTS, RX_PACKET_STRIDE);
  make_ring(&rx->fragments, RING_ELEMENTS, RX_FRAGMENT_STRIDE);
  make_ring(&tx->packets, RING_ELEMENTS, TX_PACKET_STRIDE);
  make_ring(&tx->fragments, RING_ELEMENTS, TX_FRAGMENT_STRIDE);
  make_ring(&pair->transmit.sent, RING_ELEMENTS, FRAME_DESCRIPTOR_BYTES);
  pair->rx_ring = (struct descriptor_ring){.base = allocate(RING_ELEMENTS * DESCRIPTOR_BYTES), .count = RING_ELEMENTS};
  pair->tx_ring = (struct descriptor_ring){.base = allocate(RING_ELEMENTS * DESCRIPTOR_BYTES), .count = RING_ELEMENTS};
  rx->chip = &pair->rx_ring;
  rx->buffer_bytes = POOL_BUFFER_BYTES;
  tx->chip = &pair->tx_ring;
  tx->written_head = word_at(allocate(64));
  pair->receive.pool = make_pool(2 * RING_ELEMENTS, domain);
  pair->receive.shadow = allocate(RING_ELEMENTS * 4);
  pair->receive.capacity = POOL_BUFFER_BYTES;
  pair->transmit.longest = POOL_BUFFER_BYTES;
}

static void poll_receive(struct queue_pair *pair) {
  if (publish_home(&pair->receive)) prepare_packets(&pair->receive.driver.packets);
  rx_advance(&pair->receive.driver);
  redirect(&pair->receive, &pair->transmit);
}

static void poll_transmit(struct queue_pair *pair) {
  tx_advance(&pair->transmit.driver);
  complete_frames(&pair->transmit, &pair->receive);
}

/* One burst, from the wire to the wire; its buffers come back when the next one leaves. */
static void step(struct adapter *adapter) {
  struct queue_pair *pair = &adapter->pair;
  if (nic_receive(&adapter->nic, &pair->rx_ring, 0, adapter->wire_in, FRAMES) != FRAMES) abort();
  poll_receive(pair);
  poll_transmit(pair);
  nic_transmit(&adapter->nic, &pair->tx_ring, 0, pair->transmit.driver.written_head);
}

static void fill_wire(struct adapter *adapter, uint32_t number, uint32_t bytes) {
  for (uint32_t index = 0; index < FRAMES; index++) {
    uint32_t at = adapter->wire_in + index * slot_bytes(bytes);
    Frame_length_set(word_at(at), bytes);
    uint8_t *data = host + at + FRAME_HEADER_BYTES;
    for (uint32_t byte = 0; byte < bytes; byte++) data[byte] = (uint8_t)(byte * 7 + index * 13 + number);
    memcpy(data, (uint8_t[]){2, 0, 0, 0, 0, (uint8_t)(number + 1), 2, 0, 0, 0, 0, 99, 0x88, 0xb5}, 14);
  }
}

/* Compares the last burst that left with the one that goes in, all bytes. */
static bool arrived(const struct adapter *adapter, uint32_t bytes) {
  for (uint32_t index = 0; index < FRAMES; index++) {
    uint32_t at = index * slot_bytes(bytes) + FRAME_HEADER_BYTES;
    if (memcmp(host + adapter->nic.wire_out + at, host + adapter->wire_in + at, bytes) != 0) return false;
  }
  return true;
}

static struct adapter adapters[MOST_ADAPTERS];
static uint32_t count;
static uint64_t done; /* bursts of each adapter */

/* A turn of every adapter, some thirty thousand packets in all. */
static uint64_t block(void) {
  uint32_t turns = BLOCK / (count * FRAMES);
  for (uint32_t turn = 0; turn < turns; turn++, done++)
    for (uint32_t number = 0; number < count; number++) step(&adapters[number]);
  return (uint64_t)turns * count * FRAMES;
}

/* How long each burst took, block after block. */
static float *steps;
static uint64_t taken;

static uint64_t block_of_steps(void) {
  uint32_t turns = BLOCK / (count * FRAMES);
  for (uint32_t turn = 0; turn < turns; turn++, done++) {
    for (uint32_t number = 0; number < count; number++) {
      double before = now();
      step(&adapters[number]);
      steps[taken++ % MOST_STEPS] = (float)(now() - before);
    }
  }
  return (uint64_t)turns * count * FRAMES;
}

static int shorter(const void *one, const void *other) {
  float difference = *(const float *)one - *(const float *)other;
  return (difference > 0) - (difference < 0);
}

/* The median of the steps, and what all but one in a thousand stay below, in blocks that nobody disturbed. */
static void print_steps(void) {
  uint32_t each = BLOCK / (count * FRAMES) * count, gathered = 0;
  steps = malloc(MOST_STEPS * sizeof *steps);
  memset(steps, 0, MOST_STEPS * sizeof *steps); /* each fault on a page would be a slow step */
  uint32_t chosen = print_time(block_of_steps);
  if (taken > MOST_STEPS || chosen == 0) {
    chosen = 0;
    gathered = taken > MOST_STEPS ? MOST_STEPS : (uint32_t)taken;
  }
  for (uint32_t index = 0; index < chosen; index++, gathered += each)
    memmove(steps + gathered, steps + (uint64_t)chosen_blocks[index] * each, each * sizeof *steps);
  qsort(steps, gathered, sizeof *steps, shorter);
  printf(",\"p50\":%.0f,\"p999\":%.0f", steps[gathered / 2], steps[(uint64_t)gathered * 999 / 1000]);
}

int main(int argc, char **argv) {
  uint32_t bytes = argc > 1 ? (uint32_t)atoi(argv[1]) : 64;
  count = argc > 2 ? (uint32_t)atoi(argv[2]) : 2;
  bool tail = argc > 3 && strcmp(argv[3], "tail") == 0;
  if (bytes < SHORTEST || bytes > POOL_BUFFER_BYTES || count < 1 || count > MOST_ADAPTERS) {
    fprintf(stderr, "twin: a frame of %u bytes, %u adapters; expected %d to %d, 1 to %d\n", bytes, count, SHORTEST, POOL_BUFFER_BYTES, MOST_ADAPTERS);
    return 2;
  }
  uint64_t need = (uint64_t)count * (RING_ELEMENTS * (2ull * POOL_BUFFER_STRIDE + 400) + 8192) + (1 << 20);
  if (need >= 1ull << 32 || (host = aligned_alloc(4096, (need + 4095) & ~4095ull)) == NULL) {
    fprintf(stderr, "twin: no room for %u adapters\n", count);
    return 2;
  }
  memset(host, 0, need);
  host_bytes = (uint32_t)need;
  for (uint32_t number = 0; number < count; number++) {
    struct adapter *adapter = &adapters[number];
    adapter->wire_in = allocate(FRAMES * slot_bytes(bytes));
    adapter->nic = (struct nic){.buffer_bytes = POOL_BUFFER_BYTES, .wire_out = allocate(BURST * slot_bytes(bytes))};
    fill_wire(adapter, number, bytes);
    memcpy(&adapter->nic.own_low, host + adapter->wire_in + FRAME_HEADER_BYTES, 4);
    memcpy(&adapter->nic.own_high, host + adapter->wire_in + FRAME_HEADER_BYTES + 4, 4);
    make_pair(&adapter->pair, number + 1);
    attach_buffers(&adapter->pair.receive);
    prepare_packets(&adapter->pair.receive.driver.packets);
    poll_receive(&adapter->pair); /* the NIC has buffers from the start */
  }
  for (int warm = 0; warm < WARM_BLOCKS; warm++) block();
  printf("{");
  if (tail) print_steps();
  else print_time(block);
  puts("}");
  for (uint32_t number = 0; number < count; number++) {
    if (adapters[number].nic.left == done * FRAMES && arrived(&adapters[number], bytes)) continue;
    fprintf(stderr, "twin: what left is not what came\n");
    return 1;
  }
  return 0;
}
