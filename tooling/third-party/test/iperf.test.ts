import { expect, test } from 'vitest';
import { reportOf } from '../rig/iperf.js';

test('a rate is what arrived; for UDP iperf3 may give one sum alone', () => {
  const tcp = { end: { sum_sent: { bits_per_second: 3e6, retransmits: 2 }, sum_received: { bits_per_second: 2e6 } } };
  expect(reportOf(JSON.stringify(tcp))).toEqual({ ...tcp, rate: 2e6 });
  expect(reportOf('{"end":{"sum":{"bits_per_second":7}}}').rate).toBe(7);
});

test('a report of an error, or of nothing, is no rate', () => {
  const refused = '{"intervals":[],"end":{},"error":"unable to connect to server: Connection refused"}';
  expect(() => reportOf(refused)).toThrow('iperf3: unable to connect to server: Connection refused');
  expect(() => reportOf('{"end":{"sum_received":{"bits_per_second":0}}}')).toThrow('iperf3: nothing arrived');
  expect(() => reportOf('{"end":{}}')).toThrow('iperf3: nothing arrived');
});
