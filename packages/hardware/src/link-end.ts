/*
 * One end of a link, as a NIC's port or a wire sees it. Frames leave and arrive in bursts: the sender writes them
 * straight into the link's memory and commits them together; the receiver is handed where they lie, and must take or
 * copy what it wants before it returns. A frame's time on the wire is arithmetic on the burst, never an event of its own.
 */

/** Speeds of a link in megabits per second. */
export type LinkSpeed = 10 | 100 | 1000;

/** Whether both ends can send at once, or wait for each other. */
export type Duplex = 'full' | 'half';

/** What stands at the end of a link: a NIC's port, or a wire that leads out of the machine. */
export interface LinkPartner {
  /**
   * Frames have arrived. They lie in device memory as `Frame`s one behind the other, and are the link's: whatever is to
   * be kept is copied before this returns.
   *
   * @param offset - byte offset of the first frame's header in device memory
   * @param frames - how many
   */
  receive(offset: number, frames: number): void;
  /** There is room to send again, after a `reserve` that found too little. */
  room(): void;
  /**
   * @param up - whether frames can pass now
   */
  changed(up: boolean): void;
}

/** One end of a link. */
export interface LinkEnd {
  /** Whether both ends are enabled, so that frames pass. */
  readonly up: boolean;
  /** Speed that both ends run at, in Mbit/s; while they do not, the fastest that the cable carries. */
  readonly speed: LinkSpeed;
  /** Whether both ends can send at once. */
  readonly duplex: Duplex;
  /** What the other end has on offer, `LINK_ABILITY` bits; 0 while its transceiver is off. */
  readonly partnerAbilities: number;
  /**
   * Says who stands here. The link calls it from then on.
   *
   * @param partner - the NIC's port or the wire
   */
  attach(partner: LinkPartner): void;
  /**
   * @param enabled - whether this end's transceiver is on; the link is up when both are and have a mode in common
   * @param abilities - what it has on offer, `LINK_ABILITY` bits; everything when left out
   */
  enable(enabled: boolean, abilities?: number): void;
  /**
   * Asks for memory to write a burst into. The next call to `commit` sends what was written; without one nothing is
   * taken.
   *
   * @param bytes - the least that is of use: header and bytes of one frame
   * @returns byte offset in device memory, a multiple of 8, with `available` bytes behind it; -1 when there is too
   * little, and then `room` is called when there is more
   */
  reserve(bytes: number): number;
  /** How many bytes the last `reserve` found. */
  readonly available: number;
  /**
   * Sends what was written since `reserve`. While the link is down the frames are lost, as on a cable that is out.
   *
   * @param frames - how many
   * @param bytes - how many bytes they take with headers and padding
   */
  commit(frames: number, bytes: number): void;
}
