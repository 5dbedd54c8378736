/*
 * The decision table of the transmit path, every combination of its conditions, against the table itself as the reference has
 * it: rows of a condition and an outcome, of which the first that is true decides.
 */

import { describe, expect, it } from 'vitest';
import { decideFrame, type FrameFacts, type FrameLimits } from '../src/index.ts';

/** Reference netadaptercx §4.6, and the two rows that it lacks: what is not readable, and what does not end. */
// prettier-ignore
const ROWS: readonly (readonly [(frame: FrameFacts, limits: FrameLimits) => boolean, string])[] = [
  [({ ended }) => !ended,                                              'refuse incomplete'],
  [({ length }) => length === 0,                                       'refuse empty'],
  [({ length }, { maximumFrame }) => length > maximumFrame,            'refuse tooLong'],
  [({ readable }) => !readable,                                        'refuse invalid'],
  [(_frame, { bouncePolicy }) => bouncePolicy === 'always',            'bounce policy'],
  [({ backfilled }) => !backfilled,                                    'bounce backfill'],
  [({ emptyPart }) => emptyPart,                                       'bounce emptyPart'],
  [({ aligned }) => !aligned,                                          'bounce alignment'],
  [({ parts }, { maximumFragments }) => parts > maximumFragments,      'bounce tooManyParts'],
  [() => true,                                                         'place'],
];
const asked = (frame: FrameFacts, limits: FrameLimits) => ROWS.find(([applies]) => applies(frame, limits))?.[1];

const booleans = [false, true];
const frames = [0, 1, 1514, 1515].flatMap((length) =>
  [1, 4, 5].flatMap((parts) =>
    booleans.flatMap((ended) =>
      booleans.flatMap((readable) =>
        booleans.flatMap((backfilled) =>
          booleans.flatMap((aligned) =>
            booleans.map((emptyPart): FrameFacts => ({
              length,
              parts,
              ended,
              readable,
              backfilled,
              aligned,
              emptyPart,
            })),
          ),
        ),
      ),
    ),
  ),
);

describe('the decision table', () => {
  it.each(['ifNeeded', 'always'] as const)('says what the reference says of every frame, policy %s', (bouncePolicy) => {
    const limits = { maximumFrame: 1514, maximumFragments: 4, bouncePolicy };
    const outcomes = new Set<string>();
    for (const frame of frames) {
      const decision = decideFrame(frame, limits);
      const said = decision.act === 'place' ? 'place' : `${decision.act} ${decision.reason}`;
      expect([frame, said]).toEqual([frame, asked(frame, limits)]);
      outcomes.add(said);
    }
    expect(frames.length).toBe(4 * 3 * 32);
    // Every row is reached but those behind the one that is always true.
    expect(outcomes.size).toBe(bouncePolicy === 'always' ? 5 : 9);
  });
});
