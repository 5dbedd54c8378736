/*
 * The far end of a cable that is no `Link` of `@netcx/hardware`: a software NIC's wire, a dongle's simulated plug. It carries
 * frames as bytes, without a check sequence, so a damaged frame is one that never comes out.
 */

/** What stands at the far end. */
export interface FarEndPartner {
  /**
   * A frame has come out of the device.
   *
   * @param bytes - the frame, without frame check sequence; copied before this returns
   */
  receive(bytes: Uint8Array): void;
  /**
   * @param up - whether frames can pass now
   */
  changed(up: boolean): void;
}

/** The far end of a cable, frame by frame. */
export interface FarEnd {
  /**
   * Says who stands here; called from then on, while this end is plugged in.
   *
   * @param partner - the suite
   */
  attach(partner: FarEndPartner): void;
  /**
   * @param plugged - whether the cable is plugged in at this end
   */
  enable(plugged: boolean): void;
  /**
   * Sends a frame to the device, which takes it or, when it has no room, loses it.
   *
   * @param bytes - the frame, of any length; copied before this returns
   */
  send(bytes: Uint8Array): void;
}

/** A partner at the far end that a case plays; the same as `Peer` is for a link. */
export class FarEndPeer implements FarEndPartner {
  /** Whether the cable passes frames, as this end was told last. */
  up = false;
  /** Frames that wait for room on the cable: none ever does. */
  readonly waiting = 0;
  readonly #end: FarEnd;
  readonly #listener: (bytes: Uint8Array, status: number) => void;

  /**
   * @param end - the far end; nobody else may stand there
   * @param listener - told of each frame, with a copy of its bytes and a status of 0
   */
  constructor(end: FarEnd, listener: (bytes: Uint8Array, status: number) => void) {
    this.#end = end;
    this.#listener = listener;
    end.attach(this);
    end.enable(true);
  }

  /**
   * @param plugged - false pulls the cable out, true plugs it in
   */
  plug(plugged: boolean): void {
    this.#end.enable(plugged);
  }

  /**
   * Sends frames, one after the other.
   *
   * @param frames - in order
   * @param status - FRAME_* bits: frames that are damaged do not come out of such a cable
   */
  send(frames: readonly Uint8Array[], status = 0): void {
    if (status !== 0) return;
    for (const bytes of frames) this.#end.send(bytes);
  }

  receive(bytes: Uint8Array): void {
    this.#listener(bytes.slice(), 0);
  }

  changed(up: boolean): void {
    this.up = up;
  }
}
