/* Everything that can be wrong with what `netcx tap` is given: one clear line, exit code 2, and no interface made. */

import { describe, expect, it } from 'vitest';
import { netcx } from './cli.ts';

async function expectRefusal(args: readonly string[], message: RegExp): Promise<void> {
  const { code, out, err } = await netcx(['tap', ...args]);
  expect(err).toMatch(message);
  expect(out).toBe('');
  expect(code).toBe(2);
}

describe('netcx tap', () => {
  it('takes one or two interfaces', async () => {
    await expectRefusal([], /missing required argument 'name'/);
    await expectRefusal(['a', 'b', 'c'], /^error: expected one or two interfaces, got 3$/m);
  });

  it('needs a wire with as many ends', async () => {
    await expectRefusal(['a'], /^error: one interface needs a --wire; two are plugged into each other$/m);
    await expectRefusal(['a', '--wire', 'pair'], /^error: the wire pair takes 2 NICs, and 1 interfaces were named$/m);
    await expectRefusal(['a', 'b', '--wire', 'loopback'], /^error: the wire loopback takes 1 NICs, and 2 /m);
  });

  it('names what is wrong with a wire, an impairment, an MTU', async () => {
    await expectRefusal(['a', '--wire', 'string'], /^error: .*string/m);
    await expectRefusal(['a', 'b', '--impair', 'loss=200%'], /^error: .*200%/m);
    await expectRefusal(['a', 'b', '--mtu', '67'], /Expected a whole number from 68 to 9706/);
  });

  it('tells programs of it as well', async () => {
    const { code, out, err } = await netcx(['tap', 'a', '--json']);
    const message = 'one interface needs a --wire; two are plugged into each other';
    expect(JSON.parse(out)).toMatchObject({ event: 'error', exitCode: 2, message });
    expect([code, err]).toEqual([2, `error: ${message}\n`]);
  });

  it.runIf(process.platform === 'linux')('takes everything down again when an interface cannot be made', async () => {
    await expectRefusal(
      ['a@there-is-no-such-namespace', 'b'],
      /^error: open \/run\/netns\/there-is-no-such-namespace: ENOENT: there is no such network namespace; "ip netns add" makes one$/m,
    );
    await expectRefusal(['a-name-that-is-too-long', 'b'], /^error: a TAP cannot be called "a-name-that-is-too-long"/m);
  });
});
