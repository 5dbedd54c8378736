// Owns: what iperf3's report says, and that one of nothing is none.

/**
 * @typedef {{ bits_per_second: number, retransmits?: number }} IperfSum
 * @typedef {{ sum?: IperfSum, sum_received?: IperfSum, sum_sent?: IperfSum, sum_received_bidir_reverse?: IperfSum }} IperfEnd
 */

/**
 * With -J iperf3 says in its report what went wrong, and ends with 0.
 * @param {string} output of `iperf3 -J`
 * @returns {{ end: IperfEnd, rate: number }} what it says in the end, and bits per second that arrived
 */
export function reportOf(output) {
  const { end, error } = /** @type {{ end: IperfEnd, error?: string }} */ (JSON.parse(output));
  const rate = (end.sum_received ?? end.sum)?.bits_per_second ?? 0;
  if (error !== undefined || rate === 0) throw new Error(`iperf3: ${error ?? 'nothing arrived'}:\n${output}`);
  return { end, rate };
}
