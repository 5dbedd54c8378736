/* Every command: its help, its exit codes for what is wrong, and the README, which has the same options. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { netcx } from './cli.ts';

const COMMANDS = ['replay', 'up', 'tap', 'serve', 'top', 'bench', 'describe', 'doctor'] as const;
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The options that a help or a section of the README names, long names. */
const optionsOf = (text: string): string[] => [
  ...new Set([...text.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map(([, name]) => name!)),
];

/** Options as the list in a help has them: not those in examples and prose. */
const listed = (help: string): string[] =>
  [...help.matchAll(/^ {2}(?:-\w, )?--([a-z][a-z-]*)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');

it('are those that the help names', async () => {
  const { out, code } = await netcx(['--help']);
  const named = [...out.matchAll(/^ {2}(\w+) \[options\]/gm)].map(([, name]) => name);
  expect([code, named]).toEqual([0, [...COMMANDS]]);
});

describe.each(COMMANDS)('netcx %s', (command) => {
  it('explains itself', async () => {
    const { out, err, code } = await netcx([command, '--help']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^Usage: netcx ${command} `));
    expect(listed(out)).toContain('json');
  });

  it('has each of its options in the README', async () => {
    const { out } = await netcx([command, '--help']);
    const section = new RegExp(`^## \`${command}\`:[^]*?(?=^## )`, 'm').exec(readme)?.[0];
    const row = new RegExp(`^\\| \`netcx ${command}\`:.*$`, 'm').exec(readme)?.[0];
    const there = optionsOf(section ?? row ?? '');
    expect(listed(out).filter((name) => !there.includes(name))).toEqual([]);
  });

  it('refuses an option that nobody knows, in one line and a hint', async () => {
    const needed = command === 'serve' ? ['nic-82576', '-s', 'a.sock', '-w', 'loopback'] : [];
    const { out, err, code } = await netcx([command, ...needed, '--no-such-thing']);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^error: unknown option '--no-such-thing'\n/);
    expect(err).toContain(`Try netcx ${command} --help.`);
  });
});

it('a command that nobody knows is refused', async () => {
  const { out, err, code } = await netcx(['rply']);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^error: unknown command 'rply'\n\(Did you mean replay\?\)/);
});
