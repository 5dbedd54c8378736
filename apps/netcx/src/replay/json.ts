/*
 * Owns: the outcome of a replay as one JSON object, for programs.
 * Invariant: members are added, never renamed; `wallTime` and `framesPerSecond` are the only ones that differ from run to
 * run.
 */
import { linkTypeName } from '@netcx/pcap';
import { version } from '../version.ts';
import type { ReplayOutcome } from './outcome.ts';

/**
 * @param outcome - of a replay
 * @param exitCode - that the program ends with
 * @returns one JSON object and a line feed
 */
export function reportAsJson(outcome: ReplayOutcome, exitCode: number): string {
  const { report, settings, inputs, output, verification, interrupted, differences } = outcome;
  const { frames, unexpected, bytes, drops, interrupts, polls, buffers, virtualTime, wallTime } = report;
  const { seed, timing, repeat, mtu, iommu } = settings;
  const object = {
    version,
    ok: exitCode === 0,
    exitCode,
    verdict: outcome.verdict,
    interrupted,
    settings: { seed, timing, repeat, frames: settings.frames ?? null, mtu, iommu },
    inputs: inputs.map(({ input, otherLinkTypes, fault, ...counts }) => ({
      file: input.name,
      ...counts,
      otherLinkTypes: Object.fromEntries([...otherLinkTypes].map(([type, count]) => [linkTypeName(type), count])),
      fault: fault === undefined ? null : { ...fault, offset: fault.offset ?? null },
    })),
    frames,
    unexpected,
    bytes,
    drops,
    interrupts,
    polls,
    buffers,
    virtualTime,
    wallTime,
    framesPerSecond: outcome.framesPerSecond,
    differences: differences.map(({ origin, what }) => ({
      ...(origin ?? { file: null, pass: null, frame: null }),
      what,
    })),
    output: { file: output.name, frames: output.frames, problem: output.problem ?? null },
    verification:
      verification === undefined
        ? null
        : {
            ...verification,
            mismatch: verification.mismatch ?? null,
            irreproducible: verification.irreproducible ?? null,
          },
    problems: outcome.problems,
  };
  return `${JSON.stringify(object, null, 2)}\n`;
}
