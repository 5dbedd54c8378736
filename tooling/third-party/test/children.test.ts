// Processes that the rig starts: what they say is found, and they end.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Child } from '../rig/children.js';

const folder = mkdtempSync(join(tmpdir(), 'netcx-children-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
let logs = 0;
const start = (script: string): Child =>
  new Child('the child', ['sh', '-c', script], { log: join(folder, `${++logs}`) });

describe.runIf(process.platform !== 'win32')('a child', () => {
  it('is heard line by line, however its words are cut', async () => {
    const child = start('printf "rea"; sleep 0.1; printf "dy\\nmore\\n"; read -r line; echo "got $line"');
    const { before } = await child.expect(/\n/, 10);
    expect(before).toBe('ready');
    await child.expect(/more\n/, 10);
    child.send('an answer');
    await child.expect(/got an answer\n/, 10);
    expect(await child.exited(10)).toBe(true);
    expect(child.ended).toBe('ended with 0');
  });

  it('that says nothing, or ends first, is an error that says so', async () => {
    const silent = start('echo something else; sleep 60');
    await silent.expect(/something/, 10);
    await expect(silent.expect(/never/, 0.1)).rejects.toThrow(
      /expected \/never\/, got: nothing like it within 0.1 s\nelse/,
    );
    await silent.stop(1);
    const ended = start('echo last words; exit 3');
    await expect(ended.expect(/never/, 10)).rejects.toThrow('got: ended with 3\nlast words');
  });

  it('is asked to end, then made to end', async () => {
    const willing = start('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.1; done');
    await willing.expect(/up\n/, 10);
    expect(await willing.stop()).toBe('ended with 0');
    expect(willing.output).toContain('bye');
    const deaf = start('trap "" TERM; echo up; while :; do sleep 0.1; done');
    await deaf.expect(/up\n/, 10);
    expect(await deaf.stop(0.2)).toBe('killed by SIGKILL');
  });

  it('that is no program is an error, and its log holds what others said', async () => {
    const missing = new Child('nothing', ['/nonexistent/program'], { log: join(folder, 'none') });
    await expect(missing.expect(/x/, 10)).rejects.toThrow('ENOENT');
    const child = start('echo one; echo two >&2');
    await child.exited(10);
    await expect
      .poll(() =>
        readFileSync(join(folder, `${logs}`), 'utf8')
          .split('\n')
          .sort(),
      )
      .toEqual(['', 'one', 'two']);
  });
});
