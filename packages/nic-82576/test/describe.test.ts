import { expect, it } from 'vitest';
import { allocateWire } from '@netcx/hardware/wire';
import { REGISTERS } from '../src/registers/index.ts';
import { Machine } from './machine.ts';

const { CTRL, GPRC, ICS, IMS, RAH, RCTL, RDT } = REGISTERS;

it('describe prints the link, registers with their fields, and the PHY', () => {
  const machine = new Machine({ name: 'nic a' });
  machine.write(RCTL, 0x0400_8002);
  machine.write(RDT, 7, 3);
  machine.write(IMS, 4);
  machine.write(ICS, 0x80);
  machine.linkUp();
  const lines = machine.nic.describe().split('\n');
  expect(lines[0]).toBe('nic a: link up');
  for (const line of [
    'CTRL @00000 = 00100249  FD LRST SLU SPEED=0x2 ADVD3WUC',
    'STATUS @00008 = 80080483  FD LU SPEED=0x2 PHYRA GIO_MASTER_ENABLE',
    'RCTL @00100 = 04008002  EN BAM SECRC',
    'RDT[3] @0c0d8 = 00000007  RDT=0x7',
    'RAH[0] @05404 = 80000100  RAH=0x100 AV',
    'ICR @000c0 = 80000084  LSC RXDW INT_ASSERTED',
    'IMS @000d0 = 00000004  LSC',
    'nic a PHY:',
    'PHYID1 @00008 = 000002a8',
  ]) {
    expect(lines).toContain(line);
  }
  expect(machine.read(IMS)).toBe(4); // looking changed nothing
});

it('describe prints only what is asked for', () => {
  const machine = new Machine();
  const text = machine.nic.describe((register) => register === CTRL || register === RAH || register === GPRC);
  expect(text.split('\n').slice(0, 4)).toEqual([
    '82576: link down',
    'CTRL @00000 = 00100209  FD LRST SPEED=0x2 ADVD3WUC',
    'GPRC @04074 = 00000000',
    'RAH[0] @05404 = 80000100  RAH=0x100 AV',
  ]);
});

it('close gives device memory back', () => {
  const run = (): void => {
    const machine = new Machine();
    machine.write(RCTL, 0x40); // makes the loopback lane
    machine.nic.close();
    machine.link.close();
  };
  run();
  // Sizes that nobody else asks for: they come from memory that was never given out before.
  const before = allocateWire(64 * 1001);
  for (let round = 0; round < 20; round++) run();
  expect(allocateWire(64 * 1003)).toBe(before + 64 * 1001);
});
