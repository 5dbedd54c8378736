/*
 * Owns: which netcx this is.
 */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

/** The version of this program. */
export const version: string = manifest.version;

/** How this program signs the captures that it writes; also how it knows one that it may replace. */
export const signature = 'netcx';
