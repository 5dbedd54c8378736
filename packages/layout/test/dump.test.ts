import { describe, expect, it } from 'vitest';
import {
  bits,
  defineRegisters,
  defineStruct,
  dump,
  dumpRegister,
  overlay,
  register,
  u16,
  u32,
  u64,
  u8,
} from '../src/index.ts';

describe('dump', () => {
  it('prints the bytes and each field', () => {
    const Fragment = defineStruct('Fragment', 8, {
      validLength: bits(u64(0), 25, 0),
      capacity: bits(u64(0), 51, 26),
      offset: bits(u64(0), 61, 52),
      flags: overlay(u8(7)),
    });
    const view = new Int32Array(4);
    Fragment.validLength.set(view, 2, 60);
    Fragment.capacity.set(view, 2, 2048);
    Fragment.offset.set(view, 2, 14);
    expect(dump(Fragment, view, 2)).toBe(
      [
        'Fragment at word 0x2: 3c 00 00 00 20 00 e0 00',
        '  +00 25:0   validLength 0x3c (60)',
        '  +00 51:26  capacity    0x800 (2048)',
        '  +00 61:52  offset      0xe (14)',
        '  +07 u8     flags       0x0 (0)',
      ].join('\n'),
    );
  });

  it('prints all 64 bits exactly', () => {
    const Descriptor = defineStruct('Descriptor', 10, { address: u64(0), length: u16(8) });
    const view = Int32Array.of(0x89ab_cdef, 0x0123_4567, 0x5ea, 0);
    expect(dump(Descriptor, view, 0)).toBe(
      [
        'Descriptor at word 0x0: ef cd ab 89 67 45 23 01 ea 05',
        '  +00 u64    address 0x123456789abcdef (81985529216486895)',
        '  +08 u16    length  0x5ea (1514)',
      ].join('\n'),
    );
  });

  it('prints a view that does not start its buffer, and a struct without fields', () => {
    const view = new Int32Array(new Uint8Array([9, 9, 9, 9, 1, 2, 3, 4]).buffer, 4);
    expect(dump(defineStruct('Nothing', 3, {}), view, 0)).toBe('Nothing at word 0x0: 01 02 03');
    expect(dump(defineStruct('Word', 4, { word: u32(0) }), view, 0)).toContain('+00 u32    word 0x4030201 (67305985)');
  });
});

describe('dumpRegister', () => {
  const { CTRL, TDT } = defineRegisters({
    CTRL: register(0x00000, 'rw', 0, 'Device Control', { FD: 0, SLU: 6, SPEED: [9, 8], TOP: 31 }),
    TDT: register(0x0e018, 'rw', 0, 'Transmit Descriptor Tail', {}, { count: 16, stride: 0x40 }),
  });

  it('prints the fields that are not zero', () => {
    expect(dumpRegister(CTRL, 0x8000_0240)).toBe('CTRL @00000 = 80000240  SLU SPEED=0x2 TOP');
    expect(dumpRegister(CTRL, -1)).toBe('CTRL @00000 = ffffffff  FD SLU SPEED=0x3 TOP');
    expect(dumpRegister(CTRL, 0)).toBe('CTRL @00000 = 00000000');
  });

  it('prints which instance it is', () => {
    expect(dumpRegister(TDT, 17, 3)).toBe('TDT[3] @0e0d8 = 00000011');
  });
});
