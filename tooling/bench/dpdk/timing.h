/*
 * How the small programs measure: batches of calls, nanoseconds a call, the median of 21 samples after a warm-up; printed as
 * one JSON object.
 */
#ifndef NETCX_TIMING_H
#define NETCX_TIMING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SAMPLES = 21 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int ascending(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

/* `work` does `calls` calls and returns something that depends on all of them. */
static void measure(uint64_t (*work)(uint32_t calls), uint32_t calls) {
  volatile uint64_t sum = 0;
  double samples[SAMPLES];
  for (int warm = 0; warm < 20; warm++) sum += work(calls);
  for (int sample = 0; sample < SAMPLES; sample++) {
    double start = now();
    sum += work(calls);
    samples[sample] = (now() - start) / calls;
  }
  qsort(samples, SAMPLES, sizeof *samples, ascending);
  printf("{\"nanoseconds\":%.3f,\"least\":%.3f,\"most\":%.3f,\"sum\":\"%llu\"}\n", samples[SAMPLES / 2], samples[0],
         samples[SAMPLES - 1], (unsigned long long)sum & 0xffff);
}

#endif
