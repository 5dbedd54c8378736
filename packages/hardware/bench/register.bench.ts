/*
 * What a register access costs through the whole bus: bridge, device, register file, hook. Each access is checked, gated
 * and decoded as the models need it. Run from the package's folder after a build: npx tsx bench/register.bench.ts
 */

import { hrtime } from 'node:process';
import { enableDevice, HostBridge } from '@netcx/bus';
import { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { PciDevice, RegisterFile } from '@netcx/hardware';
import { defineRegisters, register } from '@netcx/layout';

const ACCESSES = 200_000;
const ROUNDS = 40;
const BAR_BYTES = 0x2_0000;

const { TAIL, CAUSE } = defineRegisters({
  TAIL: register(0xe018, 'rw', 0, 'Tail', {}, { count: 16, stride: 0x40, writable: 0xffff }),
  CAUSE: register(0x00c0, 'rc', 0, 'Causes'),
});

const file = new RegisterFile('bench', { TAIL, CAUSE }, BAR_BYTES);
const device = new PciDevice(
  { vendorId: 1, deviceId: 2, classCode: 0x02_0000, bars: [{ kind: 'memory32', size: BAR_BYTES }] },
  { bars: [file] },
);
const { function: fn } = new HostBridge(new VirtualClock()).attach(device, { dma: new IdentityMap() });
enableDevice(fn);

let rung = 0;
file.onWrite(TAIL, (value, index) => {
  rung = (rung + value + index) | 0;
});
const places = Array.from({ length: 16 }, (_, index) => file.place(TAIL, index));

const work: Readonly<Record<string, () => void>> = {
  'host writes a doorbell': () => {
    for (let i = 0; i < ACCESSES; i++) fn.write32(0, 0xe018 + ((i & 15) << 6), i & 0xffff);
  },
  'host reads a register': () => {
    let sum = 0;
    for (let i = 0; i < ACCESSES; i++) sum = (sum + fn.read32(0, 0xe018 + ((i & 15) << 6))) | 0;
    rung = (rung + sum) | 0;
  },
  'device: get by register': () => {
    let sum = 0;
    for (let i = 0; i < ACCESSES; i++) sum = (sum + file.get(TAIL, i & 15)) | 0;
    rung = (rung + sum) | 0;
  },
  'device: load by place': () => {
    let sum = 0;
    for (let i = 0; i < ACCESSES; i++) sum = (sum + file.load(places[i & 15]!)) | 0;
    rung = (rung + sum) | 0;
  },
};

for (const [name, run] of Object.entries(work)) {
  for (let round = 0; round < ROUNDS; round++) run();
  const samples = Array.from({ length: ROUNDS }, () => {
    const start = hrtime.bigint();
    run();
    return Number(hrtime.bigint() - start) / ACCESSES;
  }).sort((a, b) => a - b);
  console.log(
    `${name.padEnd(26)} ${(samples[0] ?? NaN).toFixed(1).padStart(6)} ns least ${(samples[ROUNDS >> 1] ?? NaN).toFixed(1).padStart(6)} ns median`,
  );
}
if (rung === 0) throw new Error('no doorbell was heard');
