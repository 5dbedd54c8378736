// Owns: the `newc` form of cpio archives, which Linux unpacks as its first file system.
// Follows the kernel's own description of the initramfs buffer format.
// Invariant: reproducible: the same entries give the same bytes, whatever their order, owner or age.

/**
 * @typedef {object} Entry
 * @property {string} path without a leading slash
 * @property {number} mode type and permissions, as in stat(2)
 * @property {Uint8Array} [data] a file's bytes, or a link's target
 * @property {[number, number]} [device] major and minor number of a device node
 */

/**
 * @param {Entry[]} entries
 * @returns {Buffer} the archive
 */
export function newc(entries) {
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const last = { path: 'TRAILER!!!', mode: 0 };
  return Buffer.concat([...sorted, last].flatMap((entry, index) => record(entry, index + 1)));
}

/**
 * @param {Entry} entry
 * @param {number} inode
 * @returns {Uint8Array[]} header and name, data; each filled up to four bytes
 */
function record({ path, mode, data = new Uint8Array(), device = [0, 0] }, inode) {
  const name = Buffer.from(`${path}\0`);
  const links = (mode & 0o170000) === 0o040000 ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, device[0], device[1], name.length, 0];
  const header = `070701${fields.map((value) => value.toString(16).padStart(8, '0')).join('')}`;
  return [filled(Buffer.concat([Buffer.from(header), name])), filled(data)];
}

/** @param {Uint8Array} bytes */
function filled(bytes) {
  const rest = -bytes.length & 3;
  return rest === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(rest)]);
}

/**
 * Reads an archive back: the same entries, without the trailer.
 * @param {Buffer} archive
 * @returns {Entry[]}
 */
export function readNewc(archive) {
  /** @type {Entry[]} */
  const entries = [];
  for (let at = 0; ;) {
    if (archive.toString('latin1', at, at + 6) !== '070701') throw new Error(`cpio archive: expected 070701 at ${at}`);
    const field = (/** @type {number} */ index) =>
      parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, major, minor, nameLength] = [field(1), field(6), field(9), field(10), field(11)];
    const path = archive.toString('utf8', at + 110, at + 110 + nameLength - 1);
    const data = at + ((110 + nameLength + 3) & ~3);
    if (path === 'TRAILER!!!') return entries;
    entries.push({ path, mode, data: archive.subarray(data, data + size), device: [major, minor] });
    at = data + ((size + 3) & ~3);
  }
}
