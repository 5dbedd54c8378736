/*
 * The extensions that an adapter knows: registered once each, looked up by name and version, and narrowed to what one
 * queue uses. Follows NetAdapterCx's registration and query rules (reference netadaptercx §3.1, §3.4); a name has one
 * place in an element, that of its latest version, which serves older readers as well.
 */

import { ExtensionError } from './extension-error.ts';
import { describeExtension, whyUnreadable, type Extension, type Level } from './extension.ts';
import { PREDEFINED } from './predefined.ts';

/** Beginnings of names that only the predefined extensions have: Microsoft's and this house's. */
const RESERVED = ['ms_', 'netcx_'];

/**
 * The registered extensions of one adapter.
 *
 * @example
 * ```ts
 * const registry = new ExtensionRegistry();
 * registry.register(Rsc);
 * registry.has(RscV1); // false
 * registry.query(RscV1) === Rsc; // true
 * registry.select('packet', RX_EXTENSIONS).length; // 1
 * registry.list('fragment'); // []
 * registry.clear();
 * registry.query(RscV1); // undefined
 * ```
 */
export class ExtensionRegistry {
  readonly #registered: Extension[] = [];

  /**
   * @param definition - what the queues of this adapter may carry from now on
   * @throws ExtensionError `RESERVED_NAME` for a reserved name with another shape than the predefined extension's,
   * `DUPLICATE` when the same name, version and level is registered, `INCOMPATIBLE` when another version of it is
   * registered and the later of the two does not just append
   */
  register(definition: Extension): void {
    checkReserved(definition);
    const { name, version, level } = describeExtension(definition);
    const others = this.#registered.filter((other) => isNamed(other, name, level));
    for (const other of others) {
      const present = describeExtension(other).version;
      if (present === version)
        throw new ExtensionError('DUPLICATE', `${name} version ${version} is registered already`);
      const reason = present < version ? whyUnreadable(other, definition) : whyUnreadable(definition, other);
      if (reason !== undefined) throw new ExtensionError('INCOMPATIBLE', reason);
    }
    this.#registered.push(definition);
  }

  /**
   * @param definition - an extension
   * @returns whether exactly this name, version and level is registered
   */
  has(definition: Extension): boolean {
    const { name, version, level } = describeExtension(definition);
    return this.#registered.some(
      (other) => isNamed(other, name, level) && describeExtension(other).version === version,
    );
  }

  /**
   * @param definition - what a driver was written for
   * @returns the latest registered version of that name and level, if it is the asked one or a later one
   */
  query(definition: Extension): Extension | undefined {
    const { name, version, level } = describeExtension(definition);
    const latest = this.#latest(name, level);
    return latest !== undefined && describeExtension(latest).version >= version ? latest : undefined;
  }

  /**
   * What a queue gets: of the extensions that its side of the data path proposes, those that the adapter registered.
   *
   * @param level - which of the queue's rings
   * @param proposed - what the data path can use, of any level; `TX_EXTENSIONS` or `RX_EXTENSIONS` and one's own
   * @returns the latest registered version of each, in the order of registration, for `planElement`
   */
  select(level: Level, proposed: readonly Extension[]): Extension[] {
    const wanted = new Set(proposed.map((extension) => this.query(extension)));
    return this.list(level).filter((extension) => wanted.has(extension));
  }

  /**
   * @param level - which ring's
   * @returns everything that is registered, older versions included, in the order of registration
   */
  list(level: Level): Extension[] {
    return this.#registered.filter((extension) => describeExtension(extension).level === level);
  }

  /** Forgets everything, as an adapter that stops does. Queues that exist keep their plans. */
  clear(): void {
    this.#registered.length = 0;
  }

  #latest(name: string, level: Level): Extension | undefined {
    return this.#registered
      .filter((other) => isNamed(other, name, level))
      .toSorted((a, b) => describeExtension(b).version - describeExtension(a).version)[0];
  }
}

function isNamed(extension: Extension, name: string, level: Level): boolean {
  const described = describeExtension(extension);
  return described.name === name && described.level === level;
}

function checkReserved(definition: Extension): void {
  const { name, version, level, size, alignment } = describeExtension(definition);
  if (!RESERVED.some((prefix) => name.startsWith(prefix))) return;
  const shape = `${level} extension ${name} version ${version}, ${size} bytes aligned to ${alignment}`;
  const known = PREDEFINED.map(describeExtension).some(
    (own) =>
      own.name === name &&
      own.version === version &&
      own.level === level &&
      own.size === size &&
      own.alignment === alignment,
  );
  if (!known) {
    throw new ExtensionError(
      'RESERVED_NAME',
      `${shape}: names that begin with ${RESERVED.join(' or ')} belong to the predefined extensions, and none is like that`,
    );
  }
}
