// Owns: reading the table of packages in ARCHITECTURE.md.
// Invariant: a name in backticks is a package; a scope in front of it is left out.

/**
 * @typedef {object} Row
 * @property {string} name without scope
 * @property {string[]} dependsOn names without scope, sorted
 */

/**
 * @param {string} text one cell
 * @returns {string[]} what stands in backticks, without scope and folder
 */
function names(text) {
  return [...text.matchAll(/`(?:@netcx\/|packages\/|apps\/)?([^`]+)`/g)].map(([, name = '']) => name);
}

/**
 * @param {string} markdown
 * @returns {Row[]} the rows of the one table whose columns are Package, Owns, Does not own and Depends on
 */
export function readArchitecture(markdown) {
  const lines = markdown.split('\n').map((line) => line.trim());
  const cells = (/** @type {string} */ line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const head = lines.findIndex((line) => cells(line).join('|') === 'Package|Owns|Does not own|Depends on');
  if (head === -1) throw new Error('ARCHITECTURE.md has no table | Package | Owns | Does not own | Depends on |');
  const rest = lines.slice(head + 2);
  const end = rest.findIndex((line) => !line.startsWith('|'));
  return rest.slice(0, end === -1 ? undefined : end).map((line) => {
    const [owner = '', , , dependencies = ''] = cells(line);
    const [name] = names(owner);
    if (name === undefined) throw new Error(`ARCHITECTURE.md: the row '${line}' names no package in backticks`);
    return { name, dependsOn: names(dependencies).sort() };
  });
}
