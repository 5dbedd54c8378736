// Owns: the guests' first and only file system: programs with the libraries that they load, modules, our own scripts.
// Invariant: made from the cache and this folder alone, and reproducible: the same inputs give the same bytes.
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { newc } from './newc.js';
import { programIn } from './host-program.js';
import { run } from './program.js';

/** @import { Entry } from './newc.js' */
/** @import { Series, ThirdParty } from './parts.js' */

const programs = ['usr/sbin/ethtool', 'usr/bin/iperf3', 'usr/bin/ip', 'usr/bin/nstat', 'usr/bin/ss', 'usr/bin/perl'];
const libraryFolder = 'usr/lib/x86_64-linux-gnu';
const perlFolder = `${libraryFolder}/perl-base`;
const guestScripts = join(import.meta.dirname, '../guest');

/**
 * @param {ThirdParty} thirdParty
 * @param {Series} series whose modules it holds
 * @returns {Promise<Buffer>} a cpio archive
 */
export async function initramfs(thirdParty, series) {
  const root = thirdParty.guestRoot;
  const kernel = thirdParty.kernel(series);
  const libraries = await Promise.all(programs.map((program) => librariesOf(root, program)));
  const perl = readdirSync(join(root, perlFolder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${perlFolder}/${name}`)
    .filter((path) => lstatSync(join(root, path)).isFile());
  const copied = [
    ...new Set([...programs, 'usr/bin/busybox', `${libraryFolder}/libgcc_s.so.1`, ...libraries.flat(), ...perl]),
  ];

  /** @type {Entry[]} */
  const entries = [
    ...copied.map((path) => file(path, readFileSync(join(root, path)))),
    ...kernel.modules.map((path) => file(`lib/modules/${kernel.release}/${basename(path)}`, readFileSync(path))),
    ...readdirSync(guestScripts).map((name) => file(`guest/${name}`, readFileSync(join(guestScripts, name)))),
    ...['bin/sh', 'sbin/modprobe'].map((path) => link(path, '/usr/bin/busybox')),
    link('lib64/ld-linux-x86-64.so.2', `/${libraryFolder}/ld-linux-x86-64.so.2`),
    link('init', '/guest/init.sh'),
    { path: 'dev/console', mode: 0o020600, device: [5, 1] },
    ...['proc', 'sys', 'tmp', 'run', 'root', 'etc'].map(folder),
  ];
  const folders = new Set(entries.flatMap(({ path }) => ancestors(path)));
  for (const { path } of entries) folders.delete(path);
  return newc([...entries, ...[...folders].map(folder)]);
}

/**
 * The libraries that a program's own loader would load, as paths inside the root.
 * @param {string} root
 * @param {string} program
 */
async function librariesOf(root, program) {
  const [loader = '', ...words] = programIn(root, program);
  const list = (await run([loader, '--list', ...words])).toString('utf8');
  const found = [...list.matchAll(/^\s*(\S+) => (\S+)/gm)].map(([, , path = '']) => path);
  const outside = found.find((path) => !path.startsWith(root));
  if (outside !== undefined) throw new Error(`${program}: expected its libraries in ${root}, got ${outside}`);
  return [`${libraryFolder}/ld-linux-x86-64.so.2`, ...found.map((path) => path.slice(root.length + 1))];
}

/**
 * @param {string} path
 * @param {Uint8Array} data
 * @returns {Entry}
 */
const file = (path, data) => ({ path, mode: 0o100755, data });

/**
 * @param {string} path
 * @param {string} target
 * @returns {Entry}
 */
const link = (path, target) => ({ path, mode: 0o120777, data: Buffer.from(target) });

/**
 * @param {string} path
 * @returns {Entry}
 */
const folder = (path) => ({ path, mode: 0o040755 });

/**
 * @param {string} path
 * @returns {string[]} every folder above it
 */
function ancestors(path) {
  const above = dirname(path);
  return above === '.' ? [] : [above, ...ancestors(above)];
}
