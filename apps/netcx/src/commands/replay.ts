/*
 * Owns: `netcx replay`: its options, and the order of its steps.
 * Invariant: whatever ends the replay early, what was read before it is reported.
 */
import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandError } from '../exit-code.ts';
import { openInputs } from '../replay/inputs.ts';
import { ReplayJob, type Replayed, type ReplaySettings } from '../replay/job.ts';
import { reportAsJson } from '../replay/json.ts';
import { ReplayOutcome, type WrittenCapture } from '../replay/outcome.ts';
import { cannotWrite, chooseOutput, OutputCapture, type OutputPlace } from '../replay/output.ts';
import { ProgressBar } from '../replay/progress.ts';
import { reportAsTable } from '../replay/table.ts';
import { verify } from '../replay/verification.ts';
import { shippedCaptures } from '../shipped-captures.ts';
import type { Terminal } from '../terminal.ts';

/** Options as commander parses them. */
interface ReplayArguments extends Omit<ReplaySettings, 'timing'> {
  readonly out: string;
  readonly force?: true;
  readonly verify?: true;
  readonly json?: true;
  readonly timing?: ReplaySettings['timing'];
}

const help = `
A frame goes protocol edge, transmit rings, driver, NIC a, cable, NIC b, driver, receive rings, protocol edge. Each one
that arrives is compared, byte for byte and in order, with the one that was sent. Frames shorter than 60 bytes come back
padded, as a NIC pads them; frames longer than the NIC can send (--mtu and 14 bytes of header) and empty ones are refused.
All three are counted and called what they are.

What arrives is written to --out with the machine's own time: nanoseconds since it was switched on. A file there is
replaced only if netcx wrote it, or with --force; an input is never overwritten.

--verify reads the file that was written and compares it with the captures once more, by other means; then it runs the
whole replay a second time and insists on the same counters and the same bytes.

Of a capture with several interfaces the Ethernet ones are replayed and the rest is counted. Frame check sequences in a
capture are taken off, since the NIC makes its own. Frames that the capture cut are replayed as far as they were captured.`;

/** @returns a parser of whole numbers for commander */
function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function replayCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  const most = Number.MAX_SAFE_INTEGER;
  return new Command('replay')
    .description('Replay captures through a NIC driver and the NIC it drives, and check every frame that arrives.')
    .argument('[file...]', 'pcap or pcapng files; without any, the captures that come with netcx')
    .option('-o, --out <file>', 'where to write the frames that arrive, as pcapng', 'replayed.pcapng')
    .option('--force', 'replace --out whatever it is')
    .option('--verify', 'compare the written file with the captures, and replay twice')
    .option('--seed <n>', 'choose everything that is left to chance', whole(0, most), 1)
    .addOption(
      new Option('--timing <how>', 'distances between frames; captured, or varied by chance with --repeat').choices([
        'captured',
        'varied',
        'none',
      ]),
    )
    .option('--repeat <n>', 'replay the captures this many times', whole(1, 1e9), 1)
    .option('--frames <n>', 'stop after this many frames', whole(1, most))
    .option('--mtu <bytes>', 'payload of the longest frame', whole(68, 9706), 9706)
    .option('--iommu', 'put an IOMMU between the NICs and memory', false)
    .option('--json', 'print one JSON object and nothing else')
    .addHelpText('after', help)
    .action(async (files: string[], options: ReplayArguments) => {
      done(await replayFiles(files, options, terminal));
    });
}

async function replayFiles(files: readonly string[], options: ReplayArguments, terminal: Terminal): Promise<number> {
  const { repeat, timing = repeat > 1 ? 'varied' : 'captured', force = false, json = false } = options;
  const { signal } = terminal;
  const settings: ReplaySettings = { ...options, timing };
  const captures =
    files.length > 0
      ? files.map((path) => ({ path, name: path }))
      : shippedCaptures().map((path) => ({ path, name: basename(path) }));
  const inputs = await openInputs(captures, terminal.folder, repeat > 1 || options.verify === true);
  const place = await chooseOutput(options.out, terminal.folder, inputs, force);
  if (options.verify === true && !place.regular) {
    throw new CommandError(`--verify reads ${place.name} back, and it is no file; choose another --out`);
  }
  const job = new ReplayJob(inputs, settings);
  const bar = new ProgressBar(terminal);
  try {
    bar.start('replaying ');
    const { replayed, output } = await replayInto(place, job, signal, bar);
    const verifiable = options.verify === true && output.problem === undefined && !signal.aborted;
    if (verifiable) bar.start('verifying ');
    const verification = verifiable ? await verify(job, place.path, replayed.report, signal, bar.update) : undefined;
    bar.stop();
    const outcome = new ReplayOutcome(replayed, settings, output, verification, signal.aborted);
    const exitCode = signal.aborted ? Number(signal.reason) : outcome.exitCode;
    terminal.stdout.write(
      json ? reportAsJson(outcome, exitCode) : reportAsTable(outcome, terminal.colour, terminal.stdout.columns),
    );
    for (const problem of outcome.problems) terminal.stderr.write(`error: ${problem}\n`);
    return exitCode;
  } finally {
    bar.stop();
  }
}

/** Replays, and writes what arrives; a file that cannot be written ends the replay, not the program. */
async function replayInto(
  place: OutputPlace,
  job: ReplayJob,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<{ replayed: Replayed; output: WrittenCapture }> {
  const capture = await OutputCapture.create(place, job.comments);
  try {
    const replayed = await job.run(capture, signal, bar.update);
    const problem = await capture.close().then(
      () => undefined,
      (error: unknown) => cannotWrite(place.name, error),
    );
    return { replayed, output: { name: place.name, frames: capture.frames, problem } };
  } catch (error) {
    await capture.abort();
    throw error;
  }
}
