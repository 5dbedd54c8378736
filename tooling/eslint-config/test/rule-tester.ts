// Owns: ESLint's own rule tester, run by vitest on text that stands in a typed project.
// Invariant: each case's text is linted as the file tooling/lint-fixtures/packages/rings/src/text.ts, so type information is real.
import { fileURLToPath } from 'node:url';
import { type Rule, RuleTester } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, it } from 'vitest';

RuleTester.describe = describe;
RuleTester.it = it;

/** The fixtures' own small workspace. */
export const workspace = fileURLToPath(new URL('../../lint-fixtures/', import.meta.url));

/** The file as which each case's text is linted. */
export const filename = `${workspace}packages/rings/src/text.ts`;

const tester = new RuleTester({
  languageOptions: {
    parser: tseslint.parser,
    parserOptions: { projectService: true, tsconfigRootDir: workspace },
  },
});

/** One case: a text, the file it stands for, and the messages it must get. */
export interface Case {
  readonly filename: string;
  readonly code: string;
  readonly errors?: readonly { readonly messageId: string }[];
}

/** Runs a rule, its parser knowing types, on what must pass and what must fail. */
export function check(name: string, rule: object, cases: { readonly valid: Case[]; readonly invalid: Case[] }): void {
  tester.run(name, rule as Rule.RuleModule, cases as Parameters<typeof tester.run>[2]);
}
