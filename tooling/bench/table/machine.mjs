// What figures depend on besides the code: the machine and the versions of everything that takes part.
// Invariant: nothing that names a person, a host or a path.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';

/** @typedef {Readonly<Record<string, string>>} Machine what it is, by name */

/**
 * @param {string} root of the repository
 * @returns {Machine}
 */
export function describeMachine(root) {
  const [first] = cpus();
  return {
    processor: `${first?.model.trim() ?? 'unknown'}, ${availableParallelism()} usable, ${arch()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release().split('-')[0]}${isVirtual() ? ', a virtual machine' : ''}`,
    Node: `${process.version}, V8 ${process.versions.v8}`,
    compiler: said('gcc', '--version').split('\n')[0] ?? 'none',
    DPDK: said('pkg-config', '--modversion', 'libdpdk'),
    'ringbuf.js': versionOf(root, 'packages/rings', 'ringbuf.js'),
  };
}

/** @returns {boolean} whether the kernel runs on a hypervisor */
function isVirtual() {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * @param {string} name
 * @param {...string} args
 */
function said(name, ...args) {
  try {
    return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'not installed';
  }
}

/**
 * @param {string} root
 * @param {string} workspace the package that depends on it
 * @param {string} name
 */
function versionOf(root, workspace, name) {
  try {
    const manifest = join(root, workspace, 'node_modules', name, 'package.json');
    /** @type {{ version: string }} */
    const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
    return version;
  } catch {
    return 'not installed';
  }
}
