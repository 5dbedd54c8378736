// Owns: the folder in which everything fetched is kept, and how a part of it becomes complete.
// Invariant: a part is made aside and moved into place when it is whole, so a broken fetch leaves nothing that looks complete.
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** @returns {string} NETCX_CACHE, or the user's cache folder */
export function cacheFolder() {
  const chosen = process.env['NETCX_CACHE'];
  const home = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return resolve(chosen ?? join(home, 'netcx', 'third-party'));
}

/**
 * What a finished part says of itself.
 * @typedef {object} Record
 * @property {string} recipe how it was made; another recipe makes it anew
 * @property {string[]} origin the packages that it comes from, with versions
 * @property {[path: string, size: number][]} files what must still be there
 */

const recordName = 'complete.json';

/**
 * @param {string} folder a part
 * @param {string} recipe
 * @returns {Record | undefined} its record, if the part is whole and made by this recipe
 */
export function completeRecord(folder, recipe) {
  try {
    const record = /** @type {Record} */ (JSON.parse(readFileSync(join(folder, recordName), 'utf8')));
    const whole = record.files.every(([path, size]) => statSync(join(folder, path)).size === size);
    return whole && record.recipe === recipe ? record : undefined;
  } catch {
    return undefined; // not there, cut off, or a file of it is gone: it is made anew
  }
}

/**
 * @param {string} pid
 * @returns {boolean} also false for a process that is dead, and that nobody has noticed yet
 */
function isRunning(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(join('/proc', pid, 'status'), 'utf8'));
  } catch {
    return false;
  }
}

/** A place to work in, beside the parts. It is removed when the work ends; what a killed run left, by the next one. */
export class Workshop {
  #cache;

  /** @param {string} cache */
  constructor(cache) {
    this.#cache = cache;
    this.folder = join(cache, `.work-${process.pid}`);
    mkdirSync(cache, { recursive: true });
    for (const name of readdirSync(cache)) {
      const pid = /^\.work-(\d+)$/.exec(name)?.[1];
      if (pid !== undefined && !isRunning(pid)) rmSync(join(cache, name), { recursive: true });
    }
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
  }

  /**
   * Makes a part and moves it into place.
   * @param {string} name
   * @param {string} recipe
   * @param {(folder: string) => Promise<string[]>} make fills the folder and returns the part's origin
   */
  async make(name, recipe, make) {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    const origin = await make(folder);
    /** @type {Record['files']} */
    const files = [];
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.push([path.slice(folder.length + 1), statSync(path).size]);
    }
    writeFileSync(join(folder, recordName), JSON.stringify({ recipe, origin, files }));
    const place = join(this.#cache, name);
    rmSync(place, { recursive: true, force: true });
    renameSync(folder, place);
  }

  /** Removes the place; may be called twice. */
  close() {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
