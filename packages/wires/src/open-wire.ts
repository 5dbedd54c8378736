/*
 * Opens a wire from its description: the link, what stands behind it, and the capture of what passes. Whatever was opened
 * before something fails is closed again.
 */

import type { Clock } from '@netcx/clock';
import {
  Link,
  LoopbackLink,
  type Direction,
  type ImpairmentCounters,
  type LaneCounters,
  type LinkEnd,
  type LinkTap,
} from '@netcx/hardware';
import { DgramWire } from './dgram-wire.ts';
import { Partner } from './partner.ts';
import { Recording } from './recording.ts';
import { Replay } from './replay.ts';
import { Responder } from './responder/responder.ts';
import { StreamWire } from './stream-wire.ts';
import type { Wire, WireBackend, WireContext, WireEvent } from './wire.ts';
import type { PacketDescription, WireDescription } from './wire-description.ts';
import { messageOf, WireError } from './wire-error.ts';

/** What both kinds of links offer here, by direction. */
interface Cable {
  readonly ends: readonly LinkEnd[];
  readonly lanes: () => Readonly<Partial<Record<Direction, LaneCounters>>>;
  readonly impairments: () => Readonly<Partial<Record<Direction, readonly ImpairmentCounters[]>>>;
  readonly plug: (plugged: boolean) => void;
  readonly tap: (listener: LinkTap) => () => void;
  readonly close: () => void;
}

/**
 * Opens a wire.
 *
 * @param description - what `parseWire` gave
 * @param context - the clock, and what the wire shares with the machine around it
 * @returns the wire, once its files and sockets are open
 * @throws WireError `FILE`, `SOCKET` or `NOT_PERMITTED` when one of them cannot be; RangeError when the devices' memory is used up
 */
export async function openWire(description: WireDescription, context: WireContext): Promise<Wire> {
  const closing: (() => void | Promise<void>)[] = [];
  try {
    const { cable, near } = makeCable(description, context);
    closing.push(() => cable.close());
    const recording = record(description, context, cable);
    if (recording !== undefined) closing.unshift(() => recording.close());
    const backend = near === undefined ? undefined : await openBackend(description, context, near);
    if (backend !== undefined) closing.unshift(() => backend.close());
    return new OpenWire(description, cable, recording, backend, () => closeAll(closing));
  } catch (error) {
    await closeAll(closing);
    throw error;
  }
}

async function closeAll(closing: readonly (() => void | Promise<void>)[]): Promise<void> {
  for (const close of closing) await close();
}

/** The link, and the end at which something stands; none when NICs take all of them. */
function makeCable(description: WireDescription, context: WireContext): { cable: Cable; near: LinkEnd | undefined } {
  const { clock, impair = [], random, speed = 1000, speedup = 1 } = context;
  const options = { speed, speedup, impairments: impair, ...(random === undefined ? {} : { random }) };
  if (description.kind === 'loopback') {
    const plug = new LoopbackLink(clock, options);
    const cable: Cable = {
      ends: [plug.end],
      lanes: () => ({ aToB: plug.counters() }),
      impairments: () => ({ aToB: plug.impairments() }),
      plug: (plugged) => plug.plug(plugged),
      tap: (listener) => plug.tap(listener),
      close: () => plug.close(),
    };
    return { cable, near: undefined };
  }
  const link = new Link(clock, options);
  const pair = description.kind === 'pair';
  const cable: Cable = {
    ends: pair ? [link.a, link.b] : [link.a],
    lanes: () => link.counters(),
    impairments: () => link.impairments(),
    plug: (plugged) => link.plug(plugged),
    tap: (listener) => link.tap(listener),
    close: () => link.close(),
  };
  return { cable, near: pair ? undefined : link.b };
}

function record(description: WireDescription, context: WireContext, cable: Cable): Recording | undefined {
  const { clock, speed = 1000, onEvent } = context;
  if (description.record === undefined) return undefined;
  const recording = new Recording({
    file: description.record,
    speed,
    epoch: context.epoch ?? BigInt(Date.now()) * 1_000_000n - BigInt(clock.now()),
    failed: (message) => onEvent?.({ kind: 'failed', message }),
  });
  cable.tap(recording.tap);
  return recording;
}

async function openBackend(
  description: WireDescription,
  { clock, onEvent }: WireContext,
  end: LinkEnd,
): Promise<WireBackend> {
  const tell = (event: WireEvent): void => onEvent?.(event);
  switch (description.kind) {
    case 'responder':
      return new Responder(clock, end, description);
    case 'replay':
      return new Replay(clock, end, description, tell);
    case 'dgram':
      return DgramWire.open(clock, end, description);
    case 'stream':
      return StreamWire.open(clock, end, description, tell);
    case 'packet':
      return openPacket(clock, end, description, tell);
    default: {
      // Nobody answers; the link is up all the same.
      const partner = new Partner(clock, end, () => undefined);
      return { descriptors: [], busy: false, counters: () => partner.counters(), close: () => Promise.resolve() };
    }
  }
}

/** Only this wire needs koffi: the others work where it cannot be loaded. */
async function openPacket(
  clock: Clock,
  end: LinkEnd,
  description: PacketDescription,
  tell: (event: WireEvent) => void,
): Promise<WireBackend> {
  const { PacketWire } = await import('./packet/packet-wire.ts').catch((error: unknown) => {
    throw new WireError('SOCKET', `packet: expected the package koffi, got ${messageOf(error)}`, error);
  });
  return PacketWire.open(clock, end, description, tell);
}

class OpenWire implements Wire {
  readonly ends: readonly LinkEnd[];
  readonly #description: WireDescription;
  readonly #cable: Cable;
  readonly #recording: Recording | undefined;
  readonly #backend: WireBackend | undefined;
  readonly #close: () => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(
    description: WireDescription,
    cable: Cable,
    recording: Recording | undefined,
    backend: WireBackend | undefined,
    close: () => Promise<void>,
  ) {
    this.#description = description;
    this.#cable = cable;
    this.ends = cable.ends;
    this.#recording = recording;
    this.#backend = backend;
    this.#close = close;
  }

  get descriptors(): readonly number[] {
    return this.#backend?.descriptors ?? [];
  }

  get busy(): boolean {
    return this.#backend?.busy ?? false;
  }

  plug(plugged: boolean): void {
    this.#cable.plug(plugged);
  }

  counters(): Readonly<Record<string, number>> {
    const all: Record<string, number> = {};
    const add = (prefix: string, counters: object): void => {
      for (const [name, value] of Object.entries(counters)) all[`${prefix}.${name}`] = value as number;
    };
    for (const [direction, lane] of Object.entries(this.#cable.lanes())) add(`link.${direction}`, lane);
    for (const [direction, impairments] of Object.entries(this.#cable.impairments())) {
      for (const { name, held, counts } of impairments) add(`impair.${direction}.${name}`, { ...counts, held });
    }
    if (this.#backend !== undefined) add(this.#description.kind, this.#backend.counters());
    if (this.#recording !== undefined) add('pcap', this.#recording.counters);
    return all;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }
}
