// Owns: the entry of every root script: `npm run NAME -- ...` comes here as `node tooling/scripts/run.js NAME ...`.
// Needs only Node and npm: it fetches the pinned pnpm and installs what is missing before the command is loaded.
// Invariant: nothing but Node's own modules is imported before the workspace is installed.
import { prepare } from './lib/prepare.js';

const commands = /** @type {const} */ ({
  start: 'build quietly, then replay a capture (or run any netcx command)',
  netcx: 'build quietly, then run the command line',
  check: 'everything that npm alone can check; what `npm test` runs',
  build: 'compile every package',
  typecheck: 'check the types of sources, tests and benchmarks',
  lint: 'ESLint',
  layers: 'who may import whom',
  format: 'rewrite every file in the one style',
  coverage: 'all tests, with coverage',
  'test:linux': 'Linux and iPXE in virtual machines judge the NIC model; arguments choose suites by name',
  'test:qemu': "the driver on QEMU's own NIC, and on our model beside it",
  'test:net': 'the Linux TCP/IP stack in network namespaces, through the driver and the NIC model',
  bench: 'the table of docs/performance.md, measured anew; or the benchmarks that arguments name',
  soak: 'long runs on the built packages; arguments choose files by name',
  api: 'rewrite the API reports in etc/',
  docs: 'reference documentation into docs/api/',
  new: 'skeleton of a new package, extension, NIC or driver',
  'release:version': 'turn changesets into versions and changelogs',
  'release:publish': 'publish what the registry does not have yet',
  'release:rehearsal': 'version, publish to a registry on loopback, install as a consumer',
});

const [name = '', ...args] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) {
  const width = Math.max(...Object.keys(commands).map((key) => key.length));
  const list = Object.entries(commands).map(([key, text]) => `  ${key.padEnd(width)}  ${text}`);
  console.error(`Unknown command '${name}'. npm run NAME -- [arguments], where NAME is one of\n${list.join('\n')}`);
  process.exit(2);
}

try {
  prepare();
  const command = /** @type {{ run(args: string[]): Promise<number> | number }} */ (
    await import(`./commands/${name.replace(':', '-')}.js`)
  );
  process.exitCode = await command.run(args);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(error.name === 'CommandError' ? error.message : error.stack);
  process.exitCode = 1;
}
