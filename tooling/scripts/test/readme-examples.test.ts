// READMEs' examples: found where they stand, run, and held to what they say that they print.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { exampleOf, runReadmeExamples } from '../check/readme-examples.js';

let folder = '';
afterEach(() => {
  if (folder !== '') rmSync(folder, { recursive: true });
  folder = '';
});

/** A package whose README has this example, and what is wrong with it. */
async function judge(code: string): Promise<string[]> {
  folder = mkdtempSync(join(tmpdir(), 'netcx-readme-'));
  const path = join(folder, 'package');
  mkdirSync(path);
  writeFileSync(
    join(path, 'README.md'),
    `# a\n\n\`\`\`sh\nnpm install a\n\`\`\`\n\n## Example\n\n\`\`\`ts\n${code}\`\`\`\n\n## More\n`,
  );
  const manifest = { name: '@netcx/a', version: '1.0.0' };
  return runReadmeExamples([{ path, manifest } as Parameters<typeof runReadmeExamples>[0][number]], folder);
}

it('takes the first program of the section Example', () => {
  const readme =
    '# a\n```ts\nno\n```\n## Example\ntext\n```sh\nno\n```\n```ts\nyes;\n```\n```ts\nno\n```\n## Later\n```ts\nno\n```\n';
  expect(exampleOf(readme)).toBe('yes;\n');
  expect(exampleOf('# a\n## Example\nnothing\n## Later\n```ts\nno\n```\n')).toBeUndefined();
  expect(exampleOf('# a\n')).toBeUndefined();
});

it('passes what runs and prints what it says', async () => {
  expect(await judge('const n: number = 6;\nconsole.log(n * 7); // 42\n')).toEqual([]);
});

it('names what prints something else', async () => {
  expect(await judge('console.log(6 * 9); // 42\n')).toEqual([expect.stringContaining("does not print '42'")]);
});

it('names what fails', async () => {
  expect(await judge("import 'netcx-that-is-not-there';\n")).toEqual([expect.stringContaining('ERR_MODULE_NOT_FOUND')]);
});
