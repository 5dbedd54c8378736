/*
 * Owns: `netcx serve`: its options, and what they come to.
 * Invariant: everything that can be found wrong before a socket is opened is found then.
 */
import { resolve } from 'node:path';
import { HardwareError, parseImpairments } from '@netcx/hardware';
import { parseWire, wireEnds, WireError, type WireDescription } from '@netcx/wires';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { eventsFor, tellingErrors } from '../events.ts';
import { CommandError } from '../exit-code.ts';
import { CONTROL_HELP } from '../serve/control.ts';
import { serve } from '../serve/serving.ts';
import type { MachineSettings, ServedNic } from '../serve/worker-messages.ts';
import type { Terminal } from '../terminal.ts';

interface ServeArguments {
  readonly socket: readonly string[];
  readonly wire: string;
  readonly mac: readonly number[];
  readonly impair?: string;
  readonly intx?: true;
  readonly trace?: true;
  readonly json?: true;
}

const DEFAULT_MAC = '02:00:00:82:57:00';

const help = `
A virtual machine takes the NIC by
  qemu-system-x86_64 ... -object memory-backend-memfd,id=ram,size=512M,share=on -machine q35,memory-backend=ram \\
    -device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"SOCKET"}}'
with QEMU 10.1 or later. Start the server first. Every socket is a NIC; each virtual machine is served by a thread of its
own, except that the two NICs of the wire "pair" share one.

Wires:
  pair                     two sockets, two NICs, a cable between them
  loopback                 what is sent comes back
  responder[:OPTIONS]      answers ARP, echo, DHCP and TFTP: tftp=FOLDER, bootfile=NAME, address=10.0.2.2/24, client=10.0.2.15
  pcap:FILE[+WIRE]         records what the NIC sends, or everything on another wire
  replay:FILE              sends a capture's frames with their timing: repeat=N, speed=X
  dgram:LOCAL,REMOTE       QEMU's -netdev dgram
  stream:PLACE             QEMU's -netdev stream
--impair loss=1%,delay=2ms,... makes the wire worse; both directions get the same.

Commands, one a line, on standard input (its end is none); NICs are numbered from 0 in the order of the sockets:
${CONTROL_HELP}

Ctrl-C or SIGTERM ends it: peers are disconnected, sockets removed, and the counters printed. The exit code is 0.

With --json each line is an object with "event" and "time": "listening" (nic, socket, model, macAddress, wire), "machine", "link"
and "wire" (nic, kind, message), "description" (text), "counters" (counters, by NIC), "misunderstood" (message), "trace" (nic,
message), and last "summary" (exitCode, counters), or "error" (exitCode, message).`;

const collect = (path: string, paths: readonly string[] | undefined): readonly string[] => [...(paths ?? []), path];

function parseMac(text: string): readonly number[] {
  const bytes = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)
    ? text.split(/[:-]/).map((pair) => parseInt(pair, 16))
    : [];
  if (bytes[0] !== undefined && (bytes[0] & 1) === 0) return bytes;
  throw new InvalidArgumentError(`Expected a unicast address such as ${DEFAULT_MAC}.`);
}

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function serveCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('serve')
    .description('Serve a NIC model to virtual machines over vfio-user.')
    .addArgument(new Argument('<nic>', 'which model').choices(['nic-82576']))
    .requiredOption('-s, --socket <path>', 'where to listen; once for each NIC', collect)
    .requiredOption('-w, --wire <wire>', 'what the NIC is plugged into')
    .option('--mac <address>', 'of the first NIC; each further one has the next', parseMac, parseMac(DEFAULT_MAC))
    .option('--impair <list>', 'what goes wrong on the wire')
    .option('--intx', 'offer no MSI and no MSI-X')
    .option('--trace', 'write every message to standard error')
    .option('--json', 'print events as JSON, one a line, and the counters in the last')
    .addHelpText('after', help)
    .action(async (_nic: string, options: ServeArguments) => {
      const events = eventsFor(terminal, options.json && terminal.stdout);
      const run = async (): Promise<number> => serve(machines(options, terminal.folder), events, terminal);
      done(await tellingErrors(events, run));
    });
}

/** The machines: one for each NIC, or one for both ends of a cable. */
function machines(options: ServeArguments, folder: string): readonly MachineSettings[] {
  const { socket, wire, mac, impair, intx = false, trace = false } = options;
  const description = checked(() => parseWire(wire));
  if (impair !== undefined) checked(() => parseImpairments(impair));
  const paths = socket.map((path) => resolve(folder, path));
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw new CommandError(`${twice} is named twice; each NIC has a socket of its own`);
  const nics = paths.map((path, number): ServedNic => ({ number, socket: path, mac: addressOf(mac, number) }));
  const common = { wire, impair, intx, trace };
  if (wireEnds(description) === 2) {
    if (nics.length !== 2)
      throw new CommandError(`the wire ${wire} has two ends: expected two --socket, got ${nics.length}`);
    return [{ ...common, nics }];
  }
  if (nics.length > 1 && isTaken(description)) {
    throw new CommandError(`the wire ${wire} belongs to one NIC: expected one --socket, got ${nics.length}`);
  }
  return nics.map((nic) => ({ ...common, nics: [nic] }));
}

/** Whether a wire has something that only one can have: a file that is written, an address. */
function isTaken(description: WireDescription): boolean {
  return description.record !== undefined || description.kind === 'dgram' || description.kind === 'stream';
}

function addressOf(mac: readonly number[], number: number): readonly number[] {
  const next = (mac.reduce((value, byte) => value * 256 + byte, 0) + number) % 2 ** 48;
  return mac.map((_byte, index) => Math.floor(next / 256 ** (5 - index)) % 256);
}

function checked<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof WireError || error instanceof HardwareError) throw new CommandError(error.message);
    throw error;
  }
}
