// Owns: what is fetched: QEMU, the guests' programs, the kernels and iPXE, each a part of the cache.
// Invariant: package versions are looked up when they are fetched and never pinned, since old ones leave the archive.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DownloadError, PrivateApt } from './apt.js';
import { Workshop, cacheFolder, completeRecord } from './cache.js';
import { programIn, writeQemuScript } from './host-program.js';
import { takeKernel } from './kernel.js';
import { run } from './program.js';

/** @typedef {'6.1' | '6.12'} Series of Linux */

/** The kernels that judge: a series, and the Debian release whose default kernel it is. */
export const kernels = /** @type {Record<Series, string>} */ ({ 6.1: 'bookworm', 6.12: 'trixie' });

const guestPackages = ['busybox-static', 'ethtool', 'iperf3', 'iproute2', 'perl-base'];
const guestModules = ['igb', '8021q', 'sctp', 'crc32c_generic', 'hmac', 'sha1_generic', 'md5'];

/**
 * @typedef {object} Part
 * @property {string} recipe whatever changes what the part holds
 * @property {(place: Place, folder: string) => Promise<string[]>} make
 */

/**
 * Where a part is made: the private apt, a folder for what is unpacked and thrown away, and where QEMU's part is.
 * @typedef {{ apt: PrivateApt, scrap: string, cache: string }} Place
 */

/** @type {Record<string, Part>} in the order in which they are made: QEMU's root also has the decompressors */
const parts = {
  qemu: {
    recipe: '1',
    make: async ({ apt }, folder) => {
      const packages = ['qemu-system-x86', 'xz-utils', 'zstd'];
      const origin = await apt.unpackWithDependencies('trixie-backports', packages, join(folder, 'root'));
      for (const name of ['doc', 'man', 'locale', 'icons', 'lintian']) {
        rmSync(join(folder, 'root/usr/share', name), { recursive: true, force: true });
      }
      writeQemuScript(folder);
      return origin;
    },
  },
  guest: {
    recipe: guestPackages.join(' '),
    make: async ({ apt, scrap }, folder) => {
      const root = join(scrap, 'guest');
      const origin = await apt.unpackWithDependencies('trixie', guestPackages, root);
      for (const name of ['usr/bin', 'usr/sbin', 'usr/lib', 'usr/lib64']) {
        cpSync(join(root, name), join(folder, 'root', name), { recursive: true, verbatimSymlinks: true });
      }
      return origin;
    },
  },
  ipxe: {
    recipe: '1',
    make: async ({ apt, scrap }, folder) => {
      const root = join(scrap, 'ipxe');
      const [latest] = (await apt.versions('ipxe')).filter(({ suite }) => suite === 'trixie');
      if (latest === undefined) throw new DownloadError('ipxe: not in the archive');
      const origin = await apt.unpackAlone('ipxe', latest.version, root);
      cpSync(join(root, 'usr/lib/ipxe/ipxe.lkrn'), join(folder, 'ipxe.lkrn'), { dereference: true });
      return origin;
    },
  },
  ...Object.fromEntries(Object.entries(kernels).map(([series, suite]) => [`kernel-${series}`, kernel(series, suite)])),
};

/**
 * @param {string} series
 * @param {string} suite
 * @returns {Part}
 */
function kernel(series, suite) {
  const make = async (/** @type {Place} */ { apt, scrap, cache }, /** @type {string} */ folder) => {
    const [meta] = (await apt.versions('linux-image-amd64')).filter((known) => known.suite === suite);
    if (meta === undefined) throw new DownloadError(`linux-image-amd64: not in ${suite}`);
    const [name] = (await apt.dependencies('linux-image-amd64', meta.version)).filter((dependency) =>
      dependency.startsWith('linux-image-'),
    );
    if (name === undefined) throw new Error(`linux-image-amd64 ${meta.version}: expected to depend on a kernel`);
    const root = join(scrap, `kernel-${series}`);
    const origin = await apt.unpackAlone(name, meta.version, root);
    const release = await takeKernel(root, folder, guestModules, (program, bytes) =>
      run([...programIn(join(cache, 'qemu/root'), `usr/bin/${program}`), '-dc'], { input: bytes }),
    );
    if (!release.startsWith(`${series}.`)) throw new Error(`${suite}'s kernel: expected ${series}, got ${release}`);
    rmSync(root, { recursive: true });
    return origin;
  };
  return { recipe: guestModules.join(' '), make };
}

/** What the cache holds, as paths. */
export class ThirdParty {
  /** @param {string} cache */
  constructor(cache) {
    this.cache = cache;
    this.qemu = join(cache, 'qemu/qemu-system-x86_64');
    this.guestRoot = join(cache, 'guest/root');
    this.ipxe = join(cache, 'ipxe/ipxe.lkrn');
  }

  /** @param {Series} series */
  kernel(series) {
    const folder = join(this.cache, `kernel-${series}`);
    return {
      image: join(folder, 'vmlinux'),
      release: readFileSync(join(folder, 'release'), 'utf8'),
      modules: readdirSync(join(folder, 'modules')).map((name) => join(folder, 'modules', name)),
      config: readFileSync(join(folder, 'config'), 'utf8'),
    };
  }

  /** @returns {Map<string, string[]>} the packages that each part came from */
  origins() {
    return new Map(
      Object.entries(parts).map(([name, { recipe }]) => {
        return [name, completeRecord(join(this.cache, name), recipe)?.origin ?? []];
      }),
    );
  }
}

/**
 * Fetches what the cache does not have yet. A complete cache is used as it is, without a word to the network.
 * @param {(line: string) => void} say
 * @returns {Promise<ThirdParty>}
 * @throws {DownloadError} when a download failed after retries
 */
export async function fetchThirdParty(say) {
  const cache = cacheFolder();
  const missing = Object.entries(parts).filter(([name, { recipe }]) => !completeRecord(join(cache, name), recipe));
  if (missing.length === 0) return new ThirdParty(cache);
  const workshop = new Workshop(cache);
  try {
    const [aptFolder, scrap] = [join(workshop.folder, 'apt'), join(workshop.folder, 'scrap')];
    mkdirSync(aptFolder);
    const begin = performance.now();
    say(`fetching ${missing.map(([name]) => name).join(', ')}`);
    const apt = await PrivateApt.open(aptFolder, [...new Set([...Object.values(kernels), 'trixie-backports'])]);
    for (const [name, { recipe, make }] of missing) {
      await workshop.make(name, recipe, (folder) => make({ apt, scrap, cache }, folder));
      say(`${name}: ready after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    }
  } finally {
    workshop.close();
  }
  return new ThirdParty(cache);
}
