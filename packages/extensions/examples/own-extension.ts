/*
 * An extension that a driver brings along, beside the predefined ones: registered like them, laid out like them, and absent
 * where nobody proposes it.
 * Run it with: npx tsx --conditions=@netcx/source examples/own-extension.ts
 */

import { automaticExtensions, Checksum, ExtensionRegistry, planElement, TX_EXTENSIONS } from '@netcx/extensions';
import { FlowMark } from './flow-mark.ts';

const registry = new ExtensionRegistry();
for (const extension of automaticExtensions({ dma: true, transmitChecksum: true, gso: true })) {
  registry.register(extension);
}
registry.register(FlowMark);

const core = { level: 'packet', coreSize: 12, coreAlignment: 4 } as const;
const marked = planElement({ ...core, extensions: registry.select('packet', [...TX_EXTENSIONS, FlowMark]) });
const plain = planElement({ ...core, extensions: registry.select('packet', TX_EXTENSIONS) });
console.log(marked.explain());
console.log(`a queue that does not use it: ${plain.stride} bytes, ${plain.extension(FlowMark).enabled}`);

const memory = new Int32Array(marked.wordStride);
const mark = marked.extension(FlowMark);
mark.flow.set(memory, 0, 123_456);
mark.urgency.set(memory, 0, 5);
console.log(`flow ${mark.flow.get(memory, 0)}, urgency ${mark.urgency.get(memory, 0)}`);
console.log(`checksum is its neighbour's: ${marked.extension(Checksum).layer4.get(memory, 0)}`);
