// Owns: `netcx up` as a user who has no privilege: driver, NIC and passt between a command and a server of this machine.
// Invariant: what stands for the host is a namespace of this run's own, so nothing outside it is reached.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, skip } from './checks.js';
import { netcx } from './lab.js';
import { Namespace } from './namespaces.js';
import { MIB, size } from './size.js';

const NOBODY = { program: 'setpriv', args: ['--reuid=65534', '--regid=65534', '--clear-groups'] };
const BYTES = (size === 'quick' ? 8 : 64) * MIB;

/** Why `netcx up` cannot run here; `undefined` when it can. */
function obstacle() {
  try {
    execFileSync('passt', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'passt is not installed';
  }
  try {
    const unshare = ['unshare', '--user', '--map-root-user', '--net', 'true'];
    execFileSync(NOBODY.program, [...NOBODY.args, ...unshare], { stdio: 'ignore' });
  } catch {
    return 'this machine gives no user namespaces to users without privilege';
  }
  return undefined;
}

/** A download, an exit code, and what is left behind. */
export async function goUp() {
  console.log('\nnetcx up, without privilege, with passt');
  const reason = obstacle();
  if (reason !== undefined) {
    skip('netcx up', reason);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'netcx-up-test-'));
  chmodSync(folder, 0o777);
  const host = new Namespace('netcx-host');
  try {
    // passt takes its template from the interface with the default route.
    host.ip('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'other');
    for (const side of ['uplink', 'other']) host.ip('link', 'set', side, 'up');
    host.ip('addr', 'add', '198.51.100.2/24', 'dev', 'uplink');
    host.ip('route', 'add', 'default', 'via', '198.51.100.1');
    const server = host.start(process.execPath, 'tooling/net/file-server.js', '8080', String(BYTES));
    await server.says('listening', 600);
    const [, expected] = /listening (\S+)/.exec(server.output) ?? [];
    /** @param {string} command */
    const up = async (command) => {
      const words = ['env', `HOME=${folder}`, `TMPDIR=${folder}`, process.execPath, ...netcx, 'up', '--', 'sh', '-c'];
      return host.start(NOBODY.program, ...NOBODY.args, ...words, command).end(600);
    };
    await check('a download from the host', async () => {
      const begin = performance.now();
      const { code, output } = await up('curl -sS http://10.0.2.2:8080/ | sha256sum');
      if (code !== 0 || !output.includes(expected ?? '-')) throw new Error(`${code}: ${output}`);
      const rate = (BYTES * 8) / 1e6 / ((performance.now() - begin) / 1000);
      return `${BYTES / MIB} MiB, SHA-256 equal, ${rate.toFixed(0)} Mbit/s with start and end`;
    });
    await check("the command's exit code", async () => {
      const { code, output } = await up('exit 7');
      if (code !== 7) throw new Error(`${code}: ${output}`);
      return undefined;
    });
    await check('nothing is left behind', async () => {
      const left = execFileSync('ls', ['-A', folder], { encoding: 'utf8' })
        .split('\n')
        .filter((name) => name.startsWith('netcx'));
      if (left.length > 0) throw new Error(left.join(' '));
      // A process that was told to end does so in its own time.
      const pids = () => execFileSync('ip', ['netns', 'pids', host.name], { encoding: 'utf8' }).trim().split('\n');
      for (let tries = 0; pids().length > 1; tries++) {
        if (tries === 600) throw new Error(`processes ${pids().join(' ')}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return undefined;
    });
    await server.end(60, 'SIGTERM');
  } finally {
    host.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
