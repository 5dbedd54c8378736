// Must fail: an import is used once per packet. @hot
import { i32 } from './memory.ts';
import * as memory from './memory.ts';

export function sum(first: number, end: number): number {
  let total = 0;
  for (let at = first; at < end; at = (at + memory.step) | 0) total = (total + i32[at]!) | 0;
  return total;
}
