// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What each step of an expression costs, worked out once: what Kubernetes charges when it runs.
/// What it computes before the first run (constants) is free.
final class Tariff {
  static final int LIST = 10;
  static final int MAP = 30;
  static final int OBJECT = 40;

  /// Functions that make another type of a constant before the first run.
  private static final Set<String> CONVERSIONS =
      Set.of(
          "bool",
          "bytes",
          "double",
          "duration",
          "dyn",
          "int",
          "string",
          "timestamp",
          "type",
          "uint");

  private static final Set<String> FREE =
      Set.of("_&&_", "_||_", "_?_:_", "or", "orValue", "_?._", "_[_]", "_[?_]");

  private static final Set<String> COMPARING =
      Set.of(
          "_==_",
          "_!=_",
          "@in",
          "includes",
          "indexOf",
          "lastIndexOf",
          "sets.contains",
          "sets.equivalent",
          "sets.intersects");

  private final CelAbstractSyntaxTree tree;
  private final int[] prices;
  private final @Nullable Call[] calls;
  private final @Nullable String[] reads;
  private final BitSet accesses = new BitSet();
  private final BitSet tests = new BitSet();

  /// A function that is called when the last of its arguments is known.
  ///
  /// @param arguments the expressions that make them
  /// @param compares whether it compares values, at any depth
  record Call(CallCost cost, int[] arguments, boolean compares) {}

  Tariff(CelAbstractSyntaxTree tree) {
    this.tree = tree;
    int size = largest(tree.getExpr()) + 1;
    this.prices = new int[size];
    this.calls = new Call[size];
    this.reads = new String[size];
    add(tree.getExpr());
  }

  private static int largest(CelExpr expression) {
    int largest = (int) expression.id();
    for (CelExpr each : parts(expression)) {
      largest = Math.max(largest, largest(each));
    }
    return largest;
  }

  /// More than any step's id.
  int size() {
    return prices.length;
  }

  int price(int id) {
    return prices[id];
  }

  /// Whether the step takes one item of what the step before it made.
  boolean isAccess(int id) {
    return accesses.get(id);
  }

  /// The variable that the step reads, or null.
  @Nullable String readBy(int id) {
    return reads[id];
  }

  /// Whether the step is a `has()`, of which the meter hears twice.
  boolean isTest(int id) {
    return tests.get(id);
  }

  @Nullable Call completedBy(int id) {
    return calls[id];
  }

  private void add(CelExpr expression) {
    for (CelExpr each : parts(expression)) {
      add(each);
    }
    accesses.set((int) expression.id(), isAccess(expression));
    reads[(int) expression.id()] = variable(expression);
    prices[(int) expression.id()] = isConstant(expression) ? 0 : own(expression);
    if (expression.getKind() == Kind.CALL && !isConstant(expression)) {
      call(expression);
    }
    if (isChoice(expression)) {
      freeRoot(expression.call().args().get(1));
      freeRoot(expression.call().args().get(2));
    }
  }

  private static @Nullable String variable(CelExpr expression) {
    CelExpr root = expression;
    while (root.getKind() == Kind.SELECT) {
      root = operand(root);
    }
    return root.getKind() == Kind.IDENT ? root.ident().name() : null;
  }

  private int own(CelExpr expression) {
    return switch (expression.getKind()) {
      case IDENT -> 1;
      case SELECT -> select(expression);
      case CALL -> isAccess(expression) ? access(expression) : 0;
      case LIST -> LIST;
      case MAP -> MAP;
      case STRUCT -> OBJECT;
      case CONSTANT, COMPREHENSION, NOT_SET -> 0;
    };
  }

  private int select(CelExpr expression) {
    if (!expression.select().testOnly()) {
      return tree.getReference(expression.id()).isPresent() ? 1 : chain(expression);
    }
    tests.set((int) expression.id());
    CelExpr operand = operand(expression);
    return isPath(operand) ? chain(operand) : start(operand);
  }

  private static boolean isPath(CelExpr expression) {
    return expression.getKind() == Kind.IDENT || expression.getKind() == Kind.SELECT;
  }

  /// A chain of fields is one step, which costs what its fields do.
  private int chain(CelExpr expression) {
    return switch (expression.getKind()) {
      case IDENT -> 1;
      case SELECT -> {
        CelExpr operand = operand(expression);
        yield 1 + (isPath(operand) ? chain(operand) : start(operand));
      }
      default -> 0;
    };
  }

  /// What it costs to take the first field or item of what an expression makes, beside the field.
  private int start(CelExpr operand) {
    if (isAccess(operand)) {
      return 0;
    }
    return isChoice(operand) ? 0 : 1;
  }

  private static boolean isChoice(CelExpr expression) {
    return expression.getKind() == Kind.CALL && expression.call().function().equals("_?_:_");
  }

  /// A variable that is one of two to choose from is not charged for, only its fields.
  private void freeRoot(CelExpr expression) {
    CelExpr root = expression;
    while (root.getKind() == Kind.SELECT && !root.select().testOnly()) {
      root = operand(root);
    }
    if (root.getKind() == Kind.IDENT && prices[(int) expression.id()] > 0) {
      prices[(int) expression.id()]--;
    } else if (isAccess(root)) {
      freeRoot(root.call().args().getFirst());
    }
  }

  private static boolean isAccess(CelExpr expression) {
    return expression.getKind() == Kind.CALL
        && Set.of("_[_]", "_[?_]", "_?._").contains(expression.call().function());
  }

  /// Of one item, beside what its owner costs.
  private int access(CelExpr expression) {
    List<CelExpr> arguments = expression.call().args();
    CelExpr owner = arguments.getFirst();
    CelExpr key = arguments.getLast();
    int start = isPath(owner) ? 0 : start(owner);
    boolean isVariable = !isConstant(key) && (isPath(key) || isAccess(key));
    return Math.max(0, start + (isVariable ? 0 : 1));
  }

  private static CelExpr operand(CelExpr select) {
    return select.select().operand();
  }

  private void call(CelExpr expression) {
    String function = expression.call().function();
    List<CelExpr> arguments = parts(expression);
    if (FREE.contains(function) || isMembershipOfConstants(expression)) {
      return;
    }
    int[] ids = arguments.stream().mapToInt(each -> (int) each.id()).toArray();
    CallCost cost = CallCost.of(function, overload(expression));
    if (ids.length == 0) {
      prices[(int) expression.id()] = 1;
    } else {
      calls[ids[ids.length - 1]] = new Call(cost, ids, COMPARING.contains(function));
    }
  }

  private String overload(CelExpr expression) {
    return tree.getReference(expression.id())
        .map(reference -> reference.overloadIds())
        .filter(ids -> ids.size() == 1)
        .map(ids -> ids.getFirst())
        .orElse("");
  }

  private boolean isMembershipOfConstants(CelExpr expression) {
    if (!expression.call().function().equals("@in")) {
      return false;
    }
    CelExpr list = expression.call().args().get(1);
    return list.getKind() == Kind.LIST
        && list.list().elements().stream().allMatch(each -> each.getKind() == Kind.CONSTANT);
  }

  private boolean isConstant(CelExpr expression) {
    return switch (expression.getKind()) {
      case CONSTANT -> true;
      case IDENT -> isType(expression);
      case LIST ->
          expression.list().optionalIndices().isEmpty()
              && expression.list().elements().stream().allMatch(this::isConstant);
      case MAP ->
          expression.map().entries().stream()
              .allMatch(
                  each ->
                      !each.optionalEntry() && isConstant(each.key()) && isConstant(each.value()));
      case CALL ->
          CONVERSIONS.contains(expression.call().function())
              && expression.call().target().isEmpty()
              && expression.call().args().stream().allMatch(this::isConstant);
      case SELECT, STRUCT, COMPREHENSION, NOT_SET -> false;
    };
  }

  private boolean isType(CelExpr expression) {
    return tree.getType(expression.id()).map(CelType::kind).orElse(CelKind.DYN) == CelKind.TYPE
        && tree.getReference(expression.id()).isPresent()
        && !expression.ident().name().contains("@");
  }

  /// What an expression is made of, in the order in which it is run.
  static List<CelExpr> parts(CelExpr expression) {
    List<CelExpr> parts = new ArrayList<>();
    switch (expression.getKind()) {
      case SELECT -> parts.add(operand(expression));
      case CALL -> {
        expression.call().target().ifPresent(parts::add);
        parts.addAll(expression.call().args());
      }
      case LIST -> parts.addAll(expression.list().elements());
      case MAP ->
          expression
              .map()
              .entries()
              .forEach(
                  each -> {
                    parts.add(each.key());
                    parts.add(each.value());
                  });
      case STRUCT -> expression.struct().entries().forEach(each -> parts.add(each.value()));
      case COMPREHENSION -> {
        CelExpr.CelComprehension loop = expression.comprehension();
        parts.addAll(
            List.of(
                loop.iterRange(),
                loop.accuInit(),
                loop.loopCondition(),
                loop.loopStep(),
                loop.result()));
      }
      case CONSTANT, IDENT, NOT_SET -> {}
    }
    return parts;
  }
}
