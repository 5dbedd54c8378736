/*
 * Owns: how a TAP is named on the command line: NAME, or NAME@NAMESPACE.
 * Invariant: a namespace's name becomes the path that `ip netns` gives it; a path stays what it is.
 */

/** Where a TAP is made. */
export interface TapPlace {
  readonly name: string;
  /** Path of its network namespace; `undefined` = this process's own. */
  readonly namespace: string | undefined;
}

/**
 * @param text - what was typed
 * @returns the name, and the path of the namespace
 */
export function parseTapPlace(text: string): TapPlace {
  const at = text.indexOf('@');
  if (at < 0) return { name: text, namespace: undefined };
  const place = text.slice(at + 1);
  return { name: text.slice(0, at), namespace: place.includes('/') ? place : `/run/netns/${place}` };
}
