/*
 * How the programs in C take their time: blocks of a millisecond or so, each between two looks at a gauge that tells
 * whether somebody else uses the core; the median of those that nobody disturbed. ../timing.mjs says more, and does the same.
 */
#ifndef NETCX_TIMING_H
#define NETCX_TIMING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Blocks at most, and those that are enough; fewer undisturbed ones than LEAST_BLOCKS are none. */
enum { MOST_BLOCKS = 1 << 17, ENOUGH_BLOCKS = 50, LEAST_BLOCKS = 9, GAUGE_TURNS = 20000 };
static const double LONG_RUN = 2e9, QUICK_RUN = 0.5e9, TOLERANCE = 1.05, SHORT_LOOKS = 0.02;

static double block_times[MOST_BLOCKS], looks[MOST_BLOCKS + 1], undisturbed[MOST_BLOCKS];
static uint32_t chosen_blocks[MOST_BLOCKS];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

/* Nanoseconds that four sums take now, which wait for nothing but themselves and need not a word of memory. */
static double look(void) {
  uint32_t a = 1, b = 2, c = 3, d = 4;
  double start = now();
  for (uint32_t turn = 0; turn < GAUGE_TURNS; turn++) {
    a = (a + 5) ^ turn;
    b = (b ^ turn) + 7;
    c += turn;
    d = (d ^ 0x55) + 3;
    __asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d)); /* each turn for itself: no vectors, none left out */
  }
  return now() - start;
}

/* What a look takes while nobody disturbs: one of fifty is shorter. */
static double short_look(uint32_t blocks) {
  static double sorted[MOST_BLOCKS + 1];
  memcpy(sorted, looks, (blocks + 1) * sizeof *looks);
  qsort(sorted, blocks + 1, sizeof *sorted, ascending);
  return sorted[(uint32_t)((blocks + 1) * SHORT_LOOKS)];
}

/* Gathers the undisturbed blocks, which they are and what they took; returns how many there are. */
static uint32_t choose(uint32_t blocks) {
  double good = short_look(blocks) * TOLERANCE;
  uint32_t chosen = 0;
  for (uint32_t block = 0; block < blocks; block++)
    if (looks[block] <= good && looks[block + 1] <= good) {
      chosen_blocks[chosen] = block;
      undisturbed[chosen++] = block_times[block];
    }
  return chosen;
}

/*
 * `block` does a block of the work and returns how many packets or calls that was. Prints figures, without braces; returns how
 * many undisturbed blocks they are made of, 0 when it is all blocks.
 */
static uint32_t print_time(uint64_t (*block)(void)) {
  const char *size = getenv("NETCX_BENCH_SIZE");
  double limit = size != NULL && strcmp(size, "quick") == 0 ? QUICK_RUN : LONG_RUN;
  uint32_t blocks = 0;
  for (int warm = 0; warm < 100; warm++) looks[0] = look();
  for (double begin = now(), stop = begin; blocks < MOST_BLOCKS;) {
    double start = now();
    uint64_t done = block();
    stop = now();
    block_times[blocks++] = (stop - start) / (double)done;
    looks[blocks] = look();
    if (blocks < LEAST_BLOCKS || stop - begin < limit || (blocks & 15) != 0) continue;
    if (stop - begin >= 4 * limit || choose(blocks) >= ENOUGH_BLOCKS) break;
  }
  uint32_t chosen = choose(blocks);
  if (chosen < LEAST_BLOCKS) chosen = 0;
  qsort(undisturbed, chosen, sizeof *undisturbed, ascending);
  qsort(block_times, blocks, sizeof *block_times, ascending);
  double all = block_times[blocks / 2];
  printf("\"nanoseconds\":%.3f,\"undisturbed\":%.1f,\"all\":%.3f", chosen == 0 ? all : undisturbed[chosen / 2], 100.0 * chosen / blocks, all);
  printf(",\"least\":%.3f,\"most\":%.3f,\"gauge\":%.0f", block_times[0], block_times[blocks - 1], short_look(blocks));
  return chosen;
}

/* What a small program measures: calls that each return something, of which the sum is printed, so that none is left out. */
static uint64_t (*measured_work)(uint32_t calls);
static uint32_t measured_calls;
static volatile uint64_t measured_sum;

static uint64_t measured_block(void) {
  measured_sum += measured_work(measured_calls);
  return measured_calls;
}

/* `work` does `calls` calls, a millisecond's or so, and returns something that depends on all of them. */
static inline void measure(uint64_t (*work)(uint32_t calls), uint32_t calls) {
  measured_work = work;
  measured_calls = calls;
  for (int warm = 0; warm < 20; warm++) measured_block();
  printf("{");
  print_time(measured_block);
  printf(",\"sum\":\"%llu\"}\n", (unsigned long long)measured_sum & 0xffff);
}

#endif
