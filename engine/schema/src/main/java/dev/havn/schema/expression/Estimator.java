// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.CelComprehension;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an expression can cost at most, known before it is run: as Kubernetes estimates it from the
/// bounds of a schema. One thread at a time.
final class Estimator {
  private final CelAbstractSyntaxTree tree;
  private final SchemaSizes sizes;
  private final Map<String, Estimate> locals = new HashMap<>();

  private Estimator(CelAbstractSyntaxTree tree, SchemaSizes sizes) {
    this.tree = tree;
    this.sizes = sizes;
  }

  /// What is known of a part.
  ///
  /// @param cost at most
  /// @param path where its value stands in that of a variable; empty when it is computed
  /// @param size of its value, or null
  /// @param isComputed whether the size goes before what the schema says of the path
  /// @param entries of the keys and values in it, or null
  record Estimate(
      long cost,
      List<String> path,
      @Nullable Range size,
      boolean isComputed,
      @Nullable Entries entries,
      CelType type) {
    static Estimate at(List<String> path, long cost, CelType type) {
      return new Estimate(cost, path, null, false, null, type);
    }

    Estimate costing(long other) {
      return new Estimate(other, path, size, isComputed, entries, type);
    }
  }

  /// @param isList whether keys are positions
  record Entries(boolean isList, Range keys, Range values) {
    static @Nullable Entries either(@Nullable Entries one, @Nullable Entries other) {
      return one == null || other == null
          ? null
          : new Entries(one.isList, one.keys.or(other.keys), one.values.or(other.values));
    }
  }

  static long cost(CelAbstractSyntaxTree tree, SchemaSizes sizes) {
    Estimator estimator = new Estimator(tree, sizes);
    return estimator.of(tree.getExpr()).cost();
  }

  private Estimate of(CelExpr expression) {
    return switch (expression.getKind()) {
      case CONSTANT -> computed(expression, 0, constant(expression.constant()), null);
      case IDENT -> variable(expression);
      case SELECT -> field(expression);
      case CALL -> call(expression);
      case LIST -> list(expression);
      case MAP -> map(expression);
      case STRUCT -> computed(expression, Range.sum(Tariff.OBJECT, all(expression)), null, null);
      case COMPREHENSION -> loop(expression);
      case NOT_SET -> computed(expression, 0, null, null);
    };
  }

  private Estimate computed(
      CelExpr expression, long cost, @Nullable Range size, @Nullable Entries entries) {
    return new Estimate(cost, List.of(), size, size != null, entries, type(expression));
  }

  private CelType type(CelExpr expression) {
    return tree.getType(expression.id()).orElse(SimpleType.DYN);
  }

  private long all(CelExpr expression) {
    long cost = 0;
    for (CelExpr each : Tariff.parts(expression)) {
      cost = Range.sum(cost, of(each).cost());
    }
    return cost;
  }

  private static Range constant(CelConstant constant) {
    return switch (constant.getKind()) {
      case STRING_VALUE -> Range.of(CallCost.size(constant.stringValue()));
      case BYTES_VALUE -> Range.of(constant.bytesValue().size());
      default -> Range.ONE;
    };
  }

  private Estimate variable(CelExpr expression) {
    String name = expression.ident().name();
    @Nullable Estimate local = locals.get(name);
    return local == null
        ? Estimate.at(List.of(name), 1, type(expression))
        : new Estimate(1, local.path(), local.size(), false, local.entries(), type(expression));
  }

  private Estimate field(CelExpr expression) {
    Estimate owner = of(expression.select().operand());
    if (expression.select().testOnly()) {
      return computed(expression, owner.cost(), null, null);
    }
    CelKind kind = owner.type().kind();
    boolean isPriced = kind == CelKind.MAP || kind == CelKind.STRUCT || kind == CelKind.TYPE_PARAM;
    return Estimate.at(
        joined(owner.path(), expression.select().field()),
        Range.sum(owner.cost(), isPriced ? 1 : 0),
        type(expression));
  }

  static List<String> joined(List<String> path, String last) {
    List<String> longer = new ArrayList<>(path);
    longer.add(last);
    return longer;
  }

  private Estimate list(CelExpr expression) {
    List<CelExpr> elements = expression.list().elements();
    long cost = Tariff.LIST;
    @Nullable Range values = null;
    for (CelExpr each : elements) {
      Estimate one = of(each);
      cost = Range.sum(cost, one.cost());
      values = values == null ? size(one) : values.or(size(one));
    }
    Entries entries = new Entries(true, Range.ONE, values == null ? Range.of(0) : values);
    return computed(expression, cost, Range.of(elements.size()), entries);
  }

  private Estimate map(CelExpr expression) {
    long cost = Tariff.MAP;
    @Nullable Range keys = null;
    @Nullable Range values = null;
    for (CelExpr.CelMap.Entry each : expression.map().entries()) {
      Estimate key = of(each.key());
      Estimate value = of(each.value());
      cost = Range.sum(cost, Range.sum(key.cost(), value.cost()));
      keys = keys == null ? size(key) : keys.or(size(key));
      values = values == null ? size(value) : values.or(size(value));
    }
    Range none = Range.of(0);
    Entries entries =
        new Entries(false, keys == null ? none : keys, values == null ? none : values);
    return computed(expression, cost, Range.of(expression.map().entries().size()), entries);
  }

  /// The size of a value, however little is known of it.
  Range size(Estimate estimate) {
    return Range.orUnknown(known(estimate));
  }

  /// What the schema says goes before what is known of the variable of a loop.
  @Nullable Range known(Estimate estimate) {
    if (estimate.isComputed()) {
      return estimate.size();
    }
    @Nullable Range described = described(estimate.path());
    if (described != null) {
      return described;
    }
    return isFixed(estimate.type()) ? Range.ONE : estimate.size();
  }

  @Nullable Range described(List<String> path) {
    return path.isEmpty() ? null : sizes.of(path);
  }

  private static boolean isFixed(CelType type) {
    return switch (type.kind()) {
      case BOOL, DOUBLE, DURATION, INT, TIMESTAMP, UINT -> true;
      case OPAQUE ->
          type.name().equals("optional_type")
              && !type.parameters().isEmpty()
              && isFixed(type.parameters().getFirst());
      default -> false;
    };
  }

  private Estimate loop(CelExpr expression) {
    CelComprehension loop = expression.comprehension();
    Estimate range = of(loop.iterRange());
    Estimate start = of(loop.accuInit());
    long cost = Range.sum(range.cost(), start.cost());
    if (isBinding(loop)) {
      Estimate result = within(Map.of(loop.accuVar(), start), loop.result());
      return computed(expression, Range.sum(cost, result.cost()), known(result), result.entries());
    }
    Map<String, Estimate> names = new HashMap<>(Map.of(loop.accuVar(), start));
    if (loop.iterVar2().isEmpty()) {
      names.put(loop.iterVar(), isList(range) ? item(range) : key(range));
    } else {
      names.put(loop.iterVar(), key(range));
      names.put(loop.iterVar2(), item(range));
    }
    Estimate step = within(names, loop.loopStep());
    long each = Range.sum(step.cost(), within(names, loop.loopCondition()).cost());
    cost = Range.sum(cost, Range.product(size(range).most(), each));
    cost = Range.sum(cost, within(Map.of(loop.accuVar(), start), loop.result()).cost());
    return switch (loop.accuInit().getKind()) {
      case CONSTANT -> computed(expression, cost, known(start), null);
      case LIST, MAP -> computed(expression, cost, size(range), step.entries());
      default -> computed(expression, cost, null, null);
    };
  }

  /// A loop that runs over nothing gives a name to what it starts with.
  private static boolean isBinding(CelComprehension loop) {
    return loop.iterRange().getKind() == Kind.LIST
        && loop.iterRange().list().elements().isEmpty()
        && !loop.accuVar().equals("@result");
  }

  private boolean isList(Estimate range) {
    return range.entries() == null ? range.type().kind() == CelKind.LIST : range.entries().isList();
  }

  private Estimate key(Estimate range) {
    @Nullable Range keys = range.entries() == null ? null : range.entries().keys();
    String place = isList(range) ? "@indices" : "@keys";
    return new Estimate(0, joined(range.path(), place), keys, false, null, SimpleType.DYN);
  }

  private Estimate item(Estimate range) {
    @Nullable Range values = range.entries() == null ? null : range.entries().values();
    String place = isList(range) ? "@items" : "@values";
    return new Estimate(0, joined(range.path(), place), values, false, null, SimpleType.DYN);
  }

  private Estimate within(Map<String, Estimate> names, CelExpr expression) {
    Map<String, Estimate> hidden = new HashMap<>(locals);
    locals.putAll(names);
    Estimate estimate = of(expression);
    locals.clear();
    locals.putAll(hidden);
    return estimate;
  }

  private Estimate call(CelExpr expression) {
    CelExpr.CelCall call = expression.call();
    List<Estimate> arguments = new ArrayList<>();
    Tariff.parts(expression).forEach(each -> arguments.add(of(each)));
    if (call.function().equals("dyn")) {
      Estimate only = arguments.getFirst();
      return computed(expression, Range.sum(1, only.cost()), known(only), only.entries());
    }
    List<String> overloads =
        tree.getReference(expression.id())
            .map(reference -> List.copyOf(reference.overloadIds()))
            .orElse(List.of());
    CallEstimate calls =
        new CallEstimate(this, call, arguments, call.target().isPresent(), type(expression));
    long cost = 0;
    @Nullable Estimate made = null;
    for (String overload : overloads) {
      Estimate one = calls.of(overload);
      cost = Math.max(cost, one.cost());
      made = made == null ? one : either(made, one);
    }
    return made == null ? computed(expression, 0, null, null) : made.costing(cost);
  }

  private static Estimate either(Estimate one, Estimate other) {
    @Nullable Range size =
        one.size() == null
            ? other.size()
            : other.size() == null ? one.size() : one.size().or(other.size());
    return new Estimate(
        one.cost(),
        other.path().isEmpty() ? one.path() : other.path(),
        size,
        size != null,
        other.entries() == null ? one.entries() : other.entries(),
        one.type());
  }
}
