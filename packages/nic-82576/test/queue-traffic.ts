/* One queue that sends, one that receives, on machines that are taken down again after each test. */

import { afterEach } from 'vitest';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, frame, little, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const RCTL = R.RCTL.EN.mask | R.RCTL.BAM.mask | R.RCTL.SECRC.mask;
/** Data, end of packet, report status, advanced, insert check sequence. */
const COMMAND = 0x2b30_0000;

const open: Traffic[] = [];
afterEach(() => {
  for (const traffic of open.splice(0)) traffic.close();
});

/** A machine with traffic; it is closed when the test is over. */
export function traffic(...dma: ConstructorParameters<typeof Traffic>): Traffic {
  const made = new Traffic(...dma);
  open.push(made);
  return made;
}

/** A ring of eight descriptors, each a frame of 64 bytes; nothing is posted yet. */
export function sending(side: Traffic, queue = 0): { offset: number; post: (tail: number) => void } {
  const ring = side.txRing(8, queue);
  const data = side.memory(frame(64, queue));
  for (let index = 0; index < 8; index++) {
    poke(ring.offset + index * 16, descriptor(data.address, little(COMMAND | 64) + little(64 << 14)));
  }
  return { offset: ring.offset, post: (tail) => side.ring(R.TDT, tail, queue) };
}

/** A ring of eight descriptors, seven of them posted. */
export function receiving(side: Traffic): { offset: number } {
  const ring = side.rxRing(8);
  for (let index = 0; index < 8; index++) poke(ring.offset + index * 16, descriptor(side.memory(2048).address));
  side.machine.write(R.RCTL, RCTL);
  side.ring(R.RDT, 7);
  return { offset: ring.offset };
}
