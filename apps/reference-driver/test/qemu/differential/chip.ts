/*
 * A chip of a differential run: registers, and a wire of which everything that comes out is kept. Two make them: our model
 * and QEMU's igb. Nothing else here knows which one it has.
 */

import { enableDevice, HostBridge, type PciFunction } from '@netcx/bus';
import type { VirtualClock } from '@netcx/clock';
import { IdentityMap } from '@netcx/dma';
import { Link, type LinkEnd, type LinkPartner } from '@netcx/hardware';
import { Frame, FRAME_HEADER_BYTES, i32 as words, u8 as wire } from '@netcx/hardware/wire';
import { Nic82576 } from '@netcx/nic-82576';
import type { QemuStation } from '@netcx/qtest';

/** A chip with everything that it sent. */
export interface Chip {
  readonly name: string;
  readonly function: PciFunction;
  /** Frames that left, copies, oldest first; whoever looks takes them. */
  readonly sent: Uint8Array[];
  /** Puts a frame on its wire. */
  send(frame: Uint8Array): void;
  close(): void;
}

/** Stands at the far end of our model's cable. */
class FarEnd implements LinkPartner {
  readonly frames: Uint8Array[] = [];
  readonly #end: LinkEnd;

  constructor(end: LinkEnd) {
    this.#end = end;
    end.attach(this);
    end.enable(true);
  }

  receive(offset: number, frames: number): void {
    let at = offset;
    for (let frame = 0; frame < frames; frame++) {
      const length = Frame.length.get(words, at >> 2);
      this.frames.push(wire.slice(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + length));
      at += FRAME_HEADER_BYTES + ((length + 7) & ~7);
    }
  }

  room(): void {
    throw new Error('the far end never sends more than fits');
  }

  changed(): void {
    // Sends when it is told to.
  }

  send(frame: Uint8Array): void {
    const bytes = FRAME_HEADER_BYTES + ((frame.length + 7) & ~7);
    const start = this.#end.reserve(bytes);
    if (start < 0) throw new Error('no room on the cable');
    Frame.length.set(words, start >> 2, frame.length);
    Frame.status.set(words, start >> 2, 0);
    wire.set(frame, start + FRAME_HEADER_BYTES);
    this.#end.commit(1, bytes);
  }
}

/**
 * @param clock - the run's time
 * @param macAddress - of the chip
 * @returns our model on a bus of its own, its cable plugged in
 */
export function ourChip(clock: VirtualClock, macAddress: Uint8Array): Chip & { readonly nic: Nic82576 } {
  const link = new Link(clock, { speed: 1000 });
  const nic = new Nic82576({ clock, macAddress, link: link.a, name: 'ours', vectors: 10 });
  const { function: fn } = new HostBridge(clock).attach(nic, { name: 'ours', dma: new IdentityMap() });
  const far = new FarEnd(link.b);
  enableDevice(fn);
  return {
    name: 'ours',
    nic,
    function: fn,
    sent: far.frames,
    send: (frame) => {
      far.send(frame);
    },
    close: () => {
      nic.close();
      link.close();
    },
  };
}

/**
 * @param station - a device of QEMU's with its wire
 * @returns the chip
 */
export function qemusChip({ slot, wire: cable }: QemuStation): Chip {
  const sent: Uint8Array[] = [];
  cable.onFrame = (frame) => void sent.push(frame);
  enableDevice(slot.function);
  return {
    name: "QEMU's",
    function: slot.function,
    sent,
    send: (frame) => {
      if (!cable.send(frame)) throw new Error("QEMU's socket is full");
    },
    close: () => {
      cable.onFrame = undefined;
    },
  };
}
