// Owns: running a program out of an unpacked Debian root, with that root's own loader and libraries.
// Invariant: nothing of this machine's libraries is loaded, so an older or newer system makes no difference.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const libraries = 'usr/lib/x86_64-linux-gnu';

/**
 * @param {string} root
 * @param {string} program its path inside the root
 * @returns {string[]} the words that run it
 */
export function programIn(root, program) {
  const loader = join(root, libraries, 'ld-linux-x86-64.so.2');
  return [loader, '--library-path', join(root, libraries), join(root, program)];
}

/**
 * Writes a script that runs QEMU out of `root` beside it. The folder may be moved afterwards.
 * @param {string} folder holds `root`; receives `qemu-system-x86_64`
 */
export function writeQemuScript(folder) {
  const lines = [
    '#!/bin/sh',
    'root=$(dirname "$(readlink -f "$0")")/root',
    `export QEMU_MODULE_DIR="$root/${libraries}/qemu"`,
    `exec "$root/${libraries}/ld-linux-x86-64.so.2" --library-path "$root/${libraries}" \\`,
    '  "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" -L "$root/usr/share/seabios" "$@"',
    '',
  ];
  writeFileSync(join(folder, 'qemu-system-x86_64'), lines.join('\n'), { mode: 0o755 });
}
