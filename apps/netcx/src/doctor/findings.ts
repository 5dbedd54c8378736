/*
 * Owns: what `netcx doctor` looks for: each thing that some part of netcx needs of the machine, whether it is there, what it is
 * for, and what to do when it is not.
 * Invariant: looking changes nothing, makes nothing, and takes no privilege.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, availableParallelism, homedir, platform, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

/** One thing that was looked for. */
export interface Finding {
  readonly name: string;
  /** `missing` is needed for anything at all; `absent` only for what `use` says. */
  readonly state: 'there' | 'absent' | 'missing';
  /** What was found. */
  readonly what: string;
  /** What it is for. */
  readonly use: string;
  /** What to do about it; empty when it is there. */
  readonly advice: string;
}

/** Programs that some commands or suites run, and the Debian packages that they come with. */
const PROGRAMS = [
  { name: 'passt', package: 'passt', use: 'netcx up' },
  { name: 'unshare', package: 'util-linux', use: 'netcx up' },
  { name: 'ip', package: 'iproute2', use: 'netcx up, npm run test:net' },
  { name: 'iperf3', package: 'iperf3', use: 'npm run test:net' },
  { name: 'tshark', package: 'tshark', use: 'suites in which tshark is the judge' },
  { name: 'dpdk-testpmd', package: 'dpdk', use: 'the benchmark beside DPDK' },
] as const;

/** The oldest Node that netcx runs on. */
const OLDEST_NODE = [20, 19] as const;

/** @returns what was found, in the order in which a person reads it */
export function examine(): Finding[] {
  return [node(), system(), koffi(), tunDevice(), userNamespaces(), ...PROGRAMS.map(program), thirdParty()];
}

function there(name: string, what: string, use: string): Finding {
  return { name, state: 'there', what, use, advice: '' };
}

function absent(name: string, what: string, use: string, advice: string): Finding {
  return { name, state: 'absent', what, use, advice };
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [least, leastMinor] = OLDEST_NODE;
  const use = 'everything';
  if (major > least || (major === least && minor >= leastMinor)) return there('Node.js', process.versions.node, use);
  const advice = `install Node.js ${OLDEST_NODE.join('.')} or newer`;
  return { name: 'Node.js', state: 'missing', what: process.versions.node, use, advice };
}

function system(): Finding {
  const what = `${platform()} ${release()}, ${arch()}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  if (platform() === 'linux') return there('system', what, 'TAPs, namespaces and virtual machines');
  return absent('system', what, 'TAPs, namespaces and virtual machines', 'those need Linux; all else runs here');
}

function koffi(): Finding {
  const use = 'netcx tap, netcx up, netcx serve';
  const prefix = `@koromix/koffi-${platform()}-${arch()}`;
  try {
    // As the packages find it that use it; loading it is the only proof that its compiled part is there.
    const from = createRequire(import.meta.resolve('@netcx/tap'));
    from('koffi');
    return there('koffi', from.resolve('koffi'), use);
  } catch {
    return absent('koffi', 'cannot be loaded', use, `install with optional dependencies: ${prefix} comes with koffi`);
  }
}

function tunDevice(): Finding {
  const use = 'netcx tap, netcx up';
  const path = '/dev/net/tun';
  if (!existsSync(path)) return absent(path, 'is not there', use, 'load the kernel module: modprobe tun');
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return there(path, 'may be opened', use);
  } catch {
    return absent(path, 'may not be opened by this user', use, 'run as root, or: chmod 666 /dev/net/tun');
  }
}

function userNamespaces(): Finding {
  const use = 'netcx up without privilege';
  const name = 'user namespaces';
  const asked = spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true'], { timeout: 5000 });
  if (asked.status === 0) return there(name, 'this user may make them', use);
  const limit = read('/proc/sys/user/max_user_namespaces');
  const apparmor = read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns');
  if (apparmor === '1')
    return absent(name, 'AppArmor forbids them', use, 'sysctl kernel.apparmor_restrict_unprivileged_userns=0');
  if (limit === '0') return absent(name, 'none are allowed', use, 'sysctl user.max_user_namespaces=10000');
  return absent(name, 'this user may not make them', use, 'ask the administrator of this machine, or run as root');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function program({ name, package: debian, use }: (typeof PROGRAMS)[number]): Finding {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder !== '' && existsSync(path)) return there(name, path, use);
  }
  return absent(name, 'not in PATH', use, `on Debian: apt install ${debian}`);
}

function thirdParty(): Finding {
  const use = 'npm run test:linux, npm run test:qemu';
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = process.env['NETCX_CACHE'] ?? join(cache, 'netcx', 'third-party');
  if (existsSync(join(folder, 'qemu'))) return there('QEMU and kernels', folder, use);
  return absent('QEMU and kernels', 'not fetched', use, 'the suites fetch them when they first run');
}
