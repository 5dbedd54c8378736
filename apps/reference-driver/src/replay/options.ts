/*
 * What a replay is given: the frames, and how they run. Whatever has influence on what happens stands here, so that the
 * same frames with the same options give the same run.
 */

/** A frame to replay. */
export interface ReplayFrame {
  /** Its bytes, from destination address on, without frame check sequence. */
  readonly bytes: Uint8Array;
  /** When it was captured, in nanoseconds since any fixed moment; without one it follows the frame before at once. */
  readonly timestamp?: bigint;
}

/** How a replay runs. */
export interface ReplayOptions {
  /** Chooses everything that is left to chance; 1 when left out. */
  readonly seed?: number;
  /**
   * `captured`: frames are submitted as far apart as they were captured, at most a second. `varied`: each distance is
   * stretched or shortened by chance, to between nothing and twice itself. `none`: as fast as they go. `captured` when
   * left out.
   */
  readonly timing?: 'captured' | 'varied' | 'none';
  /** Payload of the longest frame; the most that the NIC can do, 9706, when left out. */
  readonly mtu?: number;
  /** Elements of the rings, a power of two; 256 when left out. */
  readonly ringSize?: number;
  /** Whether an IOMMU stands between the NICs and memory; false when left out. */
  readonly iommu?: boolean;
  /** Called with each frame that arrives, in order; the bytes are the callee's. Timestamps are the machine's. */
  readonly onReceived?: (bytes: Uint8Array, timestamp: bigint) => void;
  /** Called now and then with the number of frames read so far. */
  readonly onProgress?: (frames: number) => void;
  /** Ends the replay at the next frame once it fires: what is on its way still arrives, and the report covers what was read. */
  readonly signal?: AbortSignal;
}
