// Owns: the shape of hot files, whose header says `@hot`: what V8 folds to constants, and nothing that allocates per round.
// An ESM import, an exported binding and a `let` are cells that V8 loads at each use; a module-level `const` bound from them is folded.
// Views in fields, parameters and closures are checked anew at each access. Both cost a factor of 1.7 on the data path.
// A private accessor (`get #x`) is a call of V8's runtime, which costs what a burst of small frames does.
// Invariant: acts on hot files only; `throw` statements are exempt.
import { ESLintUtils } from '@typescript-eslint/utils';
import { isHot, isHotFile } from './hot-region.js';
import { holdsView } from './view-types.js';

/** @typedef {import('@typescript-eslint/utils').TSESTree.Node} Node */
/** @typedef {import('@typescript-eslint/utils').TSESLint.Scope.Variable} Variable */
/** @typedef {import('@typescript-eslint/utils').TSESLint.Scope.Scope} Scope */

/** What must not stand in a loop, and how the message names it. */
const allocations = /** @type {const} */ ({
  NewExpression: '`new`',
  ArrayExpression: 'an array literal',
  ObjectExpression: 'an object literal',
  ArrayPattern: 'array destructuring',
  RestElement: 'a rest element',
  SpreadElement: 'a spread',
  ArrowFunctionExpression: 'a closure',
  FunctionExpression: 'a closure',
  FunctionDeclaration: 'a closure',
  ClassExpression: 'a class',
  ClassDeclaration: 'a class',
  TaggedTemplateExpression: 'a tagged template',
  ForOfStatement: '`for...of`',
  ForInStatement: '`for...in`',
  TryStatement: '`try`',
  AwaitExpression: '`await`',
  YieldExpression: '`yield`',
});

/** Where a value's name stands for its type: `typeof view`, `typeof memory.view`. */
const typeQueries = new Set(['TSTypeQuery', 'TSQualifiedName']);

export const hotFile = ESLintUtils.RuleCreator.withoutDocs({
  meta: {
    type: 'problem',
    docs: { description: 'keep hot files in the shape that runs fast' },
    schema: [],
    messages: {
      importForm:
        'A hot file imports values as `import * as name` and re-binds them at module top: `const { a, b } = name`.',
      importUse:
        "'{{name}}' is an import, which is loaded again at each use: re-bind it with a module-level `const` outside the loop.",
      exportUse: "'{{name}}' is exported, so it is loaded again at each use: export it under another binding.",
      mutableUse: "'{{name}}' is a module-level `{{kind}}`, which is never folded: use a `const`, or a local copy.",
      localView: "'{{name}}' is a view in a local variable: re-bind the view with a module-level `const`.",
      fieldView: "Field '{{name}}' holds a view: keep an integer offset and use a module-level view.",
      parameterView: "Parameter '{{name}}' holds a view: hand over an integer offset and use a module-level view.",
      closureView: "'{{name}}' is a view caught by a closure: use a module-level view.",
      dataView: 'DataView has no place in a hot file: use a typed array.',
      allocation: 'A hot loop must not hold {{what}}.',
      privateAccessor:
        "'{{name}}' is a private accessor, for which V8 calls its runtime at each use: make it a private method.",
    },
  },
  create(context) {
    const source = context.sourceCode;
    if (!isHotFile(source)) return {};
    const services = ESLintUtils.getParserServices(context);
    const checker = services.program.getTypeChecker();

    /** @param {Node} node */
    const isView = (node) => holdsView(services.getTypeAtLocation(node), checker);

    /**
     * @param {Variable} variable
     * @param {Set<Variable>} exported
     * @returns {'importUse' | 'exportUse' | 'mutableUse' | 'localView' | undefined} what is wrong with using it in a loop
     */
    function fault(variable, exported) {
      const definition = variable.defs[0];
      if (definition === undefined) return undefined;
      if (definition.type === 'ImportBinding') return 'importUse';
      if (exported.has(variable)) return 'exportUse';
      const isModuleLevel = variable.scope.type === 'module' || variable.scope.type === 'global';
      if (definition.type !== 'Variable') return undefined;
      if (isModuleLevel) return definition.parent.kind === 'const' ? undefined : 'mutableUse';
      return isView(definition.name) ? 'localView' : undefined;
    }

    /**
     * @param {Scope} scope
     * @param {Set<Variable>} exported
     */
    function checkScope(scope, exported) {
      for (const { identifier, resolved, isValueReference } of scope.references) {
        // What TypeScript's library declares has no definition in the source.
        if (identifier.name === 'DataView' && !resolved?.defs.length) {
          context.report({ node: identifier, messageId: 'dataView' });
        }
        if (resolved === null || !isValueReference || typeQueries.has(identifier.parent.type)) continue;
        if (!isHot(identifier, source)) continue;
        const messageId = fault(resolved, exported);
        if (messageId === undefined) continue;
        const definition = resolved.defs[0];
        const kind = definition?.type === 'Variable' ? definition.parent.kind : '';
        context.report({ node: identifier, messageId, data: { name: resolved.name, kind } });
      }
      for (const variable of scope.variables) checkClosure(variable);
      for (const child of scope.childScopes) checkScope(child, exported);
    }

    /** @param {Variable} variable */
    function checkClosure(variable) {
      const definition = variable.defs[0];
      if (definition?.type !== 'Variable' || variable.scope.type === 'module') return;
      const home = variable.scope.variableScope;
      const caught = variable.references.some((reference) => reference.from.variableScope !== home);
      if (caught && isView(definition.name)) {
        context.report({ node: definition.name, messageId: 'closureView', data: { name: variable.name } });
      }
    }

    /** @param {import('@typescript-eslint/utils').TSESTree.Parameter[]} parameters */
    function checkParameters(parameters) {
      for (const parameter of parameters) {
        if (isView(parameter)) {
          context.report({ node: parameter, messageId: 'parameterView', data: { name: source.getText(parameter) } });
        }
      }
    }

    /** @type {Record<string, (node: Node) => void>} */
    const checks = {};
    for (const [type, what] of Object.entries(allocations)) {
      checks[type] = (node) => {
        // The outermost loop decides: a `for...of` that stands in no other loop is itself the slow part of a slow path.
        if (isHot(node, source)) context.report({ node, messageId: 'allocation', data: { what } });
      };
    }

    return {
      ...checks,
      ImportDeclaration(node) {
        if (node.importKind === 'type' || node.specifiers.length === 0) return;
        for (const specifier of node.specifiers) {
          const isType = specifier.type === 'ImportSpecifier' && specifier.importKind === 'type';
          if (specifier.type !== 'ImportNamespaceSpecifier' && !isType) {
            context.report({ node: specifier, messageId: 'importForm' });
          }
        }
      },
      PropertyDefinition(node) {
        if (isView(node)) {
          context.report({ node, messageId: 'fieldView', data: { name: source.getText(node.key) } });
        }
      },
      "MethodDefinition[kind=/^[gs]et$/][key.type='PrivateIdentifier']"(
        /** @type {import('@typescript-eslint/utils').TSESTree.MethodDefinition} */ node,
      ) {
        context.report({ node: node.key, messageId: 'privateAccessor', data: { name: source.getText(node.key) } });
      },
      ':function'(/** @type {import('@typescript-eslint/utils').TSESTree.FunctionLike} */ node) {
        checkParameters(node.params);
      },
      'Program:exit'() {
        const global = source.scopeManager?.globalScope;
        if (!global) return;
        checkScope(global, exportedVariables(source));
      },
    };
  },
});

/**
 * @param {import('@typescript-eslint/utils').TSESLint.SourceCode} source
 * @returns {Set<Variable>} what the module exports under any name: renaming at the export keeps the same cell
 */
function exportedVariables(source) {
  /** @type {Set<Variable>} */
  const exported = new Set();
  /** @param {Node} node */
  const add = (node) => {
    for (const variable of source.getDeclaredVariables(node)) {
      // A function's declaration declares its parameters too.
      if (variable.scope.type === 'module') exported.add(variable);
    }
  };
  for (const statement of source.ast.body) {
    if (statement.type !== 'ExportNamedDeclaration' && statement.type !== 'ExportDefaultDeclaration') continue;
    if (statement.declaration) add(statement.declaration);
    if (statement.type !== 'ExportNamedDeclaration' || statement.source !== null) continue;
    const scope = source.scopeManager?.globalScope?.childScopes[0];
    for (const { local } of statement.specifiers) {
      const variable = scope?.set.get(local.name);
      if (variable !== undefined) exported.add(variable);
    }
  }
  return exported;
}
