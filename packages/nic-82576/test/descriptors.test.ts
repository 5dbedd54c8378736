import { describe, expect, it } from 'vitest';
import { sizeOf, type Struct } from '@netcx/layout';
import {
  RX_PACKET_TYPE,
  RX_STATUS,
  RxLegacyWriteBack,
  RxReadDescriptor,
  RxWriteBack,
  TX_COMMAND,
  TX_DESCRIPTOR_TYPE,
  TX_L4_TYPE,
  TX_STATUS,
  TxContext,
  TxData,
  TxLegacy,
  TxWriteBack,
} from '../src/registers/index.ts';

/** Sets fields of a zeroed descriptor and returns its bytes as the chip sees them. */
function bytes<S extends Struct>(struct: S, values: Partial<Record<keyof S, number>>): string {
  const memory = new Int32Array(4);
  for (const [field, value] of Object.entries(values)) struct[field]?.set(memory, 0, value as number);
  return Buffer.from(memory.buffer)
    .toString('hex')
    .replace(/(.{8})(?=.)/g, '$1 ');
}

/** A descriptor from its bytes in hex, dwords apart. */
const parse = (hex: string): Int32Array =>
  new Int32Array(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')).buffer);

const all = { RxReadDescriptor, RxWriteBack, RxLegacyWriteBack, TxData, TxContext, TxLegacy, TxWriteBack };

it.each(Object.entries(all))('%s is 16 bytes', (_name, struct) => {
  expect(sizeOf(struct)).toBe(16);
});

describe('receive', () => {
  it('posts two addresses, low byte first', () => {
    expect(bytes(RxReadDescriptor, { packetAddress: 0x12_3456_7880, headerAddress: 0xabc0 })).toBe(
      '80785634 12000000 c0ab0000 00000000',
    );
  });

  it('reads what QEMU wrote for a TCP frame of 60 bytes', () => {
    const memory = parse('11010000 78c1cc51 63000020 3c000000');
    expect(RxWriteBack.rssType.get(memory, 0)).toBe(1);
    expect(RxWriteBack.packetType.get(memory, 0)).toBe(RX_PACKET_TYPE.IPV4 | RX_PACKET_TYPE.TCP);
    expect(RxWriteBack.rssHash.get(memory, 0)).toBe(0x51ccc178);
    const { DD, EOP, L4CS, IPCS, L4E } = RX_STATUS;
    expect(RxWriteBack.statusError.get(memory, 0)).toBe(DD | EOP | L4CS | IPCS | L4E);
    expect(RxWriteBack.length.get(memory, 0)).toBe(60);
    expect(
      [RxWriteBack.dd, RxWriteBack.eop, RxWriteBack.l4cs, RxWriteBack.ipcs, RxWriteBack.l4e].map((bit) =>
        bit.get(memory, 0),
      ),
    ).toEqual([1, 1, 1, 1, 1]);
    expect(
      [RxWriteBack.vp, RxWriteBack.ipe, RxWriteBack.rxe, RxWriteBack.lb, RxWriteBack.sph].map((bit) =>
        bit.get(memory, 0),
      ),
    ).toEqual([0, 0, 0, 0, 0]);
  });

  // prettier-ignore
  it.each([
    [{ headerLength: 0x3ff, sph: 1 },                            '0000e0ff 00000000 00000000 00000000'],
    [{ packetType: 0x1fff },                                     'f0ff0100 00000000 00000000 00000000'],
    [{ ipIdentification: 0x1234, fragmentChecksum: 0xabcd },     '00000000 3412cdab 00000000 00000000'],
    [{ dd: 1, vp: 1, length: 1514, vlanTag: 0x2005 },            '00000000 00000000 09000000 ea050520'],
    [{ hbo: 1, ce: 1, ipe: 1, rxe: 1 },                          '00000000 00000000 000080c1 00000000'],
    [{ udpcs: 1, pif: 1, ipidv: 1, udpv: 1, ts: 1, lb: 1 },      '00000000 00000000 90060500 00000000'],
  ])('writes back %j', (values, wanted) => {
    expect(bytes(RxWriteBack, values)).toBe(wanted);
  });

  it('has a constant for each status bit where the field is', () => {
    const names = {
      DD: 'dd',
      EOP: 'eop',
      VP: 'vp',
      UDPCS: 'udpcs',
      L4CS: 'l4cs',
      IPCS: 'ipcs',
      PIF: 'pif',
      IPIDV: 'ipidv',
      UDPV: 'udpv',
      TS: 'ts',
      LB: 'lb',
      HBO: 'hbo',
      CE: 'ce',
      L4E: 'l4e',
      IPE: 'ipe',
      RXE: 'rxe',
    } as const;
    for (const [name, field] of Object.entries(names)) {
      const memory = new Int32Array(4);
      RxWriteBack[field].set(memory, 0, 1);
      expect(RxWriteBack.statusError.get(memory, 0), name).toBe(RX_STATUS[name as keyof typeof names]);
    }
  });

  it('writes back the legacy format and leaves the address', () => {
    expect(
      bytes(RxLegacyWriteBack, {
        bufferAddress: 0x1_0000_2000,
        length: 64,
        checksum: 0xbeef,
        status: 0x3,
        errors: 0x1,
        vlanTag: 7,
      }),
    ).toBe('00200000 01000000 4000efbe 03010700');
  });
});

describe('transmit', () => {
  it('describes one buffer of a frame', () => {
    expect(
      bytes(TxData, {
        bufferAddress: 0x7_0000_1000,
        dtalen: 60,
        dtyp: TX_DESCRIPTOR_TYPE.DATA,
        eop: 1,
        ifcs: 1,
        rs: 1,
        dext: 1,
        paylen: 60,
      }),
    ).toBe('00100000 07000000 3c00302b 00000f00');
  });

  it('says the same through the whole words', () => {
    const { DTYP_DATA, EOP, IFCS, RS, DEXT } = TX_COMMAND;
    expect(
      bytes(TxData, {
        bufferAddress: 0x7_0000_1000,
        command: DTYP_DATA | EOP | IFCS | RS | DEXT | 60,
        status: 60 << 14,
      }),
    ).toBe('00100000 07000000 3c00302b 00000f00');
  });

  // prettier-ignore
  it.each([
    [{ vle: 1, tse: 1, macTimestamp: 1 },                 '00000000 00000000 000008c0 00000000'],
    [{ idx: 1, ixsm: 1, txsm: 1, paylen: 4000 },          '00000000 00000000 00000000 1003e803'],
    [{ cc: 1, ipsec: 1, sta: 1 },                         '00000000 00000000 00000000 81040000'],
    [{ paylen: 0x3ffff },                                 '00000000 00000000 00000000 00c0ffff'],
  ])('sets %j', (values, wanted) => {
    expect(bytes(TxData, values)).toBe(wanted);
  });

  it('describes a context', () => {
    expect(
      bytes(TxContext, {
        maclen: 14,
        iplen: 20,
        vlanTag: 0x0123,
        ipv4: 1,
        l4t: TX_L4_TYPE.TCP,
        dtyp: TX_DESCRIPTOR_TYPE.CONTEXT,
        dext: 1,
        idx: 1,
        l4len: 20,
        mss: 1460,
      }),
    ).toBe('141c2301 00000000 000c2020 1014b405');
  });

  it('has a constant for each command and status bit where the field is', () => {
    const command = {
      MAC_TIMESTAMP: 'macTimestamp',
      EOP: 'eop',
      IFCS: 'ifcs',
      RS: 'rs',
      DEXT: 'dext',
      VLE: 'vle',
      TSE: 'tse',
    } as const;
    for (const [name, field] of Object.entries(command)) {
      const memory = new Int32Array(4);
      TxData[field].set(memory, 0, 1);
      expect(TxData.command.get(memory, 0), name).toBe(TX_COMMAND[name as keyof typeof command]);
    }
    const status = { DD: 'sta', CC: 'cc', IXSM: 'ixsm', TXSM: 'txsm', IPSEC: 'ipsec' } as const;
    for (const [name, field] of Object.entries(status)) {
      const memory = new Int32Array(4);
      TxData[field].set(memory, 0, 1);
      expect(TxData.status.get(memory, 0), name).toBe(TX_STATUS[name as keyof typeof status]);
    }
  });

  it('describes a legacy frame', () => {
    expect(
      bytes(TxLegacy, {
        bufferAddress: 0x4000,
        length: 100,
        cso: 16,
        css: 14,
        eop: 1,
        ifcs: 1,
        ic: 1,
        rs: 1,
        vle: 1,
        vlanTag: 0xabc,
      }),
    ).toBe('00400000 00000000 6400104f 000ebc0a');
  });

  it('is done when bit 0 of the last word says so', () => {
    expect(TxWriteBack.dd.get(parse('00000000 00000000 00000000 01000f00'), 0)).toBe(1);
    expect(TxWriteBack.dd.get(parse('00000000 00000000 ffffffff 00000f00'), 0)).toBe(0);
  });
});
