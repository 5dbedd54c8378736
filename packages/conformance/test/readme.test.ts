/* The README shows what this package's own tests run. */

import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const read = (name: string): Promise<string> => readFile(new URL(name, import.meta.url), 'utf8');

it.each(['driver-suite.test.ts', 'nic-suite.test.ts'])('shows the whole of %s', async (name) => {
  const [, code = ''] = (await read(name)).split(' */\n\n');
  const published = code
    .replace("'../src/index.ts'", "'@netcx/conformance'")
    .replace("'../src/vitest.ts'", "'@netcx/conformance/vitest'");
  expect(await read('../README.md')).toContain(`\`\`\`ts\n${published}\`\`\``);
});
