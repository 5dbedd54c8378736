// Owns: a registry of our own on loopback, for as long as a rehearsal lasts.
// Invariant: our own packages live here alone; everyone else's are fetched through whatever registry npm is set to.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runServer } from 'verdaccio';
import { must } from '../lib/process.js';

/**
 * @typedef {object} Registry
 * @property {string} url
 * @property {Record<string, string>} env makes npm and pnpm use it, with the right to publish
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} folder an absolute path where it keeps everything
 * @returns {Promise<Registry>}
 */
export async function startRegistry(folder) {
  mkdirSync(folder, { recursive: true });
  const upstream = (await must('npm', ['config', 'get', 'registry', '--loglevel=error'])).trim();
  const own = { access: '$all', publish: '$authenticated' };
  const listener = /** @type {unknown} */ (
    await runServer({
      self_path: join(folder, 'config.yaml'),
      configPath: join(folder, 'config.yaml'),
      storage: join(folder, 'storage'),
      auth: { htpasswd: { file: join(folder, 'users'), max_users: 1 } },
      uplinks: { upstream: { url: upstream, cache: true, timeout: '60s', max_fails: 10 } },
      packages: {
        '@netcx/*': own,
        netcx: own,
        '**': { access: '$all', proxy: 'upstream' },
      },
      log: { type: 'file', path: join(folder, 'log'), level: 'warn', format: 'json' },
      web: { enable: false },
      server: { keepAliveTimeout: 60 },
      security: { api: { legacy: true } },
      max_body_size: '50mb',
    })
  );
  const server = /** @type {import('node:http').Server} */ (listener);
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(undefined));
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}/`;
  const token = await addUser(url);
  const config = join(folder, 'npmrc');
  writeFileSync(config, `registry=${url}\n${url.slice('http:'.length)}:_authToken=${token}\n`);
  return {
    url,
    env: {
      NPM_CONFIG_USERCONFIG: config,
      npm_config_userconfig: config,
      npm_config_registry: url,
      npm_config_provenance: 'false',
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/**
 * @param {string} url
 * @returns {Promise<string>} a token with which the one user may publish
 */
async function addUser(url) {
  const name = 'rehearsal';
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: `${name}-password`, email: 'rehearsal@localhost' }),
  });
  const answer = /** @type {{ token?: string, error?: string }} */ (await response.json());
  if (answer.token === undefined) throw new Error(`The registry gave no token: ${answer.error ?? response.statusText}`);
  return answer.token;
}
