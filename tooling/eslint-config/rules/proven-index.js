// Owns: where `!` may stand. Reading an element whose index is proven needs it under noUncheckedIndexedAccess; nothing else does.
// Invariant: only `view[index]!` passes.
import { ESLintUtils } from '@typescript-eslint/utils';

export const provenIndex = ESLintUtils.RuleCreator.withoutDocs({
  meta: {
    type: 'problem',
    docs: { description: 'allow a non-null assertion only on an indexed read' },
    schema: [],
    messages: {
      assertion: '`!` is only for an indexed read, such as `view[index]!`; check the value or narrow its type instead.',
    },
  },
  create(context) {
    return {
      TSNonNullExpression(node) {
        if (node.expression.type !== 'MemberExpression' || !node.expression.computed) {
          context.report({ node, messageId: 'assertion' });
        }
      },
    };
  },
});
