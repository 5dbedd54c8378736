/*
 * What a register declaration means bit by bit: which bits take what the host writes, which it clears, which act, which
 * it cannot read. Bits that no field claims follow the register's own mode; bits outside `writable` never change.
 */

import type { Access, Register } from '@netcx/layout';

/** The bits of a register by what an access of the host does to them, as signed words. */
export interface AccessMasks {
  /** A write stores these: `rw` and `wo`. */
  readonly store: number;
  /** A one that is written clears these: `w1c`. */
  readonly clear: number;
  /** A read clears these after it saw them: `rc`. */
  readonly readClear: number;
  /** A read sees these; the others read as zero: `wo` and `sc`. */
  readonly visible: number;
}

/**
 * @param register - a declaration
 * @returns what accesses do to its bits
 */
export function accessMasks(register: Register): AccessMasks {
  const fields = Object.values(register.fields);
  const having = (...modes: Access[]): number => {
    let mask = 0;
    let claimed = 0;
    for (const field of fields) {
      claimed |= field.mask;
      if (modes.includes(field.access)) mask |= field.mask;
    }
    return modes.includes(register.access) ? mask | ~claimed : mask;
  };
  return {
    store: having('rw', 'wo') & register.writable,
    clear: having('w1c') & register.writable,
    readClear: having('rc') | 0,
    visible: ~having('wo', 'sc'),
  };
}
