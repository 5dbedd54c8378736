// Owns: which files of this repository are linted. The rules themselves live in tooling/eslint-config.
export { default } from '@tooling/eslint-config';
