/*
 * Owns: `netcx doctor`: what this machine can do, and what is missing.
 * Invariant: it ends with 0 unless netcx cannot run here at all.
 */
import { Command } from 'commander';
import { createColors } from 'picocolors';
import { examine, type Finding } from '../doctor/findings.ts';
import { ExitCode } from '../exit-code.ts';
import { drawTable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/**
 * @param terminal - what the command has of the world around it
 * @param done - told the exit code
 * @returns the command
 */
export function doctorCommand(terminal: Terminal, done: (exitCode: number) => void): Command {
  return new Command('doctor')
    .description('Tell what this machine can do for netcx, and what is missing.')
    .option('--json', 'print what was found as JSON')
    .action(({ json = false }: { json?: boolean }) => {
      const findings = examine();
      const { stdout, colour } = terminal;
      stdout.write(json ? `${JSON.stringify(findings, undefined, 2)}\n` : asTable(findings, colour, stdout.columns));
      done(findings.some(({ state }) => state === 'missing') ? ExitCode.BadInput : ExitCode.Ok);
    });
}

function asTable(findings: readonly Finding[], colour: boolean, width: number | undefined): string {
  const paint = createColors(colour);
  const rows = findings.map(({ name, state, what, use }) => [
    state === 'there' ? paint.green('ok') : paint.yellow(state),
    name,
    what,
    use,
  ]);
  const advice = findings.filter(({ state }) => state !== 'there').map((one) => `  ${one.name}: ${one.advice}`);
  const rest = advice.length === 0 ? 'Nothing is missing.' : `To have the rest:\n${advice.join('\n')}`;
  return `${drawTable(rows, { head: ['', 'what', 'found', 'for'], width })}\n${rest}\n`;
}
