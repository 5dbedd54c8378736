/*
 * Owns: the machines that are served, each in a worker of its own, from the start to the counters at the end.
 * Invariant: it ends when every worker has; a worker that falls over ends all of them, and is said. Commands are answered in their
 * order: each one is carried out before the next begins.
 */
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import type { CountersByNic, Events } from '../events.ts';
import { CommandError, ExitCode } from '../exit-code.ts';
import type { Terminal } from '../terminal.ts';
import { parseControl, type ControlLine } from './control.ts';
import type { ControlRequest, MachineReport, MachineSettings, NicCounter } from './worker-messages.ts';

/** How long a worker may take to answer, or to end, in milliseconds. */
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

/** What a worker says besides that it is done. */
type Heard = Exclude<MachineReport, { readonly kind: 'done' }>;

/** A machine's worker. */
class Machine {
  readonly settings: MachineSettings;
  /** Resolves when its worker is gone. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  /** Told when what was asked is done, the first request first. */
  readonly #asked: (() => void)[] = [];
  #alive = true;

  constructor(settings: MachineSettings, heard: (report: Heard) => void, fell: (error: Error) => void) {
    this.settings = settings;
    this.#worker = startWorker(settings);
    this.#worker.on('message', (report: MachineReport) => {
      if (report.kind === 'done') this.#asked.shift()?.();
      else heard(report);
    });
    this.#worker.on('error', fell);
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#alive = false;
        resolve();
      });
    });
  }

  /** Resolves when the worker has done what is asked, is gone, or takes too long. */
  async ask(request: ControlRequest): Promise<void> {
    if (!this.#alive) return;
    const done = new Promise<void>((resolve) => this.#asked.push(resolve));
    this.#worker.postMessage(request);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE)));
    await Promise.race([done, this.ended, tooLong]);
    clearTimeout(timer);
  }

  /** Ends it: by asking, and when that takes too long, without. */
  async end(): Promise<void> {
    if (this.#alive) this.#worker.postMessage({ kind: 'close' } satisfies ControlRequest);
    const timer = setTimeout(() => void this.#worker.terminate(), PATIENCE);
    await this.ended;
    clearTimeout(timer);
  }
}

/** What machines have counted, by NIC. */
class Counted {
  readonly #byNic: Partial<Record<string, Record<string, number>>> = {};

  add(counters: readonly NicCounter[]): void {
    for (const [nic, name, value] of counters) (this.#byNic[nic] ??= {})[name] = value;
  }

  get byNic(): CountersByNic {
    return this.#byNic;
  }

  /** For a person; the last line says that it is. */
  get lines(): string {
    const lines = Object.entries(this.#byNic).flatMap(([nic, counters]) =>
      Object.entries(counters ?? {}).map(([name, value]) => `counter ${nic} ${name} ${String(value)}\n`),
    );
    return `${lines.join('')}end of counters\n`;
  }
}

/**
 * Serves until the user ends it.
 *
 * @param settings - the machines
 * @param events - told of what happens
 * @param terminal - the world around
 * @returns the exit code
 * @throws CommandError when a machine cannot be started
 */
export async function serve(settings: readonly MachineSettings[], events: Events, terminal: Terminal): Promise<number> {
  const { signal } = terminal;
  const nics = settings.flatMap((machine) => machine.nics);
  let counted = new Counted();
  let end: (why: Error | undefined) => void = () => undefined;
  const over = new Promise<Error | undefined>((resolve) => (end = resolve));
  let ending = false;
  const heard = (index: number) => (report: Heard) => {
    if (report.kind === 'listening') tellListening(settings[index]!, events);
    else if (report.kind === 'refused') end(new CommandError(report.message));
    else if (report.kind === 'counters') counted.add(report.counters);
    else tellReport(report, events);
  };
  const machines = settings.map((machine, index) => new Machine(machine, heard(index), end));
  const carryOut = async (line: ControlLine): Promise<void> => {
    if (ending || line.kind === 'empty') return;
    if (line.kind === 'close') {
      ending = true;
      end(undefined);
    } else if (line.kind === 'wrong')
      events.tell({ event: 'misunderstood', message: line.message }, `error: ${line.message}\n`, 'aside');
    else if (line.kind === 'counters') {
      counted = new Counted();
      await Promise.all(machines.map((machine) => machine.ask(line)));
      events.tell({ event: 'counters', counters: counted.byNic }, counted.lines);
    } else {
      const owner = machines.find((machine) => machine.settings.nics.some(({ number }) => number === line.nic));
      await owner?.ask(line);
    }
  };
  let turn = Promise.resolve();
  const control = listen(terminal, nics.length, (line) => {
    turn = turn.then(() => carryOut(line));
  });
  const abort = (): void => end(undefined);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  void Promise.all(machines.map((machine) => machine.ended)).then(() => end(new Error('every machine has ended')));
  const why = await over;
  ending = true;
  signal.removeEventListener('abort', abort);
  control();
  await turn;
  counted = new Counted();
  await Promise.all(machines.map((machine) => machine.end()));
  if (why !== undefined) throw why;
  events.tell({ event: 'summary', exitCode: ExitCode.Ok, counters: counted.byNic }, counted.lines);
  return ExitCode.Ok;
}

function tellListening({ nics, wire }: MachineSettings, events: Events): void {
  for (const { number: nic, socket, mac } of nics) {
    const macAddress = mac.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    const line = `${String(nic)}: listening at ${socket} (nic-82576, ${macAddress}, wire ${wire})\n`;
    events.tell({ event: 'listening', nic, socket, model: 'nic-82576', macAddress, wire }, line);
  }
}

type Told = Exclude<Heard, { readonly kind: 'listening' | 'refused' | 'counters' }>;

function tellReport(report: Told, events: Events): void {
  switch (report.kind) {
    case 'line': {
      const { about, nic, what, text } = report;
      const words = [about === 'machine' ? what : `${about} ${what}`, ...(text === '' ? [] : [text])];
      events.tell({ event: about, nic, kind: what, message: text }, `${String(nic)}: ${words.join(': ')}\n`);
      return;
    }
    case 'trace':
      events.tell(
        { event: 'trace', nic: report.nic, message: report.text },
        `${String(report.nic)}: ${report.text}\n`,
        'aside',
      );
      return;
    case 'text':
      events.tell({ event: 'description', text: report.text }, `${report.text}\n`);
      return;
    case 'fault':
      events.tell(
        { event: 'fault', stack: report.stack },
        `error: a fault of netcx itself, please report it\n${report.stack}\n`,
        'aside',
      );
  }
}

/** Takes commands from standard input while there is one; its end is no command. */
function listen({ stdin }: Terminal, nics: number, taken: (line: ControlLine) => void): () => void {
  if (stdin === undefined) return () => undefined;
  const lines = createInterface({ input: stdin });
  lines.on('line', (text) => taken(parseControl(text, nics)));
  return () => {
    lines.close();
    stdin.pause();
  };
}
