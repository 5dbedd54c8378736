/* A NIC through a socket: its registers, its memory accesses and its interrupts, as a host sees them. */

import { existsSync, readFileSync } from 'node:fs';
import { REGISTERS } from '@netcx/nic-82576/registers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VfioUserClient } from '../src/index.ts';
import { Rig } from './rig.ts';
import { frame, isSent, received, send, startRings } from './traffic.ts';

const CONFIG = 7;
const MSIX = 2;
const { CTRL, EIAC, EICR, EICS, EIMS, GPIE, ICR, ICS, IMS, IVAR, RAL, STATUS, TDT } = REGISTERS;

let rig: Rig;
beforeEach(() => {
  rig = new Rig();
});
afterEach(() => rig.close());

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

describe('regions', () => {
  it('configuration space is read in pieces of any size, at any offset', () => {
    const client = rig.connect();
    expect(hex(client.read(CONFIG, 0, 4))).toBe('8680c910');
    const whole = client.read(CONFIG, 0, 256);
    for (const [offset, count] of [
      [0, 1],
      [1, 2],
      [3, 8],
      [0x3d, 3],
      [0, 64],
    ] as const) {
      expect(hex(client.read(CONFIG, offset, count))).toBe(hex(whole.subarray(offset, offset + count)));
    }
    expect(hex(client.read(CONFIG, 4092, 4))).toBe('00000000');
  });

  it('writes of any size change what may change', () => {
    const client = rig.connect();
    client.write(CONFIG, 4, new Uint8Array([0x46]));
    client.write(CONFIG, 0x0f, new Uint8Array([1, 0xff, 0xff, 0xff, 0xff, 0]));
    client.write(CONFIG, 0, new Uint8Array([1, 2, 3, 4]));
    expect(hex(client.read(CONFIG, 0, 8))).toBe('8680c910' + '46001000');
    expect(hex(client.read(CONFIG, 0x10, 4))).toBe('0000feff'); // BAR 0: 128 KiB
  });

  it('registers are read and written by the word, and in parts', () => {
    const driver = rig.bringUp();
    expect(driver.read(RAL)).toBe(0x2);
    expect(hex(driver.client.read(0, RAL.offset, 8))).toBe('0200000000010080');
    expect(hex(driver.client.read(0, RAL.offset + 5, 2))).toBe('0100');
    driver.write(RAL, 0x1234_5678, 1);
    driver.client.write(0, RAL.at(2), new Uint8Array([1, 2, 3, 4, 5, 6, 0, 0]));
    driver.client.write(0, RAL.at(3) + 1, new Uint8Array([7])); // the other bytes of the word become 0
    expect(hex(driver.client.read(0, RAL.at(1), 4))).toBe('78563412');
    expect(hex(driver.client.read(0, RAL.at(2), 8))).toBe('0102030405060000');
    expect(hex(driver.client.read(0, RAL.at(3), 4))).toBe('00070000');
  });

  it('registers read as all ones while memory space is off', () => {
    expect(rig.connect().read32(0, STATUS.offset)).toBe(0xffff_ffff);
  });
});

describe('memory', () => {
  it.each([
    ['that cannot shrink, which is mapped', true],
    ['in a file that could shrink, which is not', false],
  ])('%s: frames go out of it and into it', (_name, sealed) => {
    const driver = rig.bringUp();
    const memory = driver.client.share(0x1_2345_0000, 0x8000, { sealed });
    startRings(driver, memory);
    for (const [index, length] of [60, 61, 1514].entries()) {
      send(driver, memory, index, frame(length, index));
      expect([isSent(memory, index), hex(received(memory, index))]).toEqual([true, hex(frame(length, index))]);
    }
    expect(rig.nic.dma.masterAborts).toBe(0);
  });

  it('that is taken away is out of reach; what is there again can be reached', () => {
    const driver = rig.bringUp();
    const memory = driver.client.share(0x10_0000, 0x8000);
    startRings(driver, memory);
    driver.client.unmap(memory);
    send(driver, memory, 0, frame(60));
    expect([isSent(memory, 0), rig.nic.dma.masterAborts, rig.server.counters().memoryFaults]).toEqual([false, 1, 1]);
    const again = driver.client.share(0x10_0000, 0x8000);
    startRings(driver, again);
    send(driver, again, 0, frame(60));
    expect([isSent(again, 0), hex(received(again, 0))]).toEqual([true, hex(frame(60))]);
  });

  it('that devices may only read is not written', () => {
    const driver = rig.bringUp();
    const memory = driver.client.share(0x10_0000, 0x8000, { writable: false });
    startRings(driver, memory);
    send(driver, memory, 0, frame(60));
    expect([isSent(memory, 0), rig.nic.dma.masterAborts > 0]).toEqual([false, true]);
  });

  it('a ring and its buffers may lie across pieces', () => {
    const driver = rig.bringUp();
    const low = driver.client.share(0x10_0000, 0x2000);
    const high = driver.client.share(0x10_2000, 0x6000);
    expect(rig.server.counters()).toMatchObject({ regions: 2, memory: 0x8000 });
    const whole = { address: 0x10_0000, bytes: new Uint8Array(0x8000) };
    startRings(driver, whole);
    low.bytes.set(whole.bytes.subarray(0, 0x2000));
    high.bytes.set(frame(1000).subarray(500), 0);
    low.bytes.set(frame(1000).subarray(0, 500), 0x2000 - 500);
    const view = new DataView(low.bytes.buffer);
    view.setUint32(0, 0x10_2000 - 500, true);
    view.setUint32(8, 0x2b30_0000 | 1000, true);
    driver.ring(TDT, 1);
    expect(hex(high.bytes.subarray(0x1000, 0x1000 + 1000))).toBe(hex(frame(1000)));
  });
});

describe('interrupts', () => {
  it('MSI-X vectors end in the event descriptors that the host named, also in a set that grows', () => {
    const driver = rig.bringUp();
    const { client } = driver;
    client.write(CONFIG, 0x72, new Uint8Array([0x00, 0x80])); // MSI-X on
    const first = client.connectInterrupts(MSIX, 0, 1);
    driver.write(GPIE, GPIE.Multiple_MSIX.mask);
    driver.write(IVAR, 0x0000_8180); // Rx 0: vector 0, Tx 0: vector 1
    driver.write(EIMS, 0b111);
    driver.write(EIAC, 0b111);
    driver.write(EICS, 0b011);
    driver.read(STATUS);
    expect(first.map((event) => event.take())).toEqual([1]);
    const more = client.connectInterrupts(MSIX, 1, 2);
    driver.read(STATUS);
    expect(more.map((event) => event.take())).toEqual([1, 0]); // vector 1 was pending in the table
    driver.write(EICR, 0b010); // and is no news any more
    driver.write(EICS, 0b111);
    driver.read(STATUS);
    expect([...first, ...more].map((event) => event.take())).toEqual([1, 1, 1]);
    client.connectInterrupts(MSIX, 0, 0);
    driver.write(EICS, 0b111);
    driver.read(STATUS);
    expect([...first, ...more].map((event) => event.take())).toEqual([0, 0, 0]);
  });

  it('frames interrupt', () => {
    const driver = rig.bringUp();
    const { client } = driver;
    client.write(CONFIG, 0x72, new Uint8Array([0x00, 0x80]));
    const events = client.connectInterrupts(MSIX, 0, 2);
    driver.write(GPIE, GPIE.Multiple_MSIX.mask);
    driver.write(IVAR, 0x0000_8180);
    driver.write(EIMS, 0b11);
    const memory = client.share(0x10_0000, 0x8000);
    startRings(driver, memory);
    send(driver, memory, 0, frame(60));
    expect(events.map((event) => event.take())).toEqual([1, 1]);
  });

  it('the pin is a level: it masks itself, and fires again when it is unmasked and still asserted', () => {
    const driver = rig.bringUp();
    const { client } = driver;
    const [event] = client.connectInterrupts(0, 0, 1);
    const unmask = (): void =>
      void client.ask(8, Uint8Array.from([20, 0x11, 0, 0, 1].flatMap((word) => [word, 0, 0, 0])));
    driver.read(ICR);
    driver.write(IMS, 4);
    driver.write(ICS, 4);
    driver.read(STATUS);
    expect(event?.take()).toBe(1);
    driver.write(ICS, 4);
    driver.read(STATUS);
    expect(event?.take()).toBe(0); // it is masked
    unmask();
    expect(event?.take()).toBe(1); // and still asserted
    driver.read(ICR);
    unmask();
    expect(event?.take()).toBe(0);
    driver.write(ICS, 4);
    driver.read(STATUS);
    expect(event?.take()).toBe(1);
  });

  it('MSI is message 0 for everything', () => {
    const driver = rig.bringUp();
    const { client } = driver;
    client.write(CONFIG, 0x52, new Uint8Array([0x01, 0x00])); // MSI on, one message
    const [event] = client.connectInterrupts(1, 0, 1);
    driver.read(ICR);
    driver.write(IMS, 4);
    driver.write(ICS, 4);
    driver.read(STATUS);
    expect(event?.take()).toBe(1);
  });

  it('may be the pin alone: MSI and MSI-X are not in the list of capabilities then', () => {
    const intx = new Rig({ intxOnly: true });
    const client = intx.connect();
    const ids: number[] = [];
    for (let at = client.read(CONFIG, 0x34, 1)[0]!; at !== 0; at = client.read(CONFIG, at + 1, 1)[0]!) {
      ids.push(client.read(CONFIG, at, 1)[0]!);
    }
    expect(ids).toEqual([1, 0x10]);
    const info = (index: number): string =>
      hex(client.ask(7, Uint8Array.from([16, 0, index, 0].flatMap((word) => [word, 0, 0, 0]))).bytes);
    expect([info(0), info(1), info(2)]).toEqual([
      '10000000' + '07000000' + '00000000' + '01000000',
      '10000000' + '00000000' + '01000000' + '00000000',
      '10000000' + '00000000' + '02000000' + '00000000',
    ]);
    intx.close();
  });
});

describe('coming and going', () => {
  it('a peer that goes leaves nothing: memory, interrupts and registers are as at first', () => {
    const driver = rig.bringUp();
    driver.client.share(0x10_0000, 0x8000);
    driver.write(RAL, 77, 3);
    driver.client.connectInterrupts(MSIX, 0, 1);
    expect([rig.server.attached, rig.heard]).toEqual([true, ['attached']]);
    driver.client.close();
    rig.turn();
    expect([rig.server.attached, rig.heard]).toEqual([false, ['detached: closed by the peer']]);
    expect(rig.server.counters()).toMatchObject({ attached: 1, regions: 0 });
    expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain('memfd:netcx');
    const next = rig.bringUp();
    expect([next.read(RAL, 3), next.read(CTRL) & CTRL.SLU.mask]).toEqual([0, CTRL.SLU.mask]);
    expect(rig.heard).toEqual(['attached']);
  });

  it('the next peer waits until the one before is gone', () => {
    const first = rig.connect();
    expect(() => new VfioUserClient({ socket: rig.socket, idle: () => rig.turn(), patience: 50 })).toThrow('no answer');
    first.close();
    rig.turn();
    rig.turn(); // the one that gave up
    expect(hex(rig.connect().read(CONFIG, 0, 2))).toBe('8680');
  });

  it('a peer that does not read is waited for: nothing more is carried out until it does', () => {
    const client = rig.connect();
    const read = new Uint8Array(Uint32Array.from([0, 0, 0, 0x1_0000]).buffer);
    for (let count = 0; count < 100; count++) client.post(9, read, 0);
    rig.turn();
    const before = rig.server.counters().messages;
    for (let count = 0; count < 10; count++) rig.turn();
    expect(before).toBeLessThan(50);
    expect(rig.server.counters().messages).toBe(before);
    for (let round = 0; round < 1000 && rig.server.counters().messages < 101; round++) {
      client.pump();
      rig.turn();
    }
    expect(rig.server.counters()).toMatchObject({ messages: 101, refused: 0 });
    expect(client.read32(7, 0)).toBe(0x10c9_8086);
  });

  it('a reset is a bus reset, and leaves memory and interrupts with the peer', () => {
    const driver = rig.bringUp();
    driver.client.share(0x10_0000, 0x8000);
    driver.write(RAL, 77, 3);
    driver.client.ask(13, new Uint8Array(0));
    expect(driver.client.read(CONFIG, 4, 1)[0]).toBe(0);
    driver.client.enable();
    expect([driver.read(RAL, 3), rig.server.counters().regions]).toEqual([0, 1]);
  });

  it('a function that is pulled out reads as all ones, reaches nothing and interrupts nobody', () => {
    const driver = rig.bringUp();
    const { client } = driver;
    const memory = client.share(0x10_0000, 0x8000);
    const [event] = client.connectInterrupts(0, 0, 1);
    startRings(driver, memory);
    driver.write(IMS, 4);
    event?.take();
    rig.server.remove();
    driver.write(ICS, 4);
    send(driver, memory, 0, frame(60));
    expect([hex(client.read(CONFIG, 0, 8)), driver.read(STATUS)]).toEqual(['ff'.repeat(8), 0xffff_ffff]);
    expect([isSent(memory, 0), event?.take()]).toEqual([false, 0]);
  });

  it('a path at which nobody listens any more is taken over; anything else is refused', () => {
    expect(() => new Rig({ socket: rig.socket })).toThrow('another server listens there');
    expect(() => new Rig({ socket: '/dev/null' })).toThrow('is there and is no socket');
    expect(() => new Rig({ socket: 'x'.repeat(108) })).toThrow('a socket\u2019s path'.replace('\u2019', "'"));
    expect(() => new Rig({ socket: '/nowhere/at/all' })).toThrow('SOCKET: /nowhere/at/all: cannot listen (ENOENT)');
    rig.server.close();
    expect(existsSync(rig.socket)).toBe(false);
    expect(() => new VfioUserClient({ socket: rig.socket })).toThrow('nobody listens there (ENOENT)');
  });
});
