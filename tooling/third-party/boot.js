#!/usr/bin/env node
// Boots a Linux guest and runs scripts in it, for a person who looks into something: NICs that a server offers, or QEMU's own.
// Invariant: it ends with the first script that fails, and the machine ends with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { initramfs } from './fetch/initramfs.js';
import { fetchThirdParty, kernels } from './fetch/parts.js';
import { Guest } from './rig/guest.js';
import { qemuPair, servedNics } from './rig/nics.js';

const help = `Usage: boot.js [options] SCRIPT...

Boots Linux in QEMU and runs each script (busybox's shell) in it.

  --kernel SERIES     ${Object.keys(kernels).join(' or ')} (default 6.12)
  --socket PATH       a NIC that is served over vfio-user; may be repeated
  --qemu-igb          two of QEMU's own NICs, back to back
  --processors N      (default 1)
  --append WORDS      added to the kernel's command line, for example pci=nomsi
  --seconds N         that each script may take (default 60)
  --logs FOLDER       keeps guest.console (the kernel's words) and guest.agent there
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kernel: { type: 'string', default: '6.12' },
    socket: { type: 'string', multiple: true, default: [] },
    'qemu-igb': { type: 'boolean' },
    processors: { type: 'string', default: '1' },
    append: { type: 'string', default: '' },
    seconds: { type: 'string', default: '60' },
    logs: { type: 'string' },
    help: { type: 'boolean' },
  },
});

async function main() {
  const series = /** @type {import('./fetch/parts.js').Series} */ (values.kernel);
  if (values.help || positionals.length === 0 || !Object.hasOwn(kernels, series)) {
    console.log(help);
    return values.help ? 0 : 2;
  }
  const folder = mkdtempSync(join(tmpdir(), 'netcx-boot-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const thirdParty = await fetchThirdParty((line) => console.error(line));
  const archive = join(folder, 'initramfs.cpio');
  writeFileSync(archive, await initramfs(thirdParty, series));
  const begin = performance.now();
  const passed = () => `${((performance.now() - begin) / 1000).toFixed(1)} s`;
  const guest = await Guest.boot({
    ...{ thirdParty, series, initramfs: archive, append: values.append, processors: Number(values.processors) },
    devices: values['qemu-igb'] ? qemuPair(folder) : servedNics(values.socket),
    log: join(values.logs ?? folder, 'guest'),
  });
  console.error(`booted after ${passed()}`);
  try {
    for (const script of positionals) {
      const { code, output } = await guest.attempt(script, Number(values.seconds));
      console.log(output);
      console.error(`[${code}] after ${passed()}`);
      if (code !== 0) return 1;
    }
    return 0;
  } finally {
    await guest.stop();
  }
}

process.exitCode = await main();
