/*
 * Random accesses of the host, from a seed, against a naive second model: whatever a driver does, the chip answers, never
 * throws, and each bit keeps to its access mode. Resets, sleep, a garbage DMA and removal come in between.
 */

import { expect, it } from 'vitest';
import { enableDevice, HostBridge, type AttachedSlot } from '@netcx/bus';
import { Random, VirtualClock } from '@netcx/clock';
import { IdentityMap, Iommu, type DmaDomain } from '@netcx/dma';
import { Link } from '@netcx/hardware';
import type { Register } from '@netcx/layout';
import { Nic82576 } from '../src/index.ts';
import { BAR, CAPABILITY, REGISTERS } from '../src/registers/index.ts';
import { MAC, Sink } from './machine.ts';
import { RegisterModel } from './register-model.ts';
import { seed, testSize } from './test-size.ts';

const ACCESSES = testSize('register fuzz, accesses', { quick: 100_000, ci: 1_000_000, long: 20_000_000 });
const table = Object.values(REGISTERS) as readonly Register[];
const FLR = { offset: CAPABILITY.PCI_EXPRESS + 8, mask: 0x8000 };
const POWER = CAPABILITY.POWER_MANAGEMENT + 4;

class Fuzz {
  readonly random: Random;
  readonly clock = new VirtualClock({ seed });
  readonly link = new Link(this.clock, { capacity: 128 * 1024 });
  readonly nic: Nic82576;
  readonly slot: AttachedSlot;
  readonly model = new RegisterModel();
  readonly #note: string;
  /** What each word of the MSI-X table holds. */
  readonly #msix = new Map<number, number>();
  #ioAddress = 0;
  #access = 0;

  constructor(domain: DmaDomain, stream: string) {
    this.random = new Random(seed, stream);
    this.#note = `seed ${String(seed)} (${stream})`;
    this.link.b.attach(new Sink());
    this.link.b.enable(true);
    this.nic = new Nic82576({ clock: this.clock, link: this.link.a, macAddress: MAC });
    this.slot = new HostBridge(this.clock).attach(this.nic, { dma: domain });
    this.#enable();
  }

  step(): void {
    this.#access++;
    const where = this.random.below(1000);
    if (where < 800) this.#register();
    else if (where < 900) this.#anywhere();
    else if (where < 950) this.#msixTable();
    else if (where < 970) this.#ioBar();
    else if (where < 985) this.#configuration();
    else if (where < 986) this.#busReset();
    else this.clock.advance(this.random.below(1_000_000));
  }

  /** The device is gone: nothing answers, nothing happens. */
  remove(): void {
    const { function: fn } = this.slot;
    this.slot.remove();
    const before = { ...this.slot.counters(), aborts: this.nic.dma.masterAborts };
    for (let access = 0; access < 1000; access++) {
      const { register, at } = this.#pick();
      if (this.random.chance(0.5)) fn.write32(0, at, this.#value());
      this.#expect(fn.read32(0, at) === 0xffff_ffff && fn.readConfig(0, 4) === 0xffff_ffff, `${register.name} answers`);
      this.#expect(
        this.nic.read32(0, at) === 0xffff_ffff && this.nic.readConfig(2, 2) === 0xffff,
        'the device answers',
      );
      this.nic.write32(0, at, this.#value());
      this.nic.writeConfig(4, 2, 7);
    }
    this.clock.advance(1e9);
    expect({ ...this.slot.counters(), aborts: this.nic.dma.masterAborts }, this.#note).toEqual(before);
    this.nic.close();
    this.link.close();
  }

  #register(): void {
    const { at } = this.#pick();
    if (this.random.chance(0.5)) this.#write(at, this.#value());
    this.#read(at);
  }

  #anywhere(): void {
    const bar = this.random.pick([BAR.REGISTERS, BAR.FLASH]);
    const at = this.random.below(bar.bytes / 4) * 4;
    if (bar === BAR.FLASH) {
      this.slot.function.write32(bar.index, at, this.#value());
      this.#expect(this.slot.function.read32(bar.index, at) === 0xffff_ffff, 'the flash answers');
    } else if (this.random.chance(0.5)) this.#write(at, this.#value());
    else this.#read(at);
  }

  #write(at: number, value: number): void {
    this.slot.function.write32(0, at, value);
    this.model.write(at, value);
    if ((at === 0 || at === 4) && (value & REGISTERS.CTRL.RST.mask) !== 0) this.#ioAddress = 0;
  }

  #read(at: number): void {
    const complaint = this.model.check(at, this.slot.function.read32(0, at));
    if (complaint !== undefined) this.#fail(complaint);
    if (this.model.clearedByReading(at)) {
      const again = this.slot.function.read32(0, at);
      this.#expect(again === 0, `0x${at.toString(16)} reads ${again.toString(16)} after it was cleared`);
    }
  }

  /** Entries of four words; address and data keep what is written, of the control word one bit does. */
  #msixTable(): void {
    const at = this.random.below(BAR.MSIX.bytes / 4) * 4;
    const { function: fn } = this.slot;
    const value = this.#value();
    fn.write32(BAR.MSIX.index, at, value);
    const masks = [0xffff_fffc, 0xffff_ffff, 0xffff_ffff, 1];
    const read = fn.read32(BAR.MSIX.index, at);
    const wanted = at < 25 * 16 ? (value & masks[(at / 4) % 4]!) >>> 0 : 0;
    this.#msix.set(at, wanted);
    const pending = at >= 0x2000 && at < 0x2004;
    this.#expect(pending || read === wanted, `MSI-X at 0x${at.toString(16)} reads ${read.toString(16)}`);
    const [other, kept] = this.random.pick([...this.#msix.entries()].slice(0, 8));
    if (other < 0x2000)
      this.#expect(fn.read32(BAR.MSIX.index, other) === kept, `MSI-X at 0x${other.toString(16)} forgot`);
  }

  #ioBar(): void {
    const { function: fn } = this.slot;
    if (this.random.chance(0.5)) {
      this.#ioAddress = this.random.chance(0.8) ? this.#pick().at : this.#value();
      fn.write32(BAR.IO.index, 0, this.#ioAddress);
      this.#expect(fn.read32(BAR.IO.index, 0) === this.#ioAddress >>> 0, 'IOADDR forgot');
      return;
    }
    if (this.#ioAddress >= BAR.REGISTERS.bytes || this.#ioAddress % 4 !== 0) {
      fn.write32(BAR.IO.index, 4, this.#value());
      this.#expect(fn.read32(BAR.IO.index, 4) === 0, 'IODATA leads nowhere');
      return;
    }
    const at = this.#ioAddress;
    const value = this.#value();
    fn.write32(BAR.IO.index, 4, value);
    this.model.write(at, value);
    if ((at === 0 || at === 4) && (value & REGISTERS.CTRL.RST.mask) !== 0) this.#ioAddress = 0;
    this.#read(at);
  }

  /** Any size, anywhere; then awake and enabled again, with what was lost by that. */
  #configuration(): void {
    const { function: fn } = this.slot;
    const size = this.random.pick([1, 2, 4] as const);
    const at = Math.floor(this.random.below(0x1000) / size) * size;
    const flr = this.random.chance(0.02);
    if (flr) fn.writeConfig(FLR.offset, 2, FLR.mask);
    else {
      const value = this.#value();
      const shift = (at - FLR.offset) * 8;
      const reaches = at >= FLR.offset && at < FLR.offset + 2 && shift + size * 8 > 15;
      fn.writeConfig(at, size, value);
      if (reaches && ((value >>> (15 - shift)) & 1) === 1) this.#forget('function');
    }
    if (flr) this.#forget('function');
    fn.readConfig(at, size);
    if ((fn.readConfig(POWER, 4) & 3) !== 0) {
      enableDevice(fn);
      this.#expect(fn.read32(0, 0) === 0xffff_ffff, 'a sleeping device answers');
      fn.writeConfig(POWER, 2, 0);
      this.#forget('power');
    }
    this.#enable();
  }

  #busReset(): void {
    this.nic.reset();
    this.#forget('bus');
    this.#enable();
  }

  /** Decoding, I/O and bus mastering on. */
  #enable(): void {
    this.slot.function.writeConfig(4, 2, 7);
  }

  #forget(kind: 'function' | 'power' | 'bus'): void {
    this.model.reset(kind);
    this.#msix.clear();
    this.#ioAddress = 0;
  }

  #pick(): { register: Register; at: number } {
    const register = this.random.pick(table);
    const index = this.random.below(register.count);
    const alias = register.aliases[0];
    const second = alias !== undefined && index < alias.count && this.random.chance(0.3);
    return { register, at: second ? alias.offset + index * alias.stride : register.at(index) };
  }

  #value(): number {
    const { random } = this;
    const kind = random.below(4);
    if (kind === 0) return random.next();
    if (kind === 1) return 2 ** random.below(32);
    return kind === 2 ? random.below(0x1_0000) : random.pick([0, 0xffff_ffff, 0x5a5a_5a5a, 0xa5a5_a5a5]);
  }

  #expect(truth: boolean, complaint: string): void {
    if (!truth) this.#fail(complaint);
  }

  #fail(complaint: string): never {
    return expect.fail(`${this.#note}, access ${String(this.#access)}: ${complaint}`);
  }
}

function run(domain: DmaDomain, stream: string): void {
  const fuzz = new Fuzz(domain, stream);
  for (let access = 0; access < ACCESSES; access++) fuzz.step();
  // It still works after all that.
  fuzz.nic.reset();
  enableDevice(fuzz.slot.function);
  expect(fuzz.slot.function.read32(0, REGISTERS.CTRL.offset)).toBe(REGISTERS.CTRL.reset);
  expect(fuzz.nic.describe()).toContain('CTRL @00000');
  fuzz.remove();
}

it(`answers ${String(ACCESSES)} random accesses that can reach all of host memory`, { timeout: 900_000 }, () => {
  run(new IdentityMap(), 'identity');
});

it(`answers ${String(ACCESSES)} random accesses that can reach no memory at all`, { timeout: 900_000 }, () => {
  run(new Iommu(), 'iommu');
});
