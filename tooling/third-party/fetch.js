#!/usr/bin/env node
// Fetches QEMU, kernels, the guests' programs and iPXE into the cache, and says where they are.
// Ends with 77 when a download failed after retries.
import { DownloadError } from './fetch/apt.js';
import { fetchThirdParty } from './fetch/parts.js';

try {
  const thirdParty = await fetchThirdParty((line) => console.log(line));
  for (const [name, packages] of thirdParty.origins()) {
    const shown = packages.filter((origin) =>
      /^(qemu-system-x86|linux-image|ipxe|ethtool|iperf3|busybox)/.test(origin),
    );
    console.log(`${name}: ${shown.join(', ')}`);
  }
  console.log(`in ${thirdParty.cache}`);
} catch (error) {
  if (!(error instanceof DownloadError)) throw error;
  console.log(`SKIPPED: ${error.message.split('\n')[0] ?? ''}`);
  console.error(error.message);
  process.exitCode = 77;
}
