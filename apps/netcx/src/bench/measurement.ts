/*
 * Owns: the short form of the benchmark: frames that go round between two stations, so many of each length, and the time that a
 * frame takes for one way through an adapter: received, shown, sent.
 * Invariant: every frame that set out is still on its way at the end; else the figures are worth nothing, and it says so.
 */
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { buildMachine } from '@netcx/reference-driver';
import { Echo } from './echo.ts';

/** Part of the frames that go before anything is measured, for the compiler to see what matters. */
const WARM_UP = 0.2;
/** Looks at the time. */
const BLOCKS = 50;
/** Virtual time of a step. */
const STEP = MILLISECOND;
const CHECK_BYTES = 4;

/** What one length of frames reached. */
export interface Measurement {
  /** Bytes of each frame, with its check sequence, as on the wire. */
  readonly frameBytes: number;
  /** Nanoseconds a frame: the median of the blocks, the least, the most. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Frames that were measured. */
  readonly frames: number;
}

/**
 * @param frameBytes - of each frame, with its check sequence
 * @param frames - how many to measure
 * @param progress - told the part that is done, from 0 to 1
 * @param signal - ends it early
 * @returns what was reached
 * @throws Error when a frame was lost or came back with another length
 */
export async function measure(
  frameBytes: number,
  frames: number,
  progress: (part: number, frames: number) => void,
  signal: AbortSignal,
): Promise<Measurement> {
  const clock = new VirtualClock({ seed: 1 });
  const options = { promiscuous: true, checksumOffload: false, interruptInterval: 0 };
  const machine = buildMachine(clock, options);
  const drivers = [machine.a.driver, machine.b.driver];
  try {
    await clock.drive(Promise.all(drivers.map((driver) => driver.start())));
    clock.advance(100 * MILLISECOND);
    const echoes = drivers.map(({ adapter }) => new Echo(adapter, frameBytes - CHECK_BYTES));
    for (const [index, { adapter }] of drivers.entries()) adapter.attachProtocol(echoes[index]!);
    const passed = (): number => echoes.reduce((sum, echo) => sum + echo.frames, 0);
    for (const echo of echoes) echo.begin();
    const until = (count: number): void => {
      while (passed() < count) {
        const before = passed();
        clock.advance(STEP);
        if (passed() === before) throw new Error('frames were lost on their way');
      }
    };
    until(frames * WARM_UP);
    const times: number[] = [];
    const start = passed();
    while (passed() - start < frames && !signal.aborted) {
      const before = passed();
      const begin = performance.now();
      until(before + frames / BLOCKS);
      times.push(((performance.now() - begin) * 1e6) / (passed() - before));
      progress((passed() - start) / frames, passed() - start);
      await new Promise((resolve) => void setImmediate(resolve)); // for the user's Ctrl-C
    }
    if (echoes.some(({ wrong }) => wrong > 0)) throw new Error('frames came back with another length');
    times.sort((one, other) => one - other);
    const at = (part: number): number => times[Math.floor(part * (times.length - 1))] ?? Number.NaN;
    return { frameBytes, median: at(0.5), least: at(0), most: at(1), frames: passed() - start };
  } finally {
    for (const { adapter } of drivers) adapter.detachProtocol();
    await clock.drive(Promise.all(drivers.map((driver) => driver.stop())));
    machine.close();
  }
}
