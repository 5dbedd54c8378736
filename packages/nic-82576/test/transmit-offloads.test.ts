/* Literal descriptors with checksums, tags and the driver's own check sequence, and the literal frames that leave. */

import { describe, expect, it } from 'vitest';
import type { CommonBuffer } from '@netcx/dma';
import type { LinkPartner } from '@netcx/hardware';
import { Frame, FRAME_BAD_FCS, i32 as wireWords } from '@netcx/hardware/wire';
import { REGISTERS } from '../src/registers/index.ts';
import { descriptor, little, peek, poke, Traffic } from './traffic.ts';

const R = REGISTERS;
const { TDH, TDT } = R;
const CONTRADICTORY = 'nic: transmit descriptors and context that contradict each other';
const NOT_MODELLED = 'nic: descriptor of a kind that is not modelled';
const TOO_LONG = 'nic: frame to send longer than any (HTDPMC)';

const squeeze = (digits: string): string => digits.replaceAll(' ', '');

/** DTYP 3 and DEXT with IFCS, EOP, RS. */
const LAST = 0x2b30_0000;
const FIRST = 0x2230_0000;
const IFCS = 0x200_0000;
const VLE = 0x4000_0000;
const DTYP = 0xf0_0000;
/** A legacy descriptor with IFCS, EOP, RS; and its IC. */
const LEGACY = 0xb00_0000;
const IC = 0x400_0000;

/** A machine with a ring that does not pad, and VLANs on. */
class Rig {
  readonly t = new Traffic();
  readonly ring: CommonBuffer = this.t.txRing(64);
  #tail = 0;

  constructor() {
    const { machine } = this.t;
    machine.write(R.TCTL, R.TCTL.EN.mask);
    machine.write(R.CTRL, machine.read(R.CTRL) | R.CTRL.VME.mask);
  }

  context(words: string): this {
    poke(this.ring.offset + 16 * this.#tail++, words);
    return this;
  }

  data(digits: string, command: number, status = 0): this {
    const packet = Buffer.from(squeeze(digits), 'hex');
    const { address } = this.t.memory(packet);
    const words = `${little(command | packet.length)} ${little(status)}`;
    poke(this.ring.offset + 16 * this.#tail++, descriptor(address, words));
    return this;
  }

  send(): string[] {
    const before = this.t.partner.frames.length;
    this.t.ring(TDT, this.#tail);
    return this.t.partner.frames.slice(before);
  }

  status(index: number): string {
    return peek(this.ring.offset + index * 16).slice(-8);
  }

  drops(what: string): number | undefined {
    return this.t.machine.nic.drops()[what];
  }
}

const MACS = '020000000002 020000000001 ';
/** UDP from port 7 to port 7 over IPv4, "ab": the seed is 0a00 + 0001 + 0a00 + 0002 + 0011 + 000a. */
const UDP4 = `${MACS}0800 4500001e00000000 4011ffff 0a000001 0a000002 00070007000a 141e 6162`;
const UDP4_DONE = squeeze(UDP4).replace('ffff', '66cd').replace('141e', '8a67');
/** IPLEN 20, MACLEN 14; UDP, without the IPV4 bit, as Linux has it. */
const CONTEXT = '141c0000 00000000 00002020 00080000';

describe('checksums', () => {
  it('of header and datagram, as the context says and not as the packet does', () => {
    const rig = new Rig().context(CONTEXT);
    expect(rig.data(UDP4, LAST, 0x300).send()).toEqual([UDP4_DONE]);
    expect([rig.status(0), rig.status(1)]).toEqual(['00080000', '01030000']);
    // One byte further: the sums go where they are told to.
    rig.context('141e0000 00000000 00002020 00080000').data(`${UDP4} 00`, LAST, 0x100);
    expect(rig.send()[0]).toHaveLength(2 * 45);
    expect(rig.drops(CONTRADICTORY)).toBe(0);
  });

  it('of SCTP: CRC32c, low byte first, whatever stood there', () => {
    // The wanted sum comes from a program that takes the polynomial of RFC 9260 Appendix A bit by bit.
    const rig = new Rig().context('00000000 00000000 00102020 00000000'); // MACLEN 0, IPLEN 0, SCTP
    rig.data('0b590b5900000001 ffffffff 0a0000100000000000000000ffff0000 00000000', LAST, 0x200);
    expect(rig.send()).toEqual(['0b590b5900000001cb79f2910a0000100000000000000000ffff000000000000']);
  });

  it('that do not fit the frame leave it as it is', () => {
    const rig = new Rig().context('ff1f0000 00000000 00002020 00000000'); // IPLEN 511, MACLEN 15
    expect(rig.data(UDP4, LAST, 0x300).send()).toEqual([squeeze(UDP4)]);
    rig.context('161c0000 00000000 00182020 00000000'); // the reserved protocol
    expect(rig.data(UDP4, LAST, 0x200).send()).toEqual([squeeze(UDP4)]);
  });

  it('are padded after, not summed over', () => {
    const rig = new Rig().context(CONTEXT);
    rig.t.machine.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
    expect(rig.data(UDP4, LAST, 0x300).send()).toEqual([UDP4_DONE.padEnd(120, '0')]);
  });
});

describe('contexts', () => {
  it('stay until they are written anew, two in each queue', () => {
    const rig = new Rig().context(CONTEXT).context(CONTEXT.replace('00080000', '10080000').replace('141c', '131c'));
    rig.data(UDP4, LAST, 0x300).data(UDP4, LAST, 0x300);
    // Slot 1 has an IPLEN of 19: there is no header checksum then.
    rig.data(UDP4, LAST, 0x110);
    expect(rig.send()).toEqual([UDP4_DONE, UDP4_DONE, squeeze(UDP4)]);
    expect(rig.data(UDP4, LAST, 0x300).send()).toEqual([UDP4_DONE]);
  });

  it('report like other descriptors, and their slots are taken modulo two', () => {
    const rig = new Rig().context('141c0000 00000000 00002028 60080000'); // RS, IDX 6
    expect(rig.send()).toEqual([]);
    expect(rig.status(0)).toBe('61080000');
    expect(rig.t.machine.read(R.ICR) & 1).toBe(1);
    expect(rig.data(UDP4, LAST, 0x340).send()).toEqual([UDP4_DONE]); // IDX 4
  });

  it('are forgotten by a reset', () => {
    const rig = new Rig().context(CONTEXT).data(UDP4, LAST, 0x300);
    expect(rig.send()).toEqual([UDP4_DONE]);
    rig.t.machine.write(R.CTRL, rig.t.machine.read(R.CTRL) | R.CTRL.RST.mask);
    rig.t.machine.linkUp();
    const ring = rig.t.txRing(8);
    poke(ring.offset, descriptor(rig.t.memory(Buffer.from(squeeze(UDP4), 'hex')).address, `2c00302b 00030000`));
    rig.t.ring(TDT, 1);
    expect(rig.t.partner.frames.at(-1)).not.toContain('66cd');
  });
});

describe('tags', () => {
  const frame = `${MACS}0800 11223344`;
  const tagged = (type: string): string => squeeze(`${MACS}${type}2064 0800 11223344`);
  const TAG = '00006420 00000000 00002020 00000000'; // VLAN tag 2064

  it('come from the context, behind the addresses, with the type of VET', () => {
    const rig = new Rig().context(TAG).data(frame, LAST | VLE);
    expect(rig.send()).toEqual([tagged('8100')]);
    rig.t.machine.write(R.VET, 0x8100_88a8);
    expect(rig.data(frame, LAST | VLE).send()).toEqual([tagged('88a8')]);
    expect(rig.t.machine.read(R.GOTCL)).toBe(2 * (22 + 4));
  });

  it('are left out while CTRL.VME is 0', () => {
    const rig = new Rig().context(TAG);
    rig.t.machine.write(R.CTRL, rig.t.machine.read(R.CTRL) & ~R.CTRL.VME.mask);
    expect(rig.data(frame, LAST | VLE).send()).toEqual([squeeze(frame)]);
  });

  it('stand behind an outer tag when CTRL_EXT.EXTENDED_VLAN says that there is one', () => {
    const outer = `${MACS}88a8 0bcd 0800 11223344`;
    const rig = new Rig().context(TAG);
    rig.t.machine.write(R.VET, 0x88a8_8100);
    expect(rig.data(outer, LAST | VLE).send()).toEqual([squeeze(`${MACS}8100 2064 88a8 0bcd 0800 11223344`)]);
    rig.t.machine.write(R.CTRL_EXT, R.CTRL_EXT.EXTENDED_VLAN.mask);
    expect(rig.data(outer, LAST | VLE).send()).toEqual([squeeze(`${MACS}88a8 0bcd 8100 2064 0800 11223344`)]);
    expect(rig.data(frame, LAST | VLE).send()).toEqual([tagged('8100')]);
  });

  it('go into frames from several buffers, padded with the tag, with the checksum of the rest', () => {
    const rig = new Rig().context(CONTEXT.replace('141c0000', '141c6420'));
    rig.t.machine.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
    const digits = squeeze(UDP4);
    rig.data(digits.slice(0, 14), FIRST | VLE, 0x300).data(digits.slice(14), LAST);
    expect(rig.send()).toEqual([`${UDP4_DONE.slice(0, 24)}81002064${UDP4_DONE.slice(24)}`.padEnd(120, '0')]);
  });

  it('do not go into what has no addresses, and make the longest frame shorter', () => {
    const rig = new Rig().context(TAG).data('0102030405060708090a0b0c0d', LAST | VLE);
    expect(rig.send()).toEqual(['0102030405060708090a0b0c0d']);
    rig.data('11'.repeat(9721), LAST | VLE).data('11'.repeat(9720), LAST | VLE);
    expect(rig.send().map((sent) => sent.length / 2)).toEqual([9724]);
    expect(rig.drops(TOO_LONG)).toBe(1);
  });
});

describe('legacy descriptors', () => {
  it('send a frame, from one buffer or several', () => {
    const rig = new Rig().data(UDP4, LEGACY);
    rig.data(squeeze(UDP4).slice(0, 30), LEGACY & ~0x900_0000).data(squeeze(UDP4).slice(30), LEGACY);
    expect(rig.send()).toEqual([squeeze(UDP4), squeeze(UDP4)]);
    expect([rig.status(0), rig.status(1), rig.status(2)]).toEqual(['01000000', '00000000', '01000000']);
    expect(rig.t.machine.read(TDH)).toBe(3);
  });

  it('sum from CSS on and write at CSO, over the seed', () => {
    // CSS 34, CSO 40.
    const rig = new Rig().data(UDP4, LEGACY | IC | 0x28_0000, 0x2200);
    // CSS and CSO of the first descriptor count, IC of the last.
    rig.data(squeeze(UDP4).slice(0, 60), (LEGACY & ~0x900_0000) | 0x28_0000, 0x2200);
    rig.data(squeeze(UDP4).slice(60), LEGACY | IC, 0);
    expect(rig.send()).toEqual([0, 1].map(() => squeeze(UDP4).replace('141e', '8a67')));
  });

  it('send zero as zero, and nothing that does not fit', () => {
    const zero = `${MACS}88b5 fffe 0001 0000`;
    const rig = new Rig().data(zero, LEGACY | IC | 0x12_0000, 0x0e00);
    rig.data(zero, LEGACY | IC | 0x13_0000, 0x0e00); // CSO on the last byte
    rig.data(zero, LEGACY | IC | 0x12_0000, 0x1400); // CSS behind the end
    expect(rig.send()).toEqual([squeeze(zero), squeeze(zero), squeeze(zero)]);
    rig.data(zero, LEGACY | IC | 0x12_0000, 0x1300); // CSS on the last byte
    expect(rig.send()).toEqual([squeeze(`${MACS}88b5 fffe 0001 ffff`)]);
  });

  it('have their tag with them, in the last one', () => {
    const frame = `${MACS}0800 11223344`;
    const rig = new Rig().data(frame, LEGACY | VLE, 0x2064_0000);
    rig.data(squeeze(frame).slice(0, 20), LEGACY & ~0x900_0000, 0x0111_0000);
    rig.data(squeeze(frame).slice(20), LEGACY | VLE, 0x2064_0000);
    const tagged = squeeze(`${MACS}8100 2064 0800 11223344`);
    expect(rig.send()).toEqual([tagged, tagged]);
  });
});

describe('a check sequence of the driver’s own', () => {
  /** What the partner finds in front of each frame. */
  const statuses = (rig: Rig): number[] => {
    const seen: number[] = [];
    const partner: LinkPartner = {
      receive: (offset) => void seen.push(Frame.status.get(wireWords, offset >> 2)),
      room: () => undefined,
      changed: () => undefined,
    };
    rig.t.machine.link.b.attach(partner);
    return seen;
  };
  const digits = '313233343536373839'; // "123456789", whose check sequence is cbf43926

  it('is taken off, and the frame is a bad one when it is wrong', () => {
    const rig = new Rig();
    const good = rig.data(`${digits} 2639f4cb`, LAST & ~IFCS).send();
    expect(good).toEqual([digits]);
    const seen = statuses(rig);
    rig.data(`${digits} 2639f4cb`, LAST & ~IFCS).send();
    rig.data(`${digits} 2639f4cc`, LAST & ~IFCS).send();
    expect(seen).toEqual([0, FRAME_BAD_FCS]);
  });

  it('stands behind nothing in no frame, and is not padded', () => {
    const rig = new Rig();
    rig.t.machine.write(R.TCTL, R.TCTL.EN.mask | R.TCTL.PSP.mask);
    rig.data('00000000', LAST & ~IFCS).data('112233', LAST & ~IFCS);
    expect(rig.send()).toEqual([]);
    expect(rig.data(`${digits} 2639f4cb`, LAST & ~IFCS).send()).toEqual([digits]);
    expect(rig.t.machine.read(TDH)).toBe(3);
  });

  it('is the chip’s own where the chip changes the frame', () => {
    const rig = new Rig().context(CONTEXT);
    expect(rig.data(UDP4, LAST & ~IFCS, 0x300).send()).toEqual([UDP4_DONE]);
    expect(rig.data(UDP4, (LAST & ~IFCS) | VLE).send()[0]).toHaveLength(2 * 48);
  });
});

describe('what is dropped, and counted', () => {
  it('IPsec, and kinds of descriptors that the chip does not have', () => {
    const rig = new Rig()
      .data(UDP4, LAST, 0x400)
      .data(UDP4, LAST & ~DTYP)
      .data(UDP4, (LAST & ~DTYP) | 0x10_0000);
    expect(rig.data(UDP4, LAST).send()).toEqual([squeeze(UDP4)]);
    expect(rig.drops(NOT_MODELLED)).toBe(3);
    expect([0, 1, 2].map((index) => rig.status(index).slice(0, 2))).toEqual(['01', '01', '01']);
  });

  it('a frame that a context interrupts', () => {
    const rig = new Rig().data(UDP4, FIRST).context(CONTEXT).data(UDP4, LAST, 0x300);
    expect(rig.send()).toEqual([UDP4_DONE]);
    expect(rig.drops(CONTRADICTORY)).toBe(1);
    expect(rig.t.machine.read(R.ICR) & R.ICR.DOUTSYNC.mask).not.toBe(0);
  });
});
