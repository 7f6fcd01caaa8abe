// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.google.common.collect.ImmutableMap;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelMutableAst;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.ast.CelMutableExpr;
import dev.cel.common.ast.CelReference;
import dev.cel.common.navigation.CelNavigableMutableAst;
import dev.cel.common.navigation.CelNavigableMutableExpr;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// `a.?b` as `a[?'b']`, which is the same for objects: dev.cel evaluates what stands before a `.?`
/// twice, so that a chain of them would take twice as long with each.
final class OptionalFields {
  private static final CelReference BY_KEY =
      CelReference.newBuilder()
          .addOverloadIds("map_optindex_optional_value", "optional_map_optindex_optional_value")
          .build();

  private OptionalFields() {}

  static CelAbstractSyntaxTree byKey(CelAbstractSyntaxTree tree) {
    CelMutableAst mutable = CelMutableAst.fromCelAst(tree);
    List<CelMutableExpr> calls =
        CelNavigableMutableAst.fromAst(mutable)
            .getRoot()
            .allNodes()
            .filter(node -> node.getKind() == Kind.CALL)
            .map(CelNavigableMutableExpr::expr)
            .filter(OptionalFields::isOfObject)
            .toList();
    if (calls.isEmpty()) {
      return tree;
    }
    Map<Long, CelReference> references = new HashMap<>(tree.getReferenceMap());
    for (CelMutableExpr each : calls) {
      each.call().setFunction("_[?_]");
      references.put(each.id(), BY_KEY);
    }
    return CelAbstractSyntaxTree.newCheckedAst(
        mutable.toParsedAst(true).getExpr(),
        tree.getSource(),
        ImmutableMap.copyOf(references),
        tree.getTypeMap());
  }

  /// The variables of a policy are no map: each is evaluated when it is asked for.
  private static boolean isOfObject(CelMutableExpr call) {
    if (!call.call().function().equals("_?._")) {
      return false;
    }
    CelMutableExpr owner = call.call().args().getFirst();
    return owner.getKind() != Kind.IDENT || !owner.ident().name().equals("variables");
  }
}
