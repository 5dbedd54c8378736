// Owns: the quiet build: turbo compiles what changed, and speaks only when something fails.
import { CommandError, capture } from './process.js';

/** Compiles every package; throws with the compiler's own messages. */
export async function buildQuietly() {
  const { code, output } = await capture('turbo', ['run', 'build', '--output-logs=errors-only', '--log-order=grouped']);
  if (code !== 0) throw new CommandError(`The build failed.\n${output}`);
}
