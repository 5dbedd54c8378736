/*
 * What a queue hands out for a definition: whether its elements carry the extension and at which byte. A loop takes
 * `offset` into a local and uses the definition's accessors; the accessors here are bound to the offset, for code that
 * is not hot. Constant for the queue's life.
 */

import { defineStruct, type Accessor, type Location, type WideAccessor } from '@netcx/layout';
import { describeExtension, type Extension, type ExtensionFields } from './extension.ts';
import { ExtensionError } from './extension-error.ts';

/**
 * The offset of an extension that a queue does not have. No extension can lie there: the core descriptor does.
 *
 * @example
 * ```ts
 * const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [] });
 * plan.offsetOf(Checksum) === INVALID_OFFSET; // true
 * ```
 */
export const INVALID_OFFSET = 0;

/**
 * An extension in the elements of one queue, or the statement that they do not have it.
 *
 * @example
 * ```ts
 * const plan = planElement({ level: 'packet', coreSize: 12, coreAlignment: 4, extensions: [Checksum] });
 * const checksum = plan.extension(Checksum); // a BoundExtension with Checksum's fields
 * checksum.enabled; // true
 * checksum.layer4.set(memory, 0, TxChecksumAction.Required);
 * checksum.layer4.get(memory, 0); // 2
 * plan.extension(Gso).enabled; // false
 * ```
 */
export type BoundExtension<F extends ExtensionFields = ExtensionFields> = {
  /** Whether the queue's elements carry the extension. */
  readonly enabled: boolean;
  /** Bytes from the start of an element to the extension; `INVALID_OFFSET` when the queue does not have it. */
  readonly offset: number;
  /** The version that was laid out, which is the asked one or later; 0 when the queue does not have it. */
  readonly version: number;
  /** What was asked for. */
  readonly definition: Extension<F>;
} & {
  /** Reads and writes the field in the element at a word index; throws `NOT_ENABLED` when the queue does not have it. */
  readonly [K in keyof F]: F[K] extends Location<'wide'> ? WideAccessor : Accessor;
};

/**
 * @param definition - what was asked for
 * @param offset - bytes from the start of an element
 * @param version - the version that was laid out
 * @returns the handle
 */
export function bindExtension<F extends ExtensionFields>(
  definition: Extension<F>,
  offset: number,
  version: number,
): BoundExtension<F> {
  const { name, size, fields } = describeExtension(definition);
  const placed = Object.entries(fields).map(
    ([field, location]) => [field, { ...location, byteOffset: location.byteOffset + offset }] as const,
  );
  const accessors = defineStruct(name, offset + size, Object.fromEntries(placed));
  return Object.freeze({ ...accessors, enabled: true, offset, version, definition }) as BoundExtension<F>;
}

/**
 * @param definition - what was asked for
 * @param where - which queue or element does not have it, for messages
 * @returns a handle that says so
 */
export function absentExtension<F extends ExtensionFields>(definition: Extension<F>, where: string): BoundExtension<F> {
  const { name, fields } = describeExtension(definition);
  const refuse = (): never => {
    throw new ExtensionError('NOT_ENABLED', `${where} has no ${name}; look at \`enabled\` before the accessors`);
  };
  const accessors: Record<string, Accessor | WideAccessor> = {};
  for (const [field, location] of Object.entries(fields)) {
    const accessor: Accessor = Object.freeze({ get: refuse, set: refuse, location });
    accessors[field] =
      location.width === 'wide' ? Object.freeze({ ...accessor, low: accessor, high: accessor }) : accessor;
  }
  const handle = { ...accessors, enabled: false, offset: INVALID_OFFSET, version: 0, definition };
  return Object.freeze(handle) as unknown as BoundExtension<F>;
}
