/*
 * Jumbo frames without buffers for the longest frame: a protocol says that it takes a frame in parts, the NIC says which sizes
 * its buffers may have, and the buffer manager settles on small ones. Prints what each choice costs.
 * Run it with: npx tsx --conditions=@netcx/source examples/jumbo-buffers.ts
 */

import { explainSettlement, settleBuffers, type NicConstraints, type ProtocolNeeds } from '@netcx/buffers';

const nic: NicConstraints = {
  name: 'nic',
  linkSpeed: 1e9,
  transmit: { queues: 16, maximumFrame: 9014, alignment: 1, ringHint: 256, backfill: 0, maximumFragments: 16 },
  receive: {
    queues: 16,
    maximumFrame: 9216,
    alignment: 64,
    ringHint: 256,
    bufferSizes: { granularity: 1024, minimum: 1024, maximum: 16 * 1024, maximumFragments: 16 },
  },
};
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

for (const takesParts of [false, true]) {
  const needs: ProtocolNeeds[] = [{ name: 'stack', takesParts, headroom: 50 }];
  const { receive } = settleBuffers({ nic, needs });
  const bytes = nic.receive.queues * receive.buffers.granted * (receive.capacity + receive.headroom);
  console.log(
    `${takesParts ? 'in parts' : 'whole'}: buffers of ${receive.capacity} bytes, ${megabytes(bytes)} MiB for ${nic.receive.queues} receive queues`,
  );
}
console.log(explainSettlement(settleBuffers({ nic, needs: [{ name: 'stack', takesParts: true, headroom: 50 }] })));
