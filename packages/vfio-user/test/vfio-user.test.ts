import { expect, it } from 'vitest';
import { describeVfioUser } from '../src/index.ts';

it('says what it is', () => {
  expect(describeVfioUser()).toBe('vfio user');
});
