// Owns: the layer rule. Driver side and device side never import each other; what both share imports neither.
// Invariant: a side is a matter of where a file lies, so a new extension, NIC or driver is covered by its folder's name.
import { dirname, resolve, sep } from 'node:path';
import { ESLintUtils } from '@typescript-eslint/utils';
import { workspaceRoot } from './workspace-root.js';

/** @typedef {'driver' | 'device' | 'shared' | 'open'} Side */

const shared = new Set(['layout', 'clock', 'dma', 'bus']);
const driver = new Set(['rings', 'extensions', 'buffers', 'adapter']);
const device = new Set(['hardware']);

/**
 * @param {string} folder a package's folder below the workspace root, such as `packages/rings`
 * @returns {Side} `open` for packages that may see both sides
 */
export function sideOf(folder) {
  const [top, name = ''] = folder.split('/');
  if (top === 'apps') return name.endsWith('-driver') ? 'driver' : 'open';
  if (shared.has(name)) return 'shared';
  if (driver.has(name)) return 'driver';
  return device.has(name) || name.startsWith('nic-') ? 'device' : 'open';
}

/**
 * @param {string} file absolute path of a source file
 * @returns {{ folder: string, inside: string } | undefined} its package's folder and its path in there; nothing outside packages and apps
 */
function locate(file) {
  const root = workspaceRoot(file);
  if (root === undefined) return undefined;
  const [top, name, ...inside] = file.slice(root.length + 1).split(sep);
  if ((top !== 'packages' && top !== 'apps') || name === undefined) return undefined;
  return { folder: `${top}/${name}`, inside: inside.join('/') };
}

/**
 * @param {string} specifier what an import names
 * @param {string} file the file that imports it
 * @returns {{ folder: string, subpath: string } | undefined} the workspace package it reaches
 */
function target(specifier, file) {
  if (specifier.startsWith('.')) {
    const found = locate(resolve(dirname(file), specifier));
    return found && { folder: found.folder, subpath: '' };
  }
  const [, name, subpath = ''] = /^@netcx\/([^/]+)(?:\/(.*))?$/.exec(specifier) ?? [];
  if (name === undefined) return undefined;
  return { folder: name.endsWith('-driver') ? `apps/${name}` : `packages/${name}`, subpath };
}

export const layers = ESLintUtils.RuleCreator.withoutDocs({
  meta: {
    type: 'problem',
    docs: { description: 'keep driver side and device side apart' },
    schema: [],
    messages: {
      driver:
        '{{folder}} is driver side and must not import {{specifier}}, which is device side: a driver reaches a device through @netcx/bus and @netcx/dma only.',
      device: '{{folder}} is device side and must not import {{specifier}}, which is driver side.',
      shared: '{{folder}} is shared by both sides and must not import {{specifier}}, which is {{side}} side.',
      registers:
        'A register table is shared by both sides and imports only @netcx/layout and its own neighbours, not {{specifier}}.',
    },
  },
  create(context) {
    const here = locate(context.filename);
    if (here === undefined) return {};
    const { folder, inside } = here;
    const side = sideOf(folder);
    const isApp = folder.startsWith('apps/');
    // The one file of an app that builds the whole machine, and what only exercises it.
    if (isApp && (inside === 'src/machine.ts' || !inside.startsWith('src/'))) return {};
    const isRegisterTable = folder.startsWith('packages/nic-') && inside.startsWith('src/registers/');
    const registers = `${folder}/src/registers`;

    /** @param {import('@typescript-eslint/utils').TSESTree.Node | null} source */
    function check(source) {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const specifier = source.value;
      if (isRegisterTable) {
        const neighbour =
          specifier.startsWith('.') &&
          resolve(dirname(context.filename), specifier).split(sep).join('/').includes(`/${registers}/`);
        if (!neighbour && specifier !== '@netcx/layout') {
          context.report({ node: source, messageId: 'registers', data: { specifier } });
        }
        return;
      }
      const reached = target(specifier, context.filename);
      if (reached === undefined || reached.folder === folder) return;
      const other = sideOf(reached.folder);
      if (other === side || (other !== 'driver' && other !== 'device')) return;
      if (reached.folder.startsWith('packages/nic-') && reached.subpath === 'registers') return;
      if (side !== 'open') context.report({ node: source, messageId: side, data: { folder, specifier, side: other } });
    }

    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source),
    };
  },
});
