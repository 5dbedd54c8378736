import { expect, it } from 'vitest';
import { describeTrace } from '../src/index.ts';

it('says what it is', () => {
  expect(describeTrace()).toBe('trace');
});
