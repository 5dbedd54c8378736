// Owns: what is hot. A file whose header says `@hot`; in it, every loop and every function whose own comment says `@hot`.
// Invariant: what leaves by `throw` and what stands in a constructor is not hot: it runs once.

/** @typedef {import('@typescript-eslint/utils').TSESTree.Node} Node */
/** @typedef {import('@typescript-eslint/utils').TSESLint.SourceCode} SourceCode */

const tag = /@hot\b/;
const loops = new Set(['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement']);
const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/**
 * @param {SourceCode} source
 * @returns {boolean} whether the comments before the file's first statement carry the tag
 */
export function isHotFile(source) {
  const first = source.ast.body[0];
  return source
    .getAllComments()
    .some((comment) => (first === undefined || comment.range[1] <= first.range[0]) && tag.test(comment.value));
}

/**
 * The statement or class member that a function's comment stands on.
 * @param {Node} node
 * @returns {Node}
 */
function documented(node) {
  let at = node;
  while (
    at.parent !== undefined &&
    [
      'MethodDefinition',
      'PropertyDefinition',
      'Property',
      'VariableDeclarator',
      'VariableDeclaration',
      'ExportNamedDeclaration',
    ].includes(at.parent.type)
  ) {
    at = at.parent;
  }
  return at;
}

/**
 * @param {Node} loop
 * @param {Node} child the loop's own part in which something stands
 * @returns {boolean} whether that part runs once per round
 */
function runsEachRound(loop, child) {
  if (loop.type === 'ForStatement') return child !== loop.init;
  if (loop.type === 'ForInStatement' || loop.type === 'ForOfStatement') return child !== loop.right;
  return true;
}

/**
 * @param {Node} node
 * @param {SourceCode} source
 * @returns {boolean} whether the node runs once per round of a loop, or in a function that is called so
 */
export function isHot(node, source) {
  let inLoop = false;
  let child = node;
  let at = node.parent;
  while (at !== undefined && at.type !== 'Program') {
    if (at.type === 'ThrowStatement') return false;
    inLoop ||= loops.has(at.type) && runsEachRound(at, child);
    if (functions.has(at.type)) {
      if (at.parent.type === 'MethodDefinition' && at.parent.kind === 'constructor') return false;
      if (inLoop || isHotFunction(at, source)) return true;
    }
    child = at;
    at = at.parent;
  }
  return inLoop;
}

/**
 * @param {Node} node
 * @param {SourceCode} source
 * @returns {boolean}
 */
function isHotFunction(node, source) {
  const owner = documented(node);
  const comment = source.getCommentsBefore(owner).at(-1);
  // The file's header is no function's comment, even where the function follows it at once.
  return comment !== undefined && tag.test(comment.value) && owner !== source.ast.body[0];
}
