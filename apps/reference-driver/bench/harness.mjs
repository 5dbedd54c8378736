/*
 * The data path under load, for benchmarks and the garbage check: two adapters alive, each with its NIC, its driver and a
 * forwarder above it. Frames come from a wire that always has some, and leave by one that counts them and looks at their
 * bytes. Runs on the built packages, since what V8 makes of the published modules is what counts.
 */

import { HostBridge } from '@netcx/bus';
import { MILLISECOND, VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import * as wire from '@netcx/hardware/wire';
import { Nic82576 } from '@netcx/nic-82576';
import { ReferenceDriver } from '@netcx/reference-driver';
import { Forwarder } from './forwarder.mjs';

const { i32: w, u8: w8, allocateWire, Frame, FRAME_HEADER_BYTES } = wire;
const OUT_BYTES = 1 << 20;
/** Turns that the source waits for frames to leave before something must be wrong. */
const PATIENCE = 1000;

/** The end of a link that leads nowhere: always up, takes whatever comes, compares it with what went in. */
class LoadEnd {
  constructor(frameBytes, burst) {
    this.up = true;
    this.speed = 1000;
    this.available = OUT_BYTES;
    this.frameBytes = frameBytes;
    this.slot = (FRAME_HEADER_BYTES + frameBytes + 7) & ~7;
    this.burst = burst;
    this.out = allocateWire(OUT_BYTES);
    this.in = allocateWire(this.slot * burst);
    this.frames = 0;
    this.partner = undefined;
    this.waiting = false;
  }

  fill(destination, seed) {
    for (let index = 0; index < this.burst; index++) {
      const at = this.in + index * this.slot;
      Frame.length.set(w, at >> 2, this.frameBytes);
      Frame.status.set(w, at >> 2, 0);
      for (let byte = 0; byte < this.frameBytes; byte++)
        w8[at + FRAME_HEADER_BYTES + byte] = (byte * 7 + index * 13 + seed) & 255;
      w8.set(destination, at + FRAME_HEADER_BYTES);
      w8.set([2, 0, 0, 0, 0, 99, 0x88, 0xb5], at + FRAME_HEADER_BYTES + 6);
    }
  }

  attach(partner) {
    this.partner = partner;
    partner.changed(true);
  }

  enable() {
    // Always up: there is no transceiver to switch on.
  }

  reserve() {
    return this.out;
  }

  commit(frames) {
    this.frames += frames;
  }

  inject() {
    this.partner.receive(this.in, this.burst);
  }

  /** Compares the last burst that left with the one that goes in, all bytes. */
  verify() {
    for (let byte = 0; byte < this.slot * this.burst; byte++) {
      const inHeader =
        byte % this.slot < FRAME_HEADER_BYTES || byte % this.slot >= FRAME_HEADER_BYTES + this.frameBytes;
      if (!inHeader && w8[this.out + byte] !== w8[this.in + byte])
        throw new Error(`byte ${byte} of the last burst differs`);
    }
  }
}

/**
 * @param {{ frameBytes?: number, burst?: number, ringSize?: number, adapters?: number, apart?: boolean }} options - `apart`: each wire
 *   has a turn of the clock of its own, so that bursts come evenly
 * @returns a machine under load: `run(packets)` moves at least that many packets through every adapter, all told, `verify()` looks at them
 */
export async function buildLoad({
  frameBytes = 64,
  burst = 32,
  ringSize = 256,
  adapters = 2,
  mtu = 1500,
  unseen = true,
  apart = false,
} = {}) {
  const clock = new VirtualClock({ seed: 1 });
  const bridge = new HostBridge(clock);
  const stations = [];
  for (let index = 0; index < adapters; index++) {
    const end = new LoadEnd(frameBytes, burst);
    const macAddress = Uint8Array.of(2, 0, 0, 0, 0, index + 1);
    const nic = new Nic82576({ clock, macAddress, link: end, name: `nic ${index}` });
    const slot = bridge.attach(nic, { dma: new IdentityMap() });
    const driver = new ReferenceDriver(slot, clock, {
      ringSize,
      mtu,
      interruptInterval: 0,
      checksumOffload: false,
      name: `adapter ${index}`,
    });
    const forwarder = new Forwarder(driver.adapter, unseen);
    driver.adapter.attachProtocol(forwarder);
    end.fill(macAddress, index);
    stations.push({ end, nic, slot, driver, forwarder });
  }
  await clock.drive(Promise.all(stations.map(({ driver }) => driver.start())));
  clock.advance(100 * MILLISECOND);
  for (const { driver } of stations) if (!driver.adapter.linkState.connected) throw new Error('no link');

  let target = 0;
  let idle = 0;
  for (const station of stations) station.injected = 0;
  const source = (some) => {
    const alarm = clock.alarm(() => {
      idle++;
      let left = 0;
      for (let index = 0; index < some.length; index++) {
        const station = some[index];
        if (station.injected >= target) continue;
        left++;
        // As a link with flow control would: no more than four bursts are on their way.
        if (station.injected - station.end.frames > 3 * burst) continue;
        station.end.inject();
        station.injected += burst;
        idle = 0;
      }
      if (idle > PATIENCE) throw new Error(`${left} wires have frames that do not leave`);
      if (left > 0) alarm.soon();
    });
    return alarm;
  };
  // One turn of the clock for all wires: it is in what is measured, and no adapter's.
  const sources = apart ? stations.map((station) => source([station])) : [source(stations)];

  return {
    clock,
    stations,
    run(packets) {
      target += Math.ceil(packets / adapters / burst) * burst;
      for (const alarm of sources) alarm.soon();
      clock.run();
      for (const { end, injected } of stations) {
        if (end.frames !== injected) throw new Error(`${end.frames} of ${injected} frames left`);
      }
    },
    /** Compares what left last with what came, on each wire; takes longer than a short run. */
    verify() {
      for (const { end } of stations) end.verify();
    },
    async stop() {
      await clock.drive(Promise.all(stations.map(({ driver }) => driver.stop())));
    },
  };
}
