/*
 * The document's figure of the query: nobody hard-codes where an extension lies. A driver asks when its queue is created,
 * stores the offset, and gets 70 for extension B, or the statement that the queue does not have it.
 * Run it with: npx tsx --conditions=@netcx/source examples/offset-query.ts
 */

import { defineExtension, INVALID_OFFSET, planElement } from '@netcx/extensions';
import { u16 } from '@netcx/layout';

const spec = { version: 1, alignment: 2, level: 'packet' } as const;
const A = defineExtension({ ...spec, name: 'example_a', size: 58, fields: { first: u16(0) } });
const B = defineExtension({ ...spec, name: 'example_b', size: 2, fields: { value: u16(0) } });
const C = defineExtension({ ...spec, name: 'example_c', size: 2, fields: { value: u16(0) } });

const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [A, B], mode: 'cx' });

/** What a driver keeps for each queue. */
const queueContext = { b: plan.extension(B).offset, c: plan.extension(C).offset };
console.log(`extension B is at byte ${queueContext.b}`);
console.log(`the queue has extension C: ${queueContext.c !== INVALID_OFFSET}`);

// On the data path: offset arithmetic, no pointer and no look-up.
const memory = new Int32Array(8 * plan.wordStride);
const packet = 3 * plan.wordStride;
B.value.set(memory, packet, queueContext.b, 0xbeef);
console.log(`byte 70 of packet 3: ${new Uint8Array(memory.buffer)[3 * plan.stride + 70]!.toString(16)}`);
try {
  plan.extension(C).value.get(memory, packet);
} catch (error) {
  console.log(String(error));
}
