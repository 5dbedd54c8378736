// Owns: what `netcx tap --json` tells a program, and what is left behind when Ctrl-C ends it.
import { check } from './checks.js';
import { netcx } from './lab.js';
import { Namespace, Program } from './namespaces.js';

/** @typedef {{ event: string, interface?: string, exitCode?: number, counters?: Record<string, number> }} Event */

/** @param {string} line */
const parse = (line) => /** @type {Event} */ (JSON.parse(line));

/** Two interfaces come up and go again, and each line is an event. */
export async function tellEvents() {
  console.log('\nevents as JSON');
  const [left, right] = [new Namespace('netcx-left'), new Namespace('netcx-right')];
  try {
    await check('ready, ready, and a summary when Ctrl-C ends it', async () => {
      const places = [`left@${left.name}`, `right@${right.name}`];
      const program = new Program(process.execPath, [...netcx, 'tap', ...places, '--json']);
      await program.says('"interface":"right"', 120);
      const { code, output } = await program.end(120, 'SIGINT');
      const events = output.trimEnd().split('\n').map(parse);
      const names = events.map(({ event, interface: name }) => (name === undefined ? event : `${event} ${name}`));
      if (code !== 0 || names.join(', ') !== 'ready left, ready right, summary') throw new Error(`${code}: ${output}`);
      const { exitCode, counters = {} } = events.at(-1) ?? {};
      if (exitCode !== 0 || counters['left.missed'] !== 0 || !('right.fromLinux' in counters)) throw new Error(output);
      return undefined;
    });
    await check('no interface is left', () => {
      const links = [left, right].flatMap((place) => place.ip('-o', 'link').trimEnd().split('\n'));
      if (links.length !== 2) throw new Error(links.join('\n'));
      return undefined;
    });
  } finally {
    left.remove();
    right.remove();
  }
}
