/*
 * Two workers, one ring: the memory and an offset are all that the second one is handed.
 */

import { execFile } from 'node:child_process';
import { execPath } from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('carries elements from one worker to the other and back, in order', async () => {
  const program = fileURLToPath(new URL('./programs/producer.ts', import.meta.url));
  const options = ['--import', 'tsx', '--conditions=@netcx/source', program];
  const { stdout } = await promisify(execFile)(execPath, options, {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
  });
  expect(JSON.parse(stdout)).toEqual({
    reaped: 20_000,
    wrong: 0,
    most: 15,
    inOrder: 20_000,
    fragments: 'tx 0 fragments: 64 x 8 B, processed 0 begin 0 next 0 end 0',
  });
}, 60_000);
