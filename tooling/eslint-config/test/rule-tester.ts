// Owns: ESLint's own rule tester, run by vitest on text that stands in a typed project.
// Invariant: a case with types is linted as the file tooling/lint-fixtures/packages/rings/src/text.ts, so they are real.
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

const parser = tseslint.parser;
const typed = new RuleTester({
  languageOptions: { parser, parserOptions: { projectService: true, tsconfigRootDir: workspace } },
});
const untyped = new RuleTester({ languageOptions: { parser } });

/** One case: a text, the file it stands for, and the messages it must get. */
export interface Case {
  readonly filename: string;
  readonly code: string;
  readonly errors?: readonly { readonly messageId: string }[];
}

interface Cases {
  readonly valid: Case[];
  readonly invalid: Case[];
}

function run(tester: RuleTester, name: string, rule: object, cases: Cases): void {
  tester.run(name, rule as Rule.RuleModule, cases as Parameters<typeof tester.run>[2]);
}

/** Runs a rule that asks for types on what must pass and what must fail. */
export function checkTyped(name: string, rule: object, cases: Cases): void {
  run(typed, name, rule, cases);
}

/** Runs a rule that looks at the text alone on what must pass and what must fail. */
export function check(name: string, rule: object, cases: Cases): void {
  run(untyped, name, rule, cases);
}
