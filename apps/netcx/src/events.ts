/*
 * Owns: how a command that runs on tells what happens: to a person in lines, to a program (`--json`) in one JSON object a line.
 * Invariant: members of an event are added, never renamed; the last event is `summary`, or `error` when it could not go on.
 */
import { CommandError, ExitCode } from './exit-code.ts';
import type { Terminal, TextStream } from './terminal.ts';

/** What was counted, by name. */
export type Counters = Readonly<Record<string, number>>;

/** The same for each NIC, by its number. */
export type CountersByNic = Readonly<Partial<Record<string, Counters>>>;

/** What can happen. */
export type CommandEvent =
  /** `tap`, `up`: an interface is up. */
  | { readonly event: 'ready'; readonly interface: string; readonly macAddress: string; readonly mtu: number }
  /** A peer of a wire came or went, a connection was refused, a file is full. */
  | { readonly event: 'wire'; readonly nic?: number; readonly kind: string; readonly message: string }
  /** `serve`: a NIC listens at its socket. */
  | {
      readonly event: 'listening';
      readonly nic: number;
      readonly socket: string;
      readonly model: string;
      readonly macAddress: string;
      readonly wire: string;
    }
  /** `serve`: a machine was attached or is gone, a NIC was removed. */
  | { readonly event: 'machine'; readonly nic: number; readonly kind: string; readonly message: string }
  /** `serve`: a cable was pulled out or put in, as was asked. */
  | { readonly event: 'link'; readonly nic: number; readonly kind: string; readonly message: string }
  /** `serve`: a message of the protocol, with `--trace`. */
  | { readonly event: 'trace'; readonly nic: number; readonly message: string }
  /** `serve`: what was asked of a NIC in words. */
  | { readonly event: 'description'; readonly text: string }
  /** `serve`: what was counted so far, as was asked; by NIC. */
  | { readonly event: 'counters'; readonly counters: CountersByNic }
  /** `serve`: a command that is none; nothing changed. */
  | { readonly event: 'misunderstood'; readonly message: string }
  /** `serve`: a fault of netcx itself in one machine, which goes on without its peers. */
  | { readonly event: 'fault'; readonly stack: string }
  /** The command has ended well, or as its user wished. */
  | {
      readonly event: 'summary';
      readonly exitCode: number;
      readonly counters: Counters | CountersByNic;
    }
  /** The command has ended because of this. */
  | { readonly event: 'error'; readonly exitCode: number; readonly message: string };

/** Is told what happens. */
export interface Events {
  /**
   * @param event - what happened
   * @param lines - the same for a person, each with its line feed; may be empty
   * @param place - where a person reads them; among the results when left out
   */
  tell(event: CommandEvent, lines: string, place?: Place): void;
}

/** Where a person reads an event: among the results, or aside. */
export type Place = 'result' | 'aside';

/**
 * @param terminal - where people read
 * @param json - where a program reads; a person does when left out
 * @returns who is told
 */
export function eventsFor(terminal: Terminal, json?: TextStream): Events {
  if (json !== undefined) {
    return {
      tell: (event) => {
        const { event: name, ...members } = event;
        json.write(`${JSON.stringify({ event: name, time: new Date().toISOString(), ...members })}\n`);
      },
    };
  }
  return {
    tell: (_event, lines, place = 'result') => {
      if (lines !== '') (place === 'result' ? terminal.stdout : terminal.stderr).write(lines);
    },
  };
}

/**
 * Runs a command, whose program is told of the error that ends it; a person has it from the end of the program.
 *
 * @param events - told
 * @param run - the command
 * @returns what it returned
 * @throws what it throws
 */
export async function tellingErrors<T>(events: Events, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const exitCode = error instanceof CommandError ? error.exitCode : ExitCode.Different;
    events.tell({ event: 'error', exitCode, message: error instanceof Error ? error.message : String(error) }, '');
    throw error;
  }
}
