// How the small programs measure: batches of calls, nanoseconds a call, the median of 21 samples after a warm-up; printed as
// one JSON object. dpdk/timing.h does the same for those in C.
// Invariant: the sum of what the calls returned is printed too, so that no call can be left out.

const SAMPLES = 21;
const WARM_UP = 20;

/**
 * @param {(calls: number) => number} work does as many calls and returns something that depends on all of them
 * @param {number} calls in one sample
 * @param {number} warmUp samples that do not count: more where much code has to be compiled first
 */
export function printTime(work, calls, warmUp = WARM_UP) {
  let sum = 0;
  for (let warm = 0; warm < warmUp; warm++) sum = (sum + work(calls)) | 0;
  const samples = Array.from({ length: SAMPLES }, () => {
    const start = process.hrtime.bigint();
    sum = (sum + work(calls)) | 0;
    return Number(process.hrtime.bigint() - start) / calls;
  }).sort((one, other) => one - other);
  const nanoseconds = samples[SAMPLES >> 1];
  console.log(JSON.stringify({ nanoseconds, least: samples[0], most: samples[SAMPLES - 1], sum: `${sum & 0xffff}` }));
}
