// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelKind;
import dev.cel.common.types.CelType;
import dev.havn.schema.expression.Estimator.Entries;
import dev.havn.schema.expression.Estimator.Estimate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a call can cost at most, and how large its result can be.
///
/// @param arguments the owner first, if there is one
/// @param isMember whether there is one
/// @param type of the result
record CallEstimate(
    Estimator estimator,
    CelExpr.CelCall call,
    List<Estimate> arguments,
    boolean isMember,
    CelType type) {
  private static final double PER_CHAR = CallCost.PER_CHAR;

  /// The longest pattern of a named format counts as long as this.
  private static final int FORMAT_PATTERN_CHARS = 128;

  private static final int FORMAT_CHARS_MAX = 64;

  /// The bytes of an address, twice: of it and of what it is compared with.
  private static final Range ADDRESSES = new Range(8, 32);

  /// @param cost of the call alone
  private record Call(long cost, @Nullable Range result) {
    static Call of(long cost) {
      return new Call(cost, null);
    }
  }

  /// When a form of the function is called.
  Estimate of(String overload) {
    return switch (call.function()) {
      case "_&&_", "_||_" -> made(0, null, null);
      case "_?_:_" -> choice();
      case "_[_]" -> access(overload);
      default -> {
        Call own = own(overload);
        yield made(Range.sum(all(), own.cost()), own.result(), entries());
      }
    };
  }

  private Estimate made(long cost, @Nullable Range size, @Nullable Entries entries) {
    long whole = call.function().equals("_&&_") || call.function().equals("_||_") ? all() : cost;
    return new Estimate(whole, List.of(), size, size != null, entries, type);
  }

  private long all() {
    return arguments.stream().mapToLong(Estimate::cost).reduce(0, Range::sum);
  }

  private Range size(int index) {
    return estimator.size(arguments.get(index));
  }

  private Estimate choice() {
    Estimate condition = arguments.get(0);
    Estimate one = arguments.get(1);
    Estimate other = arguments.get(2);
    return made(
        Range.sum(condition.cost(), Math.max(one.cost(), other.cost())),
        size(1).or(size(2)),
        Entries.either(one.entries(), other.entries()));
  }

  private Estimate access(String overload) {
    Estimate owner = arguments.getFirst();
    boolean isList = overload.contains("list");
    List<String> path = Estimator.joined(owner.path(), isList ? "@items" : "@values");
    @Nullable Range size = owner.entries() == null ? null : owner.entries().values();
    if (size == null) {
      size = estimator.described(path);
    }
    return new Estimate(Range.sum(all(), 1), path, size, size != null, null, type);
  }

  private @Nullable Entries entries() {
    return call.function().equals("_+_")
        ? Entries.either(arguments.get(1).entries(), arguments.get(0).entries())
        : null;
  }

  private Call own(String overload) {
    return switch (call.function()) {
      case "check" -> Call.of(CallCost.QUESTION);
      case "fieldSelector", "labelSelector" -> Call.of(selector(size(1).most()));
      case "isSorted", "sum", "max", "min", "indexOf", "lastIndexOf" -> traversal();
      case "url", "jsonpatch.escapeKey", "lowerAscii", "upperAscii", "substring", "trim" ->
          new Call(size(0).read(PER_CHAR), size(0));
      case "cidr", "isIP", "isCIDR", "quantity", "isQuantity", "semver", "isSemver", "format" ->
          Call.of(size(0).read(PER_CHAR));
      case "ip" -> Call.of(isMember ? 1 : size(0).read(PER_CHAR));
      case "ip.isCanonical" -> Call.of(size(0).read(2 * PER_CHAR));
      case "replace" -> replacing();
      case "split" -> splitting();
      case "join" -> joining();
      case "find", "findAll" -> new Call(matching(size(1).most()), new Range(0, size(0).most()));
      case "matches" -> Call.of(matching(size(1).most()));
      case "contains" -> Call.of(Range.product(size(0).read(PER_CHAR), size(1).read(PER_CHAR)));
      case "startsWith", "endsWith" -> Call.of(size(1).read(PER_CHAR));
      case "containsIP" -> Call.of(ADDRESSES.read(PER_CHAR) + parsed());
      case "containsCIDR" ->
          Call.of(ADDRESSES.read(PER_CHAR) + new Range(4, 16).read(PER_CHAR) + 1 + parsed());
      case "validate" ->
          Call.of(
              Range.scaled(
                  size(1).read(PER_CHAR), FORMAT_PATTERN_CHARS * CallCost.PER_PATTERN_CHAR));
      case "strings.quote" ->
          new Call(size(0).read(PER_CHAR), size(0).plus(size(0)).plus(Range.of(2)));
      case "@in" -> Call.of(overload.contains("list") ? size(1).most() : 1);
      case "_==_", "_!=_" -> Call.of(equality());
      default -> ofTypes(overload);
    };
  }

  private Call ofTypes(String overload) {
    boolean isText = overload.contains("string") || overload.contains("bytes");
    return switch (call.function()) {
      case "_<_", "_<=_", "_>_", "_>=_" -> Call.of(isText ? shorter() : 1);
      case "_+_" -> {
        Range sum = size(0).plus(size(1));
        yield isText
            ? new Call(sum.read(PER_CHAR), sum)
            : new Call(1, overload.contains("list") ? sum : null);
      }
      case "bytes" ->
          overload.contains("string")
              ? new Call(size(0).read(PER_CHAR), size(0).times(new Range(1, 4)))
              : Call.of(1);
      case "string" ->
          overload.contains("bytes")
              ? new Call(size(0).read(PER_CHAR), new Range(size(0).least() / 4, size(0).most()))
              : Call.of(1);
      default -> ofList(overload);
    };
  }

  private Call ofList(String overload) {
    return switch (call.function()) {
      case "sets.contains", "sets.intersects" ->
          Call.of(Range.sum(1, size(0).times(size(1)).most()));
      case "sets.equivalent" ->
          Call.of(Range.sum(1, Range.product(2, size(0).times(size(1)).most())));
      case "lists.range" -> allocating(1, Range.of(number(0, Long.MAX_VALUE)));
      case "slice" ->
          allocating(
              1, Range.of(Math.max(0, number(2, size(0).most()) - Math.max(0, number(1, 0)))));
      case "reverse" -> overload.contains("list") ? allocating(1, size(0)) : Call.of(1);
      case "flatten" ->
          allocating(number(1, overload.contains("int") ? Long.MAX_VALUE : 1), size(0));
      case "distinct" -> allocating(2, size(0).times(size(0)));
      case "sort" -> allocating(comparing(type), size(0).times(size(0)));
      case "lists.@sortByAssociatedKeys" -> allocating(comparing(type), size(0).times(size(0)));
      default -> Call.of(1);
    };
  }

  private static double comparing(CelType list) {
    CelKind kind = list.parameters().isEmpty() ? CelKind.DYN : list.parameters().getFirst().kind();
    return 2 + (kind == CelKind.STRING || kind == CelKind.BYTES ? PER_CHAR : 0);
  }

  private static Call allocating(double each, Range items) {
    return new Call(Range.sum(Range.scaled(items.most(), each), CallCost.NEW_LIST), items);
  }

  /// A constant argument, if it is one.
  private long number(int index, long otherwise) {
    int own = isMember ? index - 1 : index;
    if (own >= call.args().size() || call.args().get(own).getKind() != Kind.CONSTANT) {
      return otherwise;
    }
    CelConstant constant = call.args().get(own).constant();
    return constant.getKind() == CelConstant.Kind.INT64_VALUE
        ? Math.max(0, constant.int64Value())
        : otherwise;
  }

  private static long selector(long chars) {
    long requirements =
        Range.scaled(Range.scaled(chars, 0.5), (double) (Tariff.LIST + Tariff.OBJECT));
    return Range.sum(Tariff.LIST, Range.sum(Range.scaled(chars, PER_CHAR), requirements));
  }

  private long matching(long patternChars) {
    return Range.product(
        size(0).plus(Range.ONE).read(PER_CHAR),
        Range.scaled(patternChars, CallCost.PER_PATTERN_CHAR));
  }

  private long parsed() {
    boolean isText = arguments.get(1).type().kind() == CelKind.STRING;
    return isText ? size(1).read(PER_CHAR) : 0;
  }

  private long shorter() {
    return Range.scaled(Math.min(size(0).most(), size(1).most()), PER_CHAR);
  }

  private long equality() {
    String name = arguments.getFirst().type().name();
    boolean isSame = name.equals(arguments.get(1).type().name());
    if (!isSame || !(name.startsWith("kubernetes.") || name.startsWith("net."))) {
      return shorter();
    }
    return switch (name) {
      case "kubernetes.NamedFormat" -> Range.scaled(FORMAT_CHARS_MAX, PER_CHAR);
      case "kubernetes.URL" ->
          Range.scaled(
              arguments.get(1).size() == null ? 1 : arguments.get(1).size().most(), PER_CHAR);
      default -> 1;
    };
  }

  /// The items of a list as they are described.
  private Range items(Estimate list) {
    if (list.path().isEmpty()) {
      return Range.UNKNOWN;
    }
    return Range.orUnknown(estimator.described(Estimator.joined(list.path(), "@items")));
  }

  private Call traversal() {
    Estimate owner = arguments.getFirst();
    if (owner.type().kind() != CelKind.LIST) {
      return Call.of(size(0).read(PER_CHAR));
    }
    CelKind kind = owner.type().parameters().getFirst().kind();
    boolean isText = kind == CelKind.STRING || kind == CelKind.BYTES;
    long each = Range.sum(1, isText ? items(owner).read(PER_CHAR) : 0);
    return Call.of(Range.product(size(0).most(), each));
  }

  /// The longest result has the shortest texts replaced by the longest.
  private Call replacing() {
    Range text = size(0);
    Range old = size(1);
    Range fresh = size(2);
    long most;
    if (old.least() == 0) {
      most = Range.sum(Range.product(Range.sum(text.most(), 1), fresh.most()), text.most());
    } else if (fresh.most() <= old.least()) {
      most = text.most();
    } else {
      most = Range.product(Range.scaled(text.most(), 1.0 / old.least()), fresh.most());
    }
    long least;
    if (old.most() == 0) {
      least = Range.sum(Range.product(text.least() + 1, fresh.least()), text.least());
    } else if (old.most() <= fresh.least()) {
      least = text.least();
    } else {
      least = Range.product(Range.scaled(text.least(), 1.0 / old.most()), fresh.least());
    }
    return new Call(text.read(2 * PER_CHAR), new Range(least, most));
  }

  private Call splitting() {
    long most = arguments.size() > 2 ? number(2, size(0).most()) : size(0).most();
    return new Call(size(0).read(2 * PER_CHAR), new Range(0, most));
  }

  private Call joining() {
    Range count = size(0);
    Range chars = count.times(items(arguments.getFirst()));
    if (arguments.size() > 1) {
      Range gaps = new Range(Math.max(0, count.least() - 1), Math.max(0, count.most() - 1));
      chars = chars.plus(size(1).times(gaps));
    }
    return new Call(chars.read(PER_CHAR), chars);
  }
}
