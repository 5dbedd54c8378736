/*
 * What a keyword may be: its type, its range and its default, declared once and checked wherever a value comes in. Values come
 * from people and files, so what cannot be is an error that names the keyword, the range and what was found; it is never
 * replaced by the default.
 */

import { AdapterError } from '../adapter-error.ts';
import { violation } from '../verifier/violation.ts';

/** What a configuration may hold. */
export type KeywordValue = number | string | readonly string[] | Uint8Array;

/** A keyword whose values are of type `T`. */
export interface Keyword<T extends KeywordValue = KeywordValue> {
  /** As it stands in the configuration; names are told apart without regard to case. A leading `*` is for standardized ones. */
  readonly name: string;
  /** What it is, for people. */
  readonly kind: 'integer' | 'string' | 'multiString' | 'binary' | 'linkLayerAddress';
  /** What may stand there, for people. */
  readonly range: string;
  /** What a query gives when nothing stands there; `undefined` = that is an error. */
  readonly default: T | undefined;
  /**
   * @param found - what stands there
   * @returns the value, or `undefined` when it cannot be one
   */
  readonly read: (found: KeywordValue) => T | undefined;
}

/** A keyword's value that cannot be. */
export class KeywordError extends AdapterError {
  /** The keyword. */
  readonly keyword: string;
  /** What it may be. */
  readonly expected: string;
  /** What it was. */
  readonly found: unknown;

  /**
   * @param configuration - where it stands
   * @param keyword - its declaration
   * @param found - what was found there
   */
  constructor(configuration: string, keyword: Keyword, found: unknown) {
    const shown = found instanceof Uint8Array ? hexOf(found) : JSON.stringify(found);
    super('KEYWORD_INVALID', `${configuration}: ${keyword.name} is ${shown}; expected ${keyword.range}`);
    this.name = 'KeywordError';
    this.keyword = keyword.name;
    this.expected = keyword.range;
    this.found = found;
  }
}

/** What an integer may be. */
export interface IntegerOptions {
  /** 0 when left out. */
  readonly minimum?: number;
  /** 2^32 - 1 when left out. */
  readonly maximum?: number;
  /** Distance between values, from the minimum on; 1 when left out. */
  readonly step?: number;
  /** The only values that it may have. */
  readonly values?: readonly number[];
  /** How it reads where it stands as text: 10, or 16 for keywords that may be stored as hexadecimal; 10 when left out. */
  readonly base?: 10 | 16;
  readonly default?: number;
}

const DIGITS = { 10: /^\d{1,10}$/, 16: /^(0x)?[\da-f]{1,8}$/i } as const;

/**
 * @param name - the keyword
 * @param options - what it may be
 * @returns a keyword of 32 bits without sign
 * @throws ViolationError 0x10 `INVALID_QUERY_ULONG_FLAG` for a base other than 10 and 16; AdapterError `KEYWORD_INVALID` for a default
 * that it may not have
 * @example
 * ```ts
 * const ringSize = integerKeyword('*ReceiveBuffers', { minimum: 64, maximum: 4096, step: 8, default: 256 });
 * adapter.configuration.query(ringSize);
 * ```
 */
export function integerKeyword(name: string, options: IntegerOptions = {}): Keyword<number> {
  const { minimum = 0, maximum = 0xffff_ffff, step = 1, values, base = 10 } = options;
  const digits = DIGITS[base] as RegExp | undefined;
  if (digits === undefined)
    throw violation(0x10, `${name}: a number in base ${String(base)}`, {
      object: name,
      expected: '10, 16',
      found: base,
    });
  const steps = step === 1 ? '' : ` in steps of ${String(step)}`;
  const inRange = (value: number): boolean =>
    values?.includes(value) ??
    (Number.isInteger(value) && value >= minimum && value <= maximum && (value - minimum) % step === 0);
  return declare<number>({
    name,
    kind: 'integer',
    range: values?.join(', ') ?? `${String(minimum)} to ${String(maximum)}${steps}`,
    default: options.default,
    read: (found) => {
      const value = typeof found === 'string' && digits.test(found) ? parseInt(found, base) : found;
      return typeof value === 'number' && inRange(value) ? value : undefined;
    },
  });
}

/** What a string may be. */
export interface StringOptions {
  /** Most characters; 65535 when left out. */
  readonly longest?: number;
  readonly default?: string;
}

/**
 * @param name - the keyword
 * @param options - what it may be
 * @returns a keyword of text
 * @throws AdapterError `KEYWORD_INVALID` for a default that it may not have
 */
export function stringKeyword(name: string, options: StringOptions = {}): Keyword<string> {
  const { longest = 65_535 } = options;
  return declare<string>({
    name,
    kind: 'string',
    range: `a string of at most ${String(longest)} characters`,
    default: options.default,
    read: (found) => (typeof found === 'string' && found.length <= longest ? found : undefined),
  });
}

/** What lines may be. */
export interface MultiStringOptions {
  readonly default?: readonly string[];
}

/**
 * @param name - the keyword
 * @param options - its default
 * @returns a keyword of several lines of text, none of them empty
 * @throws AdapterError `KEYWORD_INVALID` for a default that it may not have
 */
export function multiStringKeyword(name: string, options: MultiStringOptions = {}): Keyword<readonly string[]> {
  return declare<readonly string[]>({
    name,
    kind: 'multiString',
    range: 'strings, none of them empty',
    default: options.default,
    read: (found) =>
      Array.isArray(found) && found.every((line) => line !== '') ? [...(found as string[])] : undefined,
  });
}

/** What bytes may be. */
export interface BinaryOptions {
  /** Fewest bytes; 0 when left out. */
  readonly shortest?: number;
  /** Most bytes; 65535 when left out. */
  readonly longest?: number;
  readonly default?: Uint8Array;
}

/**
 * @param name - the keyword
 * @param options - what it may be
 * @returns a keyword of bytes; in JSON they stand as hexadecimal digits, with or without `-` or `:` between bytes
 * @throws AdapterError `KEYWORD_INVALID` for a default that it may not have
 */
export function binaryKeyword(name: string, options: BinaryOptions = {}): Keyword<Uint8Array> {
  const { shortest = 0, longest = 65_535 } = options;
  return declare<Uint8Array>({
    name,
    kind: 'binary',
    range: `${String(shortest)} to ${String(longest)} bytes`,
    default: options.default,
    read: (found) => bytesOf(found, shortest, longest),
  });
}

/** What an address may be. */
export interface LinkLayerAddressOptions {
  readonly default?: Uint8Array;
}

/**
 * @param name - the keyword, usually `NetworkAddress`
 * @param options - its default
 * @returns a keyword of a link-layer address: 1 to 32 bytes, as bytes or as `02-00-00-00-00-01`, the hyphens left out or not
 * @throws AdapterError `KEYWORD_INVALID` for a default that it may not have
 */
export function linkLayerAddressKeyword(name: string, options: LinkLayerAddressOptions = {}): Keyword<Uint8Array> {
  return declare<Uint8Array>({
    name,
    kind: 'linkLayerAddress',
    range: 'an address of 1 to 32 bytes',
    default: options.default,
    read: (found) => bytesOf(found, 1, 32),
  });
}

/** A default that the keyword may not have is a mistake of whoever declares it, found at once. */
function declare<T extends KeywordValue>(keyword: Keyword<T>): Keyword<T> {
  if (keyword.default !== undefined && keyword.read(keyword.default) === undefined)
    throw new KeywordError('default', keyword, keyword.default);
  return keyword;
}

function bytesOf(found: KeywordValue, shortest: number, longest: number): Uint8Array | undefined {
  let bytes: Uint8Array | undefined;
  if (found instanceof Uint8Array) bytes = found.slice();
  else if (typeof found === 'string' && /^([\da-f]{2}([-:]?[\da-f]{2})*)?$/i.test(found))
    bytes = Uint8Array.from(found.match(/[\da-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
  return bytes !== undefined && bytes.length >= shortest && bytes.length <= longest ? bytes : undefined;
}

/**
 * @param bytes - any bytes
 * @returns their hexadecimal digits, as a configuration's JSON has them
 */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('-');
}
