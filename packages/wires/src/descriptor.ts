/*
 * The file descriptor of one of Node's sockets, for a loop that waits for input by itself. Node does not document where
 * it is, so it is looked for, and when it is not there the answer is none.
 */

/**
 * @param socket - a socket or server of `node:net` or `node:dgram`
 * @returns its descriptor, alone in a list; the empty list when it is closed or the host has no such thing
 */
export function descriptorOf(socket: object | undefined): readonly number[] {
  if (socket === undefined) return [];
  // `node:dgram` keeps its handle behind a symbol, and offers it under the old name with a warning.
  const state = Object.getOwnPropertySymbols(socket).find((symbol) => symbol.description === 'state symbol');
  const holder = state === undefined ? socket : (Reflect.get(socket, state) as unknown);
  const handle = read(holder, state === undefined ? '_handle' : 'handle');
  const descriptor = read(handle, 'fd');
  return typeof descriptor === 'number' && descriptor >= 0 ? [descriptor] : [];
}

const read = (object: unknown, name: string): unknown =>
  typeof object === 'object' && object !== null ? (Reflect.get(object, name) as unknown) : undefined;
