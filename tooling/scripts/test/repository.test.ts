// The repository speaks of the project alone: no path of the machine it was written on, no host of a registry or mirror.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../lib/paths.js';

const output = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

/** What git holds or would hold. */
const files = output('git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate')
  .split('\0')
  .filter((file) => file !== '' && existsSync(join(root, file)));

/** The hosts from which this machine gets packages, and the well-known ones; written so that this file does not match. */
function registryHosts(): string[] {
  const lists = ['/etc/apt/sources.list', '/etc/apt/sources.list.d'].filter(existsSync);
  const apt = lists.flatMap((path) =>
    path.endsWith('.d')
      ? readdirSync(path).map((name) => readFileSync(join(path, name), 'utf8'))
      : [readFileSync(path, 'utf8')],
  );
  const text = [output('npm', 'config', 'get', 'registry'), ...apt].join('\n');
  const configured = [...text.matchAll(/https?:\/\/([^/\s:]+)/g)].map(([, host = '']) => host);
  return [...new Set([...configured, ['registry', 'npmjs', 'org'].join('.'), ['deb', 'debian', 'org'].join('.')])];
}

/** Each match in any file, as `file:line`. */
function occurrences(pattern: RegExp): string[] {
  return files.flatMap((file) => {
    const bytes = readFileSync(join(root, file));
    if (bytes.subarray(0, 8000).includes(0)) return pattern.test(bytes.toString('latin1')) ? [`${file}: binary`] : [];
    const lines = bytes.toString('utf8').split('\n');
    return lines.flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1}: ${line.trim().slice(0, 120)}`] : []));
  });
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

it('sees the files', () => {
  expect(files).toEqual(expect.arrayContaining(['package.json', 'pnpm-lock.yaml']));
});

it('names no registry', () => {
  expect(occurrences(new RegExp(registryHosts().map(escape).join('|')))).toEqual([]);
});

it('keeps no download address in the lockfile', () => {
  expect(occurrences(/tarball: /).filter((hit) => hit.startsWith('pnpm-lock.yaml'))).toEqual([]);
});

it('names no folder of this machine', () => {
  expect(occurrences(new RegExp(`${escape(root)}(?![\\w-])`))).toEqual([]);
  // A clone in the system's temporary folder has neighbours that everybody may name.
  if (dirname(root) !== tmpdir()) expect(occurrences(new RegExp(`${escape(dirname(root))}/(?=\\w)`))).toEqual([]);
  expect(occurrences(/(?<![\w.~-])\/(?:root|home\/\w+|Users\/\w+)\/\w/)).toEqual([]);
});

describe('scripts', () => {
  const programs = files.filter((file) => file === '.ci/run' || file.startsWith('tooling/ci/suites/'));

  it.each(programs)('%s can be executed', (file) => {
    expect(() => {
      accessSync(join(root, file), constants.X_OK);
    }).not.toThrow();
  });

  it.each(programs.filter((file) => file !== '.ci/run'))('%s says in its second line what it covers', (file) => {
    expect(readFileSync(join(root, file), 'utf8').split('\n')[1]).toMatch(/^(?:#|\/\/) \w.{20}/);
  });
});
