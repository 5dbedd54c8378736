/*
 * The pages of the rules: one for each rule and none beside, each with what its rule is called and numbered, an example of the
 * mistake where it can be made, and links that lead somewhere.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/index.ts';

const folder = new URL('../../../../docs/verifier/', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8');
/** The same with each paragraph in one line. */
const flowing = (text: string): string => text.replaceAll(/(?<=\S)\n(?=\S)/g, ' ');
const files = readdirSync(folder).filter((file) => file !== 'README.md');
const fileOf = (page: string): string => page.replace('docs/verifier/', '');

describe('the pages of the verifier', () => {
  it('are one for each rule', () => {
    expect(files.toSorted()).toEqual(RULES.map(({ page }) => fileOf(page)).toSorted());
  });

  it.each(RULES)('say what $name means, what is done wrong, and where it is checked', (rule) => {
    const text = read(fileOf(rule.page));
    const number = `0x${rule.number.toString(16).toUpperCase().padStart(2, '0')}`;
    expect(flowing(text).startsWith(`# ${number} ${rule.name}\n\n\`${rule.code}\`: `)).toBe(true);
    expect(flowing(text)).toContain(rule.meaning);
    expect(flowing(text)).toContain(rule.here);
    expect(text).toContain('## Where it is checked');
    if (rule.standing === 'checked') expect(text).toMatch(/## The mistake\n\n```ts\n[^]+## The fix\n\n/);
    if (rule.standing === 'notApplicable') expect(text).toContain('## Here');
  });

  it('are all in the index, and every link leads to a page', () => {
    for (const file of ['README.md', ...files]) {
      const links = [...read(file).matchAll(/\]\((?<to>[^)]+)\)/g)].map((match) => match.groups?.['to'] ?? '');
      expect(links.filter((link) => !files.includes(link))).toEqual([]);
      if (file === 'README.md') expect(links.toSorted()).toEqual(files.toSorted());
    }
  });
});
