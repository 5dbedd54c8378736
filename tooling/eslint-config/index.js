// Owns: the lint configuration of the whole workspace.
// Invariant: every rule that is switched off says why.
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';
import { hotFile } from './rules/hot-file.js';
import { layers } from './rules/layers.js';
import { provenIndex } from './rules/proven-index.js';

/** @type {Record<string, object>} */
const rules = { layers, 'hot-file': hotFile, 'proven-index': provenIndex };
const netcx = /** @type {import('eslint').ESLint.Plugin} */ ({ rules });

const documentation = /** @type {import('eslint').Linter.Config} */ (jsdoc.configs['flat/recommended-tsdoc-error']);
const documentationWithTypes = /** @type {import('eslint').Linter.Config} */ (
  jsdoc.configs['flat/recommended-typescript-flavor-error']
);

/** Declarations whose documentation other people read: exported ones and what they expose. */
const exported = [
  'ExportNamedDeclaration > FunctionDeclaration',
  'ExportNamedDeclaration > ClassDeclaration > ClassBody > MethodDefinition[kind="method"]:not([accessibility="private"]):not([key.type="PrivateIdentifier"])',
  'ExportNamedDeclaration > TSInterfaceDeclaration > TSInterfaceBody > TSMethodSignature',
];

/** A class that implements an interface takes its methods' documentation from there. */
const documentedMethod =
  'ClassDeclaration:not([implements.length>0]) > ClassBody > MethodDefinition[kind!="constructor"][override!=true]';

/**
 * @param {object} types where typescript-eslint finds types: its `parserOptions`
 * @returns {import('eslint').Linter.Config[]} the rules for every file of the workspace
 */
export const configure = (types) =>
  defineConfig(
    {
      ignores: ['**/dist/', '**/coverage/', '**/.turbo/', '**/etc/', '**/fixtures/', 'tooling/lint-fixtures/', 'docs/'],
    },
    js.configs.recommended,
    tseslint.configs.strictTypeChecked,
    tseslint.configs.stylisticTypeChecked,
    {
      plugins: { netcx },
      linterOptions: { reportUnusedDisableDirectives: 'error' },
      languageOptions: { parserOptions: types },
      rules: {
        'netcx/layers': 'error',
        'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
        eqeqeq: 'error',
        'no-console': 'error',
        // A number in a message reads as it should; only objects and nullish values do not.
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
        '@typescript-eslint/no-unnecessary-condition': [
          'error',
          { allowConstantLoopConditions: 'only-allowed-literals' },
        ],
        '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
        '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
        // Hot loops count; `for...of` over an array is slower there, and a rule that changes with the file is worse than none.
        '@typescript-eslint/prefer-for-of': 'off',
        // A flag in a field is compared with `true` where that is run for each burst (docs/fast-code.md).
        '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'off',
        // netcx/proven-index takes its place: `view[i]!` is how a typed array is read under noUncheckedIndexedAccess.
        '@typescript-eslint/no-non-null-assertion': 'off',
      },
    },
    {
      files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      rules: { 'netcx/hot-file': 'error', 'netcx/proven-index': 'error' },
    },
    {
      // What others call is documented; tests, benchmarks and scripts are only read.
      files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      extends: [documentation],
      rules: {
        'jsdoc/tag-lines': ['error', 'any', { startLines: null }],
        'jsdoc/check-tag-names': [
          'error',
          {
            typed: false,
            definedTags: ['hot', 'remarks', 'packageDocumentation', 'typeParam', 'defaultValue', 'alpha', 'beta'],
          },
        ],
        'jsdoc/require-jsdoc': [
          'error',
          {
            publicOnly: true,
            require: { FunctionDeclaration: true, ClassDeclaration: true },
            contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration', documentedMethod],
            checkConstructors: false,
          },
        ],
        'jsdoc/require-param': ['error', { contexts: exported, checkDestructured: false }],
        'jsdoc/require-returns': ['error', { contexts: exported }],
      },
    },
    {
      // A syntax tree's node types are told apart by their names, as ESLint's own documentation does.
      files: ['tooling/eslint-config/**'],
      rules: { '@typescript-eslint/no-unsafe-enum-comparison': 'off' },
    },
    {
      // Programs talk to a terminal.
      files: ['**/bench/**', '**/soak/**', '**/examples/**', '**/scripts/**', 'tooling/**', 'apps/*/src/main.ts'],
      rules: { 'no-console': 'off' },
    },
    {
      // Plain JavaScript states its types in JSDoc.
      files: ['**/*.{js,mjs}'],
      extends: [documentationWithTypes],
      rules: {
        // TypeScript checks names here too.
        'no-undef': 'off',
        // A cast in JSDoc is invisible to these two, so `JSON.parse` could not be given a type at all.
        '@typescript-eslint/no-unsafe-assignment': 'off',
        '@typescript-eslint/no-unsafe-return': 'off',
        'jsdoc/tag-lines': ['error', 'any', { startLines: null }],
        'jsdoc/require-jsdoc': 'off',
        'jsdoc/require-param': 'off',
        'jsdoc/require-returns': 'off',
        'jsdoc/require-property-description': 'off',
        'jsdoc/require-param-description': 'off',
        'jsdoc/require-returns-description': 'off',
      },
    },
    {
      // A benchmark may be plain JavaScript without types, run exactly as it is read.
      files: ['packages/*/bench/**/*.{js,mjs}', 'apps/*/bench/**/*.{js,mjs}'],
      extends: [tseslint.configs.disableTypeChecked],
      languageOptions: { parserOptions: { programs: null } },
      rules: { 'jsdoc/require-param-type': 'off', 'jsdoc/require-returns-type': 'off' },
    },
  );

export default configure({ projectService: true });
