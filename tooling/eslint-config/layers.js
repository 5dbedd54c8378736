// Owns: the layer rule alone, without type information, so that the layer check takes a second.
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import config from './index.js';

const plugins = config.find((part) => part.plugins?.['netcx'] !== undefined)?.plugins ?? {};

export default defineConfig(
  { ignores: ['**/dist/', '**/fixtures/'] },
  {
    files: ['**/*.{ts,js,mjs}'],
    plugins,
    languageOptions: { parser: tseslint.parser },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    rules: { 'netcx/layers': 'error' },
  },
);
