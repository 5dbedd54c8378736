// Owns: recognising views (typed arrays, DataView, Buffer) by type, however the type is written.
// Invariant: a union, an array or a type parameter that may hold a view counts as one.

/** @typedef {import('typescript').Type} Type */
/** @typedef {import('typescript').TypeChecker} TypeChecker */

const views = new Set([
  'ArrayBufferView',
  'BigInt64Array',
  'BigUint64Array',
  'Buffer',
  'DataView',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'Int16Array',
  'Int32Array',
  'Int8Array',
  'Uint16Array',
  'Uint32Array',
  'Uint8Array',
  'Uint8ClampedArray',
]);

/**
 * @param {Type} type
 * @param {TypeChecker} checker
 * @returns {boolean}
 */
export function holdsView(type, checker) {
  if (type.isUnionOrIntersection()) return type.types.some((part) => holdsView(part, checker));
  if (views.has(type.getSymbol()?.name ?? '')) return true;
  if (checker.isArrayType(type) || checker.isTupleType(type)) {
    const elements = checker.getTypeArguments(/** @type {import('typescript').TypeReference} */ (type));
    return elements.some((element) => holdsView(element, checker));
  }
  if (type.isClassOrInterface()) return checker.getBaseTypes(type).some((base) => holdsView(base, checker));
  const constraint = checker.getBaseConstraintOfType(type);
  return constraint !== undefined && constraint !== type && holdsView(constraint, checker);
}
