// Owns: a private apt: packages of several Debian suites, from the mirror that this machine's own apt uses.
// Invariant: nothing outside the given folder is written, and no host name stands here: apt checks every signature and sum.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProgramError, run } from './program.js';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
const tries = 4;

/** A download that failed after retries, or a machine that cannot download: the only reason for which a suite is skipped. */
export class DownloadError extends Error {
  /** @override */
  name = 'DownloadError';
}

/**
 * Tries again with growing pauses; a failure that is left is a download that failed.
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} attempt
 * @returns {Promise<T>}
 */
async function retried(what, attempt) {
  for (let trial = 1; ; trial++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      if (trial === tries) throw new DownloadError(`${what}: failed ${tries} times\n${error.message}`);
      await sleep(2000 * 2 ** (trial - 1));
    }
  }
}

/** The addresses from which this machine's apt gets Debian itself, best first. */
async function mirrors() {
  if (process.arch !== 'x64' || process.platform !== 'linux') {
    throw new DownloadError(`needs Linux on x64 (this is ${process.platform} on ${process.arch})`);
  }
  /** @type {Buffer} */
  let lines;
  try {
    lines = await run(['apt-get', 'update', '--print-uris']);
  } catch (error) {
    throw new DownloadError(`needs apt-get: ${error instanceof Error ? error.message : String(error)}`);
  }
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const known = [...lines.toString('utf8').matchAll(/^'(\S+?)\/dists\/([\w-]+)\/InRelease'/gm)];
  const isDebian = (/** @type {string | undefined} */ suite) =>
    suite === release || /^(bookworm|trixie|forky|sid|stable|testing|unstable)$/.test(suite ?? '');
  const found = known.flatMap(([, address, suite]) => (address && isDebian(suite) ? [address] : []));
  if (found.length === 0) throw new DownloadError("this machine's apt knows no Debian mirror");
  return [...new Set(found)];
}

/** apt's own network settings of this machine (proxies, certificates), without what would run or write elsewhere. */
async function networkSettings() {
  const all = (await run(['apt-config', 'dump'])).toString('utf8').split('\n');
  return all.filter((line) => /^Acquire::(?!IndexTargets|Changelogs)/.test(line));
}

/** apt with sources, state and cache of its own, and a system on which nothing is installed. */
export class PrivateApt {
  #folder;
  #env;

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
    this.#env = { APT_CONFIG: join(folder, 'apt.conf'), DEBIAN_FRONTEND: 'noninteractive' };
  }

  /**
   * Reads the package lists of some suites.
   * @param {string} folder an empty one, whose owner removes it
   * @param {string[]} suites
   * @throws {DownloadError}
   */
  static async open(folder, suites) {
    const apt = new PrivateApt(folder);
    /** @type {unknown} */
    let last;
    for (const mirror of await mirrors()) {
      try {
        await apt.#configure(mirror, suites);
        await retried('package lists', () => run(['apt-get', 'update', '-qq', '--error-on=any'], { env: apt.#env }));
        return apt;
      } catch (error) {
        if (!(error instanceof DownloadError)) throw error;
        last = error;
      }
    }
    throw last;
  }

  /**
   * @param {string} mirror
   * @param {string[]} suites
   */
  async #configure(mirror, suites) {
    const at = (/** @type {string[]} */ ...names) => join(this.#folder, ...names);
    for (const name of ['lists/partial', 'archives/partial', 'none']) mkdirSync(at(name), { recursive: true });
    const options = ['arch=amd64', ...(existsSync(keyring) ? [`signed-by=${keyring}`] : [])].join(' ');
    writeFileSync(at('sources.list'), suites.map((suite) => `deb [${options}] ${mirror} ${suite} main\n`).join(''));
    writeFileSync(at('status'), '');
    const settings = {
      'Dir::Etc::sourcelist': at('sources.list'),
      'Dir::Etc::sourceparts': at('none'),
      'Dir::Etc::parts': at('none'),
      'Dir::Etc::main': at('none.conf'),
      'Dir::Etc::preferences': at('none.conf'),
      'Dir::Etc::preferencesparts': at('none'),
      'Dir::State': at('.'),
      'Dir::State::lists': at('lists'),
      'Dir::State::status': at('status'),
      'Dir::Cache': at('.'),
      'Dir::Cache::archives': at('archives'),
      'APT::Architecture': 'amd64',
      'APT::Install-Recommends': 'false',
      // The folder may lie where apt's own user cannot look; signatures are checked all the same.
      'APT::Sandbox::User': '',
      'Acquire::Check-Valid-Until': 'false',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '3',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
    const text = [...(await networkSettings()), ...lines, 'APT::Architectures { "amd64"; };', ''].join('\n');
    writeFileSync(at('apt.conf'), text);
  }

  /**
   * Downloads packages with everything that they depend on, and unpacks them.
   * @param {string} suite preferred where several have a package
   * @param {string[]} packages
   * @param {string} root folder to unpack into
   * @returns {Promise<string[]>} the file names of the packages: name, version, architecture
   * @throws {DownloadError}
   */
  async unpackWithDependencies(suite, packages, root) {
    const words = ['apt-get', 'install', '-qq', '-y', '--download-only', '-t', suite, ...packages];
    await retried(packages.join(' '), () => run(words, { env: this.#env, seconds: 300 }));
    return this.#unpack(join(this.#folder, 'archives'), root);
  }

  /**
   * Downloads one package alone, and unpacks it.
   * @param {string} name
   * @param {string} version
   * @param {string} root folder to unpack into
   * @returns {Promise<string[]>} as `unpackWithDependencies`
   * @throws {DownloadError}
   */
  async unpackAlone(name, version, root) {
    const folder = join(this.#folder, 'alone');
    mkdirSync(folder, { recursive: true });
    const words = ['apt-get', 'download', '-qq', `${name}=${version}`];
    await retried(name, () => run(words, { env: this.#env, cwd: folder, seconds: 300 }));
    return this.#unpack(folder, root);
  }

  /**
   * The versions of a package, one a suite that has it.
   * @param {string} name
   * @returns {Promise<{ version: string, suite: string }[]>}
   */
  async versions(name) {
    const lines = (await run(['apt-cache', 'madison', name], { env: this.#env })).toString('utf8').split('\n');
    return lines.flatMap((line) => {
      const [, version = '', source = ''] = line.split('|').map((column) => column.trim());
      const suite = / (\S+)\/main /.exec(source)?.[1];
      return suite === undefined ? [] : [{ version, suite }];
    });
  }

  /**
   * What one version of a package depends on.
   * @param {string} name
   * @param {string} version
   * @returns {Promise<string[]>} names
   */
  async dependencies(name, version) {
    const text = (await run(['apt-cache', 'show', `${name}=${version}`], { env: this.#env })).toString('utf8');
    const list = /^Depends: (.*)$/m.exec(text)?.[1] ?? '';
    return list.split(',').map((item) => item.trim().split(' ')[0] ?? '');
  }

  /**
   * Unpacks every package of a folder, and empties the folder.
   * @param {string} folder
   * @param {string} root
   */
  async #unpack(folder, root) {
    mkdirSync(root, { recursive: true });
    const names = readdirSync(folder).filter((name) => name.endsWith('.deb'));
    for (const name of names) {
      await run(['dpkg-deb', '-x', join(folder, name), root]);
      rmSync(join(folder, name));
    }
    return names.map((name) => decodeURIComponent(name.replace(/\.deb$/, ''))).sort();
  }
}
