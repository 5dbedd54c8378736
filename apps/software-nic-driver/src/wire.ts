/*
 * A virtual wire: two ends, and a port plugged into each. It carries a frame by letting the sender write it straight into
 * memory of the receiving port, so a frame is copied once from one NIC to the other. A frame that finds nobody, or no room,
 * is lost, as on a real wire.
 */

/** What is plugged into a wire's end: the receiving half of a NIC. */
export interface Port {
  /**
   * @param bytes - length of the frame that comes
   * @returns host offset of room for it; 0 = there is none, and the frame is lost
   */
  reserve(bytes: number): number;
  /**
   * The frame has been written where `reserve` said.
   *
   * @param bytes - its length
   */
  commit(bytes: number): void;
  /**
   * @param up - whether frames pass now: something is plugged in at both ends
   */
  linkChanged(up: boolean): void;
}

/** One end of a wire. What goes in here comes out at the other. */
export class WireEnd {
  /** Frames that were lost on the way from here: nobody was there, or there was no room. */
  lost = 0;
  #port: Port | undefined;
  #far: WireEnd = this;

  /**
   * @returns a wire's two ends
   */
  static pair(): { readonly a: WireEnd; readonly b: WireEnd } {
    const [a, b] = [new WireEnd(), new WireEnd()];
    a.#far = b;
    b.#far = a;
    return { a, b };
  }

  /** @returns the one end of a wire that leads back to itself: whatever is plugged in receives what it sends */
  static loopback(): WireEnd {
    return new WireEnd();
  }

  /** Whether frames pass. */
  get up(): boolean {
    return this.#port !== undefined && this.#far.#port !== undefined;
  }

  /**
   * @param port - receives at this end from now on; `undefined` pulls out what is there
   */
  plug(port: Port | undefined): void {
    const before = { up: this.up, port: this.#port };
    this.#port = port;
    if (before.up) before.port?.linkChanged(false);
    if (before.up !== this.up && this.#far !== this) this.#far.#port?.linkChanged(this.up);
    if (this.up) port?.linkChanged(true);
  }

  /**
   * @param bytes - length of a frame
   * @returns host offset to write it to, the far port's; 0 = it is lost
   */
  reserve(bytes: number): number {
    const port = this.up ? this.#far.#port : undefined;
    const room = port?.reserve(bytes) ?? 0;
    if (room === 0) this.lost++;
    return room;
  }

  /**
   * Sends the frame that was written where `reserve` said.
   *
   * @param bytes - its length
   */
  commit(bytes: number): void {
    this.#far.#port?.commit(bytes);
  }
}
