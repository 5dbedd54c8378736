/*
 * A station for tests that needs no NIC: it sends every frame back, some later, at times that its clock's seed decides. It can be asked
 * to throw, to hang, to leave, and to break the rules.
 */

import { parentPort } from 'node:worker_threads';
import { VirtualClock } from '@netcx/clock';
import { hostPages } from '@netcx/dma';
import { allocateWire, Frame, FRAME_HEADER_BYTES, freeWire, i32, u8 } from '@netcx/hardware/wire';
import type { BuildStation, Station } from '../../src/index.ts';

const sizeAt = (at: number): number => (FRAME_HEADER_BYTES + Frame.length.get(i32, at >>> 2) + 7) & ~7;

export const buildStation: BuildStation = ({ clock, index, link, numbers, workers }) => {
  const { jitter = 0, refuseStart = -1, refuseStop = -1, refuseBuild = -1 } = numbers;
  if (refuseBuild === index) throw new RangeError('no station for this one');
  const random = clock instanceof VirtualClock ? clock.random('jitter') : undefined;
  const waiting: { offset: number; frames: number; bytes: number }[] = [];
  let up = 0;
  let echoed = 0;
  let full = 0;
  let starts = 0;
  const alarm = clock.alarm(() => {
    for (let burst = waiting[0]; burst !== undefined; burst = waiting[0]) {
      const at = link.reserve(burst.bytes);
      if (at < 0) return;
      u8.copyWithin(at, burst.offset, burst.offset + burst.bytes);
      link.commit(burst.frames, burst.bytes);
      freeWire(burst.offset, burst.bytes);
      echoed += burst.frames;
      waiting.shift();
    }
  });
  link.attach({
    receive(offset, frames) {
      let bytes = 0;
      for (let left = frames; left > 0; left--) bytes += sizeAt(offset + bytes);
      const copy = allocateWire(bytes);
      u8.copyWithin(copy, offset, offset + bytes);
      waiting.push({ offset: copy, frames, bytes });
      if (!alarm.pending) alarm.after(random === undefined ? 0 : random.below(jitter + 1));
    },
    room() {
      full++;
      alarm.soon();
    },
    changed(isUp) {
      up = Number(isUp);
    },
  });
  const station: Station = {
    start() {
      starts++;
      if (refuseStart === index && starts === 1) throw Object.assign(new Error('it does not start'), { code: 'COLD' });
      link.enable(true);
    },
    async stop() {
      await clock.delay(1000);
      if (refuseStop === index) throw new Error('it does not stop');
      link.enable(false);
    },
    counters: () => ({ echoed, full }),
    calls: {
      who: () => ({ index, workers, up, speed: link.speed, abilities: link.partnerAbilities }),
      pages({ bytes = 4096 }) {
        const offset = hostPages.allocate(bytes);
        u8.fill(index + 1, offset, offset + bytes);
        return { offset, wire: allocateWire(bytes) };
      },
      text: () => ({ what: 'text' as unknown as number }),
      alarm: ({ after = 5000 }) => {
        clock
          .alarm(() => {
            throw new Error('an alarm of mine');
          })
          .after(after);
        return {};
      },
      hang() {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        return {};
      },
      leave: () => process.exit(3),
      say() {
        parentPort?.postMessage({ kind: 'unheard of' });
        return {};
      },
    },
  };
  return station;
};
