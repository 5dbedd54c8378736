import { expect, it } from 'vitest';
import { describeWires } from '../src/index.ts';

it('says what it is', () => {
  expect(describeWires()).toBe('wires');
});
