/*
 * Owns: the machines that are served, each in a worker of its own, from the start to the counters at the end.
 * Invariant: it ends when every worker has; a worker that falls over ends all of them, and is said.
 */
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { parseControl } from './control.ts';
import type { ControlRequest, MachineReport, MachineSettings } from './worker-messages.ts';

/** How long a worker may take to end, in milliseconds. */
const PATIENCE = 10_000;

/** Starts the worker that lies beside this module: what was built from it, or, in a checkout, its source. */
function startWorker(workerData: MachineSettings): Worker {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) return new Worker(new URL('./machine-worker.js', here), { workerData });
  // A loader of sources that the main thread has does not reach into workers.
  const [loader, module] = [import.meta.resolve('tsx/esm/api'), new URL('./machine-worker.ts', here).href];
  const start = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(module)}); })`;
  return new Worker(start, { eval: true, workerData, execArgv: ['--conditions=@netcx/source'] });
}

/** A machine's worker. */
class Machine {
  readonly settings: MachineSettings;
  /** Resolves when its worker is gone. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #alive = true;

  constructor(settings: MachineSettings, heard: (report: MachineReport) => void, fell: (error: Error) => void) {
    this.settings = settings;
    this.#worker = startWorker(settings);
    this.#worker.on('message', heard);
    this.#worker.on('error', fell);
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#alive = false;
        resolve();
      });
    });
  }

  ask(request: ControlRequest): void {
    if (this.#alive) this.#worker.postMessage(request);
  }

  /** Ends it: by asking, and when that takes too long, without. */
  async end(): Promise<void> {
    this.ask({ kind: 'close' });
    const timer = setTimeout(() => void this.#worker.terminate(), PATIENCE);
    await this.ended;
    clearTimeout(timer);
  }
}

/**
 * Serves until the user ends it.
 *
 * @param settings - the machines
 * @param terminal - the world around
 * @returns the exit code
 * @throws CommandError when a machine cannot be started
 */
export async function serve(settings: readonly MachineSettings[], terminal: Terminal): Promise<number> {
  const { stdout, stderr, signal } = terminal;
  const nics = settings.flatMap((machine) => machine.nics);
  let asked = 0;
  let end: (why: Error | undefined) => void = () => undefined;
  const over = new Promise<Error | undefined>((resolve) => (end = resolve));
  const heard = (index: number) => (report: MachineReport) => {
    if (report.kind === 'listening') sayListening(settings[index]!, terminal);
    else if (report.kind === 'line') stdout.write(`${String(report.nic)}: ${report.text}\n`);
    else if (report.kind === 'trace') stderr.write(`${String(report.nic)}: ${report.text}\n`);
    else if (report.kind === 'text') stdout.write(`${report.text}\n`);
    else if (report.kind === 'fault')
      stderr.write(`error: a fault of netcx itself, please report it\n${report.stack}\n`);
    else if (report.kind === 'refused') end(new CommandError(report.message));
    else {
      for (const [name, value] of report.counters) stdout.write(`counter ${name} ${String(value)}\n`);
      if (++asked % settings.length === 0) stdout.write('end of counters\n');
    }
  };
  const machines = settings.map((machine, index) => new Machine(machine, heard(index), end));
  const control = listen(terminal, nics.length, (request) => {
    if (request.kind === 'close') end(undefined);
    else if (request.kind === 'counters') for (const machine of machines) machine.ask(request);
    else machines.find((machine) => machine.settings.nics.some(({ number }) => number === request.nic))?.ask(request);
  });
  const abort = (): void => end(undefined);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  void Promise.all(machines.map((machine) => machine.ended)).then(() => end(new Error('every machine has ended')));
  const why = await over;
  signal.removeEventListener('abort', abort);
  control();
  await Promise.all(machines.map((machine) => machine.end()));
  if (why !== undefined) throw why;
  return ExitCode.Ok;
}

function sayListening({ nics, wire }: MachineSettings, { stdout }: Terminal): void {
  for (const { number, socket, mac } of nics) {
    const address = mac.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    stdout.write(`${String(number)}: listening at ${socket} (nic-82576, ${address}, wire ${wire})\n`);
  }
}

/** Takes commands from standard input while there is one; its end is no command. */
function listen(terminal: Terminal, nics: number, act: (request: ControlRequest) => void): () => void {
  const { stdin, stderr } = terminal;
  if (stdin === undefined) return () => undefined;
  const lines = createInterface({ input: stdin });
  lines.on('line', (text) => {
    const line = parseControl(text, nics);
    if (line.kind === 'wrong') stderr.write(`error: ${line.message}\n`);
    else if (line.kind !== 'empty') act(line);
  });
  return () => {
    lines.close();
    stdin.pause();
  };
}
