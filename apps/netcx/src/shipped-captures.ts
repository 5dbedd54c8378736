/*
 * Owns: where the captures lie that come with this program.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../captures', import.meta.url));

/**
 * @returns the paths of all shipped captures, in the order of their names
 */
export function shippedCaptures(): string[] {
  const names = readdirSync(folder).filter((name) => /\.pcap(?:ng)?$/.test(name));
  return names.sort().map((name) => join(folder, name));
}
