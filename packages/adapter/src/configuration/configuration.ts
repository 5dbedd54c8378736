/*
 * The keywords of an adapter or a device: NETCONFIGURATION in our names (reference netadaptercx §5.1). A tree of values, read
 * from a plain object or from JSON, queried and assigned by declarations that say what each may be. What came from outside is
 * checked for its shape when it comes in, and for its range when it is read.
 */

import { AdapterError } from '../adapter-error.ts';
import { hexOf, KeywordError, type Keyword, type KeywordValue } from './keyword.ts';

/** Keywords with their values; an object is a sub-configuration. */
export interface ConfigurationTree {
  readonly [name: string]: KeywordValue | ConfigurationTree;
}

type Entry = { readonly name: string; readonly value: KeywordValue } | { readonly name: string; readonly sub: Store };

/** By name in lower case. */
type Store = Map<string, Entry>;

/** The deepest sub-configuration: enough for any driver, too little for a file to exhaust the stack. */
const DEEPEST = 8;
const LONGEST_NAME = 255;
const ALLOWED = 'a number, text, lines of text, bytes, or an object';

/** An open configuration. */
export class Configuration {
  /** For messages: whose it is, and which sub-configuration. */
  readonly name: string;
  #store: Store;
  readonly #read = new Set<string>();
  readonly #opened: Configuration[] = [];
  #open = true;

  /**
   * @param name - for messages
   * @param tree - keywords and values; a copy is kept
   * @throws AdapterError `CONFIGURATION_INVALID`, naming what no configuration can hold
   * @example
   * ```ts
   * const configuration = new Configuration('nic 0', { '*JumboPacket': 9014, Diagnostics: { Level: 2 } });
   * configuration.query(StandardKeywords['*JumboPacket']); // 9014
   * ```
   */
  constructor(name: string, tree: ConfigurationTree = {}) {
    this.name = name;
    this.#store = storeOf(name, tree, 0);
  }

  /**
   * @param name - for messages
   * @param text - JSON: an object of numbers, strings, arrays of strings and objects; bytes stand as hexadecimal digits
   * @returns the configuration
   * @throws AdapterError `CONFIGURATION_INVALID` for text that is no JSON, or says what no configuration can hold
   */
  static parse(name: string, text: string): Configuration {
    let tree: unknown;
    try {
      tree = JSON.parse(text);
    } catch (error) {
      throw new AdapterError('CONFIGURATION_INVALID', `${name}: ${String(error)}; expected JSON`);
    }
    if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
      throw new AdapterError('CONFIGURATION_INVALID', `${name}: ${shown(tree, JSON.stringify)}; expected an object`);
    return new Configuration(name, tree as ConfigurationTree);
  }

  static #over(name: string, store: Store): Configuration {
    const configuration = new Configuration(name);
    configuration.#store = store;
    return configuration;
  }

  /**
   * @param keyword - a declaration
   * @returns the value that stands there, else the default; bytes and lists are the caller's to keep
   * @throws KeywordError `KEYWORD_INVALID`, naming keyword, range and found; AdapterError `KEYWORD_MISSING` when nothing stands there
   * and there is no default; `CONFIGURATION_CLOSED`
   */
  query<T extends KeywordValue>(keyword: Keyword<T>): T {
    const entry = this.#entry(keyword.name);
    if (entry === undefined) {
      // Read as if it stood there, so that the caller's copy is its own.
      const value = keyword.default === undefined ? undefined : keyword.read(keyword.default);
      if (value !== undefined) return value;
      throw new AdapterError(
        'KEYWORD_MISSING',
        `${this.name}: ${keyword.name} is missing and has no default; expected ${keyword.range}`,
      );
    }
    const found = 'value' in entry ? entry.value : 'a sub-configuration';
    const value = 'value' in entry ? keyword.read(entry.value) : undefined;
    if (value === undefined) throw new KeywordError(this.name, keyword, found);
    return value;
  }

  /**
   * @param keyword - a declaration
   * @param value - what shall stand there; a copy is kept
   * @throws KeywordError `KEYWORD_INVALID`; AdapterError `CONFIGURATION_CLOSED`; nothing changes
   */
  assign<T extends KeywordValue>(keyword: Keyword<T>, value: T): void {
    this.#requireOpen();
    const checked = keyword.read(value);
    if (checked === undefined) throw new KeywordError(this.name, keyword, value);
    this.#store.set(keyword.name.toLowerCase(), { name: keyword.name, value: checked });
  }

  /**
   * @param keyword - a declaration, or its name
   * @returns whether something stands there
   * @throws AdapterError `CONFIGURATION_CLOSED`
   */
  has(keyword: Keyword | string): boolean {
    return this.#entry(typeof keyword === 'string' ? keyword : keyword.name) !== undefined;
  }

  /**
   * @param name - of a sub-configuration
   * @returns it, open; what is assigned there stays there
   * @throws AdapterError `CONFIGURATION_MISSING` or `CONFIGURATION_CLOSED`
   */
  openSubConfiguration(name: string): Configuration {
    const entry = this.#entry(name);
    if (entry === undefined || !('sub' in entry))
      throw new AdapterError(
        'CONFIGURATION_MISSING',
        `${this.name}: ${name} is ${entry === undefined ? 'missing' : 'a value'}; expected a sub-configuration`,
      );
    const opened = Configuration.#over(`${this.name}/${entry.name}`, entry.sub);
    this.#opened.push(opened);
    return opened;
  }

  /** Closes it, and what was opened from it. Nothing the second time. */
  close(): void {
    this.#open = false;
    for (const opened of this.#opened) opened.close();
  }

  /** Names of what stands there and was never asked for: what a person mistyped, as a rule. */
  get unread(): readonly string[] {
    return [...this.#store].filter(([key]) => !this.#read.has(key)).map(([, { name }]) => name);
  }

  /** @returns everything that stands there, as `parse` reads it */
  toJSON(): Record<string, unknown> {
    return treeOf(this.#store);
  }

  #entry(name: string): Entry | undefined {
    this.#requireOpen();
    const key = name.toLowerCase();
    this.#read.add(key);
    return this.#store.get(key);
  }

  #requireOpen(): void {
    if (!this.#open) throw new AdapterError('CONFIGURATION_CLOSED', `${this.name} was closed; expected an open one`);
  }
}

function storeOf(name: string, tree: ConfigurationTree, depth: number): Store {
  const invalid = (what: string): AdapterError => new AdapterError('CONFIGURATION_INVALID', `${name}: ${what}`);
  if (depth > DEEPEST) throw invalid(`more than ${String(DEEPEST)} sub-configurations in each other`);
  const store: Store = new Map();
  for (const [keyword, value] of Object.entries(tree)) {
    const key = keyword.toLowerCase();
    if (keyword === '' || keyword.length > LONGEST_NAME)
      throw invalid(`a name of ${String(keyword.length)} characters; expected 1 to ${String(LONGEST_NAME)}`);
    if (store.has(key)) throw invalid(`${keyword} stands there twice; names differ in more than case`);
    if ((value as unknown) === null) throw invalid(`${keyword} is null; expected ${ALLOWED}`);
    if (isTree(value)) store.set(key, { name: keyword, sub: storeOf(`${name}/${keyword}`, value, depth + 1) });
    else if (isValue(value)) store.set(key, { name: keyword, value: copyOf(value) });
    else throw invalid(`${keyword} is ${shown(value, String)}; expected ${ALLOWED}`);
  }
  return store;
}

/** A value in words. What lies too deep, or has a `toString` that is no function, has none. */
function shown(value: unknown, words: (value: unknown) => string): string {
  try {
    return words(value);
  } catch {
    return 'what cannot be shown';
  }
}

const isTree = (value: KeywordValue | ConfigurationTree): value is ConfigurationTree =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array);

const isValue = (value: unknown): value is KeywordValue =>
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isFinite(value)) ||
  value instanceof Uint8Array ||
  (Array.isArray(value) && value.every((line) => typeof line === 'string'));

const copyOf = (value: KeywordValue): KeywordValue =>
  value instanceof Uint8Array ? value.slice() : typeof value === 'object' ? [...value] : value;

function treeOf(store: Store): Record<string, unknown> {
  const entries = [...store.values()].map((entry) => {
    if ('sub' in entry) return [entry.name, treeOf(entry.sub)] as const;
    return [entry.name, entry.value instanceof Uint8Array ? hexOf(entry.value) : entry.value] as const;
  });
  return Object.fromEntries<unknown>(entries);
}
