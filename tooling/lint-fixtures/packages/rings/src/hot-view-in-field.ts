// Must fail: views in a field, a parameter and a closure, and an object per packet. @hot

/** Holds what it should not. */
export class Queue {
  readonly #view: Int32Array;

  constructor(view: Int32Array) {
    this.#view = view;
  }

  drain(count: number): { at: number }[] {
    const seen: { at: number }[] = [];
    for (let at = 0; at < count; at++) seen.push({ at: this.#view[at]! });
    return seen;
  }
}

export function reader(): (at: number) => number {
  const caught = new Int32Array(8);
  return (at) => caught[at]!;
}
