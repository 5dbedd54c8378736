/*
 * The document's figure of extension versions: an extension grows at its end, on its own. One that ships in two versions is
 * receive segment coalescing; a driver of either version works with a queue of either version.
 * Run it with: npx tsx --conditions=@netcx/source examples/extension-version.ts
 */

import { Checksum, defineExtension, planElement, Rsc, RscV1 } from '@netcx/extensions';
import { u16, u32 } from '@netcx/layout';

const spec = { name: 'example_flow', alignment: 4, level: 'packet' } as const;
const FlowV1 = defineExtension({ ...spec, version: 1, size: 4, fields: { flow: u32(0) } });
const FlowV2 = defineExtension({ ...spec, version: 2, size: 8, fields: { flow: u32(0), hops: u16(4) } });

const core = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
for (const [queue, laidOut] of [FlowV1, FlowV2].entries()) {
  const plan = planElement({ ...core, extensions: [laidOut, Checksum] });
  const memory = new Int32Array(plan.wordStride);
  const old = plan.extension(FlowV1);
  const young = plan.extension(FlowV2);
  old.flow.set(memory, 0, 7);
  console.log(`queue with version ${queue + 1}, ${plan.stride} bytes a packet`);
  console.log(`  driver of version 1: flow ${old.flow.get(memory, 0)}`);
  console.log(
    `  driver of version 2: ${young.enabled ? `flow and hops, ${young.hops.get(memory, 0)}` : 'no such extension'}`,
  );
}

const plan = planElement({ ...core, extensions: [Rsc] });
console.log(`rsc of version 2 serves version 1: ${plan.extension(RscV1).enabled}`);
console.log(
  `rsc of version 1 serves version 2: ${planElement({ ...core, extensions: [RscV1] }).extension(Rsc).enabled}`,
);
