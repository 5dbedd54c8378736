/*
 * Owns: how a TAP is named on the command line: NAME, or NAME@NAMESPACE, and the station address that follows from it.
 * Invariant: a namespace's name becomes the path that `ip netns` gives it; a path stays what it is. The same text gives the
 * same address, so that two programs with a wire between them differ, and neighbours still know each other after a restart.
 */

/** Where a TAP is made. */
export interface TapPlace {
  readonly name: string;
  /** Path of its network namespace; `undefined` = this process's own. */
  readonly namespace: string | undefined;
  /** Station address of the interface and of its NIC, since a bridge of two is transparent: locally administered. */
  readonly macAddress: Uint8Array;
}

/**
 * @param text - what was typed
 * @returns the name, and the path of the namespace
 */
export function parseTapPlace(text: string): TapPlace {
  const at = text.indexOf('@');
  const macAddress = addressFor(text);
  if (at < 0) return { name: text, namespace: undefined, macAddress };
  const place = text.slice(at + 1);
  return { name: text.slice(0, at), namespace: place.includes('/') ? place : `/run/netns/${place}`, macAddress };
}

/** 02:82:57 and 24 bits of the text's FNV-1a hash (RFC 9923). */
function addressFor(text: string): Uint8Array {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return Uint8Array.of(0x02, 0x82, 0x57, hash >>> 16, hash >>> 8, hash);
}
