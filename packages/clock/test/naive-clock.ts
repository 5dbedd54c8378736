/* The simplest clock that keeps the rules: a list that is sorted before each alarm. What the real one is compared with. */

interface Entry {
  readonly id: number;
  readonly time: number;
  readonly order: number;
}

export class NaiveClock {
  time = 0;
  #order = 0;
  #entries: Entry[] = [];
  readonly #fire: (id: number) => void;

  constructor(fire: (id: number) => void) {
    this.#fire = fire;
  }

  get pending(): number {
    return this.#entries.length;
  }

  isPending(id: number): boolean {
    return this.#entries.some((entry) => entry.id === id);
  }

  soon(id: number): void {
    if (this.#entries.some((entry) => entry.id === id && entry.time <= this.time)) return;
    this.at(id, this.time);
  }

  after(id: number, delay: number): void {
    this.at(id, this.time + delay);
  }

  at(id: number, time: number): void {
    this.cancel(id);
    this.#entries.push({ id, time: Math.max(time, this.time), order: this.#order++ });
  }

  cancel(id: number): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  step(until = Infinity): boolean {
    const [next] = this.#entries.sort((one, other) => one.time - other.time || one.order - other.order);
    if (next === undefined || next.time > until) return false;
    this.#entries.shift();
    this.time = next.time;
    this.#fire(next.id);
    return true;
  }

  run(until = Infinity, most = Infinity): number {
    let count = 0;
    while (count < most && this.step(until)) count++;
    return count;
  }

  advance(duration: number): number {
    const until = this.time + duration;
    const count = this.run(until);
    this.time = until;
    return count;
  }
}
