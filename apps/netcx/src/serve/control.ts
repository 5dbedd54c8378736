/*
 * Owns: the commands that a running server takes, one a line.
 * Invariant: a line that is none is answered with what would be one, and changes nothing.
 */
import type { ControlRequest } from './worker-messages.ts';

/** What the commands are, for people. */
export const CONTROL_HELP = `  link down N    pull the cable of NIC N out; link up N plugs it in again
  remove N       pull NIC N out of its machine without warning, for good
  describe N     registers, rings and PHY of NIC N
  counters       what was counted so far
  quit           the same as Ctrl-C`;

/** A command, or what is wrong with a line that is none. */
export type ControlLine =
  ControlRequest | { readonly kind: 'wrong'; readonly message: string } | { readonly kind: 'empty' };

/**
 * @param text - one line
 * @param nics - how many NICs there are
 * @returns what it asks for
 */
export function parseControl(text: string, nics: number): ControlLine {
  const words = text.trim().split(/\s+/);
  const [verb = '', ...rest] = words;
  if (verb === '') return { kind: 'empty' };
  if (verb === 'counters' && rest.length === 0) return { kind: 'counters' };
  if (verb === 'quit' && rest.length === 0) return { kind: 'close' };
  const state = verb === 'link' ? rest.shift() : undefined;
  const [number = ''] = rest;
  const known = verb === 'remove' || verb === 'describe' || state === 'up' || state === 'down';
  if (!known || rest.length !== 1) return wrong(text, 'link down N, link up N, remove N, describe N, counters or quit');
  const nic = /^\d{1,9}$/.test(number) ? Number(number) : NaN;
  if (!(nic < nics)) return wrong(text, `a NIC from 0 to ${String(nics - 1)}`);
  if (verb === 'link') return { kind: 'link', nic, up: state === 'up' };
  return { kind: verb as 'remove' | 'describe', nic };
}

function wrong(text: string, expected: string): ControlLine {
  return { kind: 'wrong', message: `${JSON.stringify(text.trim())}: expected ${expected}` };
}
