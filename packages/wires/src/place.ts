/*
 * Where a socket is: an address with a port. Hosts are numbers, never names, so that opening a wire asks nobody.
 */

import { isIPv4, isIPv6 } from 'node:net';

/** An address with a port. */
export interface InternetAddress {
  /** A number of either family. */
  readonly host: string;
  readonly port: number;
}

/**
 * @param text - such as `127.0.0.1:5001` or `[::1]:5001`
 * @returns the address, or `undefined` when it is none
 */
export function parseAddress(text: string): InternetAddress | undefined {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, six, four, digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (six !== undefined) return isIPv6(six) ? { host: six, port } : undefined;
  return four !== undefined && isIPv4(four) ? { host: four, port } : undefined;
}

/**
 * @param text - a path or an address
 * @returns the address; `undefined` for a path, which has no colon or some slash; `bad` for what is neither
 */
export function parseTcpPlace(text: string): InternetAddress | 'bad' | undefined {
  if (text.includes('/') || text.includes('\\') || !text.includes(':')) return undefined;
  return parseAddress(text) ?? 'bad';
}

/**
 * @param place - a path or an address
 * @returns as a person writes it
 */
export function formatPlace(place: string | InternetAddress): string {
  if (typeof place === 'string') return place;
  return place.host.includes(':') ? `[${place.host}]:${String(place.port)}` : `${place.host}:${String(place.port)}`;
}
