/*
 * Owns: the program as a function: arguments in, exit code out.
 * Invariant: every end goes through here, so whatever happens there is an exit code and at most one line of error, or a
 * stack trace when the fault is ours.
 */
import { Command, CommanderError } from 'commander';
import { benchCommand } from './commands/bench.ts';
import { describeCommand } from './commands/describe.ts';
import { doctorCommand } from './commands/doctor.ts';
import { replayCommand } from './commands/replay.ts';
import { serveCommand } from './commands/serve.ts';
import { tapCommand } from './commands/tap.ts';
import { topCommand } from './commands/top.ts';
import { upCommand } from './commands/up.ts';
import { CommandError, ExitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';
import { version } from './version.ts';

const examples = `
Examples:
  netcx replay                                 the captures that come with netcx
  netcx replay http.pcap --verify              your own, compared twice
  netcx replay *.pcapng --out all.pcapng       several, one after the other
  netcx replay --repeat 100 --json             many frames, for a program to read
  netcx serve nic-82576 -s nic.sock -w responder   the NIC for a virtual machine
  netcx tap left@one right@two                 Linux's TCP/IP above two drivers with a cable
  netcx up -- curl http://10.0.2.2:8080/       a command whose network is our driver, NIC, and passt

Exit codes:
  0    done: every frame became what it had to; the interfaces are gone again (up: the exit code of its command)
  1    a frame was lost, altered or reordered, a buffer leaked, or --verify found something
  2    wrong usage, an input that cannot be read to its end, an output that cannot be written
  130  ended by Ctrl-C; what was read before is reported`;

/** Says where help is when something cannot be understood. */
function withHint(command: Command): Command {
  const name = command.name();
  return command.showHelpAfterError(`Try ${name === 'netcx' ? name : `netcx ${name}`} --help.`);
}

/**
 * Runs the program.
 *
 * @param args - command line arguments, without the names of Node and of the program
 * @param terminal - what the program has of the world around it
 * @returns the exit code
 */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = ExitCode.Ok;
  const program = withHint(new Command('netcx'))
    .description(
      "A NIC driver and the NIC it drives, in one process: captures, Linux's TCP/IP and virtual machines through both.",
    )
    .version(version)
    .addHelpText('after', examples)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    });
  const done = (code: number): void => {
    exitCode = code;
  };
  for (const make of [
    replayCommand,
    upCommand,
    tapCommand,
    serveCommand,
    topCommand,
    benchCommand,
    describeCommand,
    doctorCommand,
  ])
    program.addCommand(withHint(make(terminal, done).copyInheritedSettings(program)));
  if (args.length === 0) {
    program.outputHelp();
    return ExitCode.Ok;
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has said what was wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.Ok : ExitCode.BadInput;
    if (error instanceof CommandError) {
      terminal.stderr.write(`error: ${error.message}\n`);
      return error.exitCode;
    }
    terminal.stderr.write(
      `error: a fault of netcx itself, please report it\n${String((error as Error).stack ?? error)}\n`,
    );
    return ExitCode.Different;
  }
}
