/*
 * Owns: `netcx bench`: how fast frames pass through driver, framework and NIC model on this machine, with a small chart.
 * Invariant: what is printed is measured here and now; ranges stand beside medians.
 */
import { cpus } from 'node:os';
import { Command } from 'commander';
import { BURST } from '../bench/echo.ts';
import { measure, type Measurement } from '../bench/measurement.ts';
import { ExitCode } from '../exit-code.ts';
import { ProgressBar } from '../replay/progress.ts';
import type { Terminal } from '../terminal.ts';
import { parseWhole } from './numbers.ts';

const SIZES = [64, 256, 512, 1024, 1518] as const;
/** Frames that go before the first length is measured: it takes so many before the compiler is done, whatever `--frames` says. */
const WARM_UP = 500_000;
const BAR = 40;

interface BenchArguments {
  readonly frames: number;
  readonly json?: boolean;
}

const help = `
Two stations send the same frames back and forth in bursts of ${BURST}, in virtual time. The figure is what one frame costs on its way through one
adapter: the NIC model receives it, the driver hands it up, it is shown and sent, and the NIC model puts it on the wire.

The whole set of benchmarks, beside DPDK and others, is in the repository: npm run bench.`;

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function benchCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('bench')
    .description('Measure how fast frames pass through driver, framework and NIC model here.')
    .option('--frames <count>', 'frames of each length', parseWhole(20_000, 1_000_000_000), 1_000_000)
    .option('--json', 'print the figures as JSON')
    .addHelpText('after', help)
    .action(async ({ frames, json = false }: BenchArguments) => {
      const { signal, stdout } = terminal;
      const bar = new ProgressBar(terminal);
      const measured: Measurement[] = [];
      try {
        bar.start('warming up');
        await measure(SIZES[0], WARM_UP, bar.update, signal);
        for (const size of SIZES) {
          if (signal.aborted) break;
          bar.start(`${size} bytes`);
          measured.push(await measure(size, frames, bar.update, signal));
        }
      } finally {
        bar.stop();
      }
      stdout.write(json ? `${JSON.stringify(measured, undefined, 2)}\n` : `${machine()}\n\n${chart(measured)}`);
      done(signal.aborted ? ExitCode.Interrupted : ExitCode.Ok);
    });
}

/** What the figures are true of. */
const machine = (): string => `Node ${process.version} on ${cpus()[0]?.model.trim() ?? process.arch}, one thread`;

/**
 * @param measured - a line for each
 * @returns the chart, a bar for the time of each length of frames, under a head
 */
export function chart(measured: readonly Measurement[]): string {
  const longest = Math.max(...measured.map(({ median }) => median));
  const head = `${'frame'.padEnd(11)}  ${'median (range)'.padEnd(20)} ${'time'.padEnd(BAR)} rate`;
  const lines = measured.map(({ frameBytes, median, least, most }) => {
    const rate = 1000 / median;
    const gigabits = (frameBytes * 8) / median;
    const figures = `${median.toFixed(0)} ns (${least.toFixed(0)}..${most.toFixed(0)})`.padEnd(20);
    const bar = '#'.repeat(Math.max(1, Math.round((median / longest) * BAR))).padEnd(BAR);
    return `${String(frameBytes).padStart(5)} bytes  ${figures} ${bar} ${rate.toFixed(1)} Mpps  ${gigabits.toFixed(1)} Gbit/s`;
  });
  return `${[head, ...lines].join('\n')}\n`;
}
