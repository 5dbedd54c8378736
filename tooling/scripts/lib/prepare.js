// Owns: making a bare clone ready: the pinned pnpm on PATH and the locked dependencies installed.
// Invariant: does nothing where both are already there; only Node's own modules are used.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CommandError } from './process.js';
import { root } from './paths.js';

const isWindows = process.platform === 'win32';

/**
 * @param {string} file path below the root
 * @returns {string} its text, or the empty string where there is none
 */
function text(file) {
  const path = join(root, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function ask(command, args) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', shell: isWindows });
}

/** Puts the pnpm that package.json pins first on PATH: turbo and changesets look for it there. */
function providePnpm() {
  const { packageManager } = /** @type {{ packageManager: string }} */ (JSON.parse(text('package.json')));
  // One that is missing has no output at all.
  const present = /** @type {string | null} */ (ask('pnpm', ['--version']).stdout);
  if (present?.trim() === packageManager.split('@')[1]) return;
  const fetched = ask('npx', ['--yes', `--package=${packageManager}`, '--call', 'node --print process.env.PATH']);
  if (fetched.status !== 0) throw new CommandError(`Could not get ${packageManager} through npx:\n${fetched.stderr}`);
  const path = fetched.stdout.trim();
  // npm puts the folder with pnpm first; the rest is this process's own PATH again.
  const known = new Set((process.env['PATH'] ?? '').split(delimiter));
  const added = path.split(delimiter).filter((folder) => !known.has(folder));
  process.env['PATH'] = [...added, process.env['PATH']].join(delimiter);
}

/** Installs what the lockfile says, when it is not what is installed. */
function install() {
  const installed = text('node_modules/.pnpm/lock.yaml');
  if (installed !== '' && installed === text('pnpm-lock.yaml')) return;
  console.error('Installing dependencies ...');
  const { status } = spawnSync('pnpm', ['install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: isWindows,
  });
  if (status !== 0) throw new CommandError('pnpm install failed; its message stands above.');
}

/** Makes the workspace ready to run its own tools. */
export function prepare() {
  process.env['TURBO_TELEMETRY_DISABLED'] = '1';
  process.env['DO_NOT_TRACK'] = '1';
  providePnpm();
  install();
  process.env['PATH'] = [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
}
