// Owns: the API reports: one for each entry point, in its package's etc/. A change of the public surface is a change of a file.
// Invariant: checking writes nothing into the repository.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompilerState, Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { listPackages } from '../lib/packages.js';

/**
 * @param {string} subpath such as `.` or `./memory`
 * @returns {string} the report's file name
 */
const reportName = (subpath) => `${subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-')}.api.md`;

/**
 * @param {import('../lib/packages.js').Package} owner
 * @param {import('../lib/packages.js').Entry} entry
 * @param {string} temporary folder for the report as it is now
 * @returns {ExtractorConfig}
 */
function configure(owner, entry, temporary) {
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(owner.path, 'package.json'),
    configObject: {
      projectFolder: owner.path,
      newlineKind: 'lf',
      mainEntryPointFilePath: join(owner.path, entry.types),
      compiler: { tsconfigFilePath: join(owner.path, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: reportName(entry.subpath),
        reportFolder: join(owner.path, 'etc'),
        reportTempFolder: temporary,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          // Everything exported is public, and ESLint and typedoc check what is said about it. An unexported type that
          // shows is noted in the report itself.
          default: { logLevel: ExtractorLogLevel.None },
          'ae-forgotten-export': { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
}

/**
 * Compares every report with the built declarations, or rewrites it.
 * @param {boolean} update whether to write what differs
 * @returns {{ count: number, problems: string[] }} how many entry points there are, and what differs or failed
 */
export function apiReports(update) {
  /** @type {string[]} */
  const problems = [];
  const temporary = mkdtempSync(join(tmpdir(), 'netcx-api-'));
  const packages = listPackages();
  try {
    const reports = packages.flatMap((owner) =>
      owner.entries.map((entry) => ({ owner, entry, config: configure(owner, entry, temporary) })),
    );
    const compilerState = loadDeclarations(reports.map(({ config }) => config));
    for (const { owner, entry, config } of reports) {
      const name = `${owner.folder}/etc/${reportName(entry.subpath)}`;
      if (update) mkdirSync(config.reportFolder, { recursive: true });
      const { apiReportChanged, errorCount } = Extractor.invoke(config, {
        compilerState,
        localBuild: update,
        messageCallback(message) {
          message.handled = true;
          if (message.logLevel === ExtractorLogLevel.Error) problems.push(`${name}: ${message.text}`);
        },
      });
      if (!update && apiReportChanged) problems.push(`${name} is out of date: npm run api`);
      else if (errorCount > 0) problems.push(`${name} could not be made`);
    }
    for (const owner of packages) {
      const etc = join(owner.path, 'etc');
      problems.push(...strays(etc, owner.entries, update).map((name) => `${owner.folder}/etc/${name} reports nothing`));
    }
    return { count: reports.length, problems };
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/**
 * @param {ExtractorConfig[]} configs
 * @returns {CompilerState} one TypeScript program for all of them, which is loaded once
 */
function loadDeclarations(configs) {
  const [first] = configs;
  if (first === undefined) throw new Error('no package has an entry point');
  const additionalEntryPoints = configs.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath);
  return CompilerState.create(first, { additionalEntryPoints });
}

/**
 * @param {string} etc
 * @param {import('../lib/packages.js').Entry[]} entries
 * @param {boolean} update whether to remove them
 * @returns {string[]} reports of entry points that are gone
 */
function strays(etc, entries, update) {
  const expected = new Set(entries.map(({ subpath }) => reportName(subpath)));
  const present = existsSync(etc) ? readdirSync(etc).filter((name) => name.endsWith('.api.md')) : [];
  const extra = present.filter((name) => !expected.has(name));
  if (!update) return extra;
  for (const name of extra) rmSync(join(etc, name));
  return [];
}
