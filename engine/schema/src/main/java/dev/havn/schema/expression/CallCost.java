// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.values.CelByteString;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a call costs when it is run, by what it is given: as Kubernetes charges it.
@FunctionalInterface
interface CallCost {
  /// Of reading one character or byte.
  double PER_CHAR = 0.1;

  /// Of one character of a pattern, for each unit that reading the text costs.
  double PER_PATTERN_CHAR = 0.25;

  /// A question to the authorizer: two of them and an expression has spent most of what it may.
  long QUESTION = 350_000;

  /// Of taking a list from the heap, with the call.
  long NEW_LIST = 1 + Tariff.LIST;

  CallCost ONE = arguments -> 1;

  long of(List<Object> arguments);

  /// @param overload the form of the function when it is known, else empty
  static CallCost of(String function, String overload) {
    return switch (function) {
      case "check" -> arguments -> QUESTION;
      case "fieldSelector", "labelSelector" -> arguments -> selector(size(arguments.get(1)));
      case "isSorted", "sum", "max", "min", "indexOf", "lastIndexOf" ->
          arguments -> traversal(arguments.getFirst());
      case "url",
          "lowerAscii",
          "upperAscii",
          "substring",
          "trim",
          "jsonpatch.escapeKey",
          "cidr",
          "isIP",
          "isCIDR",
          "quantity",
          "isQuantity",
          "semver",
          "isSemver",
          "startsWith",
          "endsWith",
          "format",
          "strings.quote" ->
          arguments -> read(size(arguments.getFirst()), 1);
      case "ip" ->
          arguments ->
              arguments.getFirst() instanceof CidrValue ? 1 : read(size(arguments.getFirst()), 1);
      case "split", "ip.isCanonical" -> arguments -> read(size(arguments.getFirst()), 2);
      case "replace" -> CallCost::replacing;
      case "join" -> arguments -> read(joined(arguments), 2);
      case "find", "findAll", "matches" ->
          arguments -> matching(size(arguments.get(0)), size(arguments.get(1)));
      case "validate" ->
          arguments ->
              matching(size(arguments.get(1)), NamedFormat.patternChars(arguments.getFirst()));
      case "contains" ->
          arguments -> times(read(size(arguments.get(0)), 1), read(size(arguments.get(1)), 1));
      case "containsIP" -> CallCost::containsIp;
      case "containsCIDR" -> CallCost::containsCidr;
      case "bytes", "string" -> CallCost::conversion;
      case "@in" -> arguments -> arguments.get(1) instanceof Map ? 1 : size(arguments.get(1));
      case "_==_", "_!=_" -> CallCost::equality;
      case "_<_", "_<=_", "_>_", "_>=_" -> CallCost::order;
      case "_+_" -> CallCost::sum;
      default -> ofList(function, overload);
    };
  }

  private static CallCost ofList(String function, String overload) {
    return switch (function) {
      case "sets.contains", "sets.intersects" ->
          arguments -> 1 + times(size(arguments.get(0)), size(arguments.get(1)));
      case "sets.equivalent" ->
          arguments -> 1 + times(2, times(size(arguments.get(0)), size(arguments.get(1))));
      case "lists.range" -> arguments -> NEW_LIST + Math.max(0, number(arguments.getFirst()));
      case "slice" ->
          arguments -> NEW_LIST + Math.max(0, number(arguments.get(2)) - number(arguments.get(1)));
      case "reverse" ->
          arguments -> arguments.getFirst() instanceof List<?> list ? NEW_LIST + list.size() : 1;
      case "flatten" -> CallCost::flattening;
      case "distinct", "sort" -> arguments -> compared(arguments.getFirst());
      default ->
          function.contains("sortByAssociatedKeys") || overload.contains("sortByAssociatedKeys")
              ? arguments -> compared(arguments.getLast())
              : ONE;
    };
  }

  private static long number(Object value) {
    return value instanceof Number number ? number.longValue() : 0;
  }

  /// As the language's `size`; 1 for what has none.
  static long size(Object value) {
    return switch (value) {
      case String text -> text.codePointCount(0, text.length());
      case CelByteString bytes -> bytes.size();
      case Collection<?> items -> items.size();
      case Map<?, ?> map -> map.size();
      case CidrValue cidr -> (cidr.bits() + 7) / 8;
      case IpValue ip -> ip.address().getAddress().length;
      case Optional<?> optional -> optional.<Long>map(CallCost::size).orElse(1L);
      default -> 1;
    };
  }

  /// Of reading so many characters so often.
  static long read(long chars, int times) {
    return (long) Math.ceil(chars * (PER_CHAR * times));
  }

  static long matching(long chars, long patternChars) {
    return times(
        (long) Math.ceil((1.0 + chars) * PER_CHAR),
        (long) Math.ceil(patternChars * PER_PATTERN_CHAR));
  }

  /// The product, or the largest number.
  static long times(long one, long other) {
    long high = Math.multiplyHigh(one, other);
    return high != 0 || one * other < 0 ? Long.MAX_VALUE / 4 : one * other;
  }

  /// A selector is read into a list of requirements, each a structure with a list.
  static long selector(long chars) {
    return Tariff.LIST
        + read(chars, 1)
        + (long) Math.ceil(Math.ceil(chars * 0.5) * (Tariff.LIST + Tariff.OBJECT));
  }

  private static long traversal(Object value) {
    return switch (value) {
      case String text ->
          (long) (text.getBytes(java.nio.charset.StandardCharsets.UTF_8).length * PER_CHAR);
      case CelByteString bytes -> (long) (bytes.size() * PER_CHAR);
      case Collection<?> items -> items.stream().mapToLong(CallCost::traversal).sum();
      case Map<?, ?> map ->
          map.entrySet().stream()
              .mapToLong(each -> traversal(each.getKey()) + traversal(each.getValue()))
              .sum();
      default -> 1;
    };
  }

  /// More than may be spent when the result would be longer than a text may be.
  private static long replacing(List<Object> arguments) {
    if (!(arguments.get(0) instanceof String text)
        || !(arguments.get(1) instanceof String old)
        || !(arguments.get(2) instanceof String fresh)) {
      return 1;
    }
    long times = old.isEmpty() ? text.length() + 1L : 0;
    for (int at = old.isEmpty() ? -1 : text.indexOf(old);
        at >= 0;
        at = text.indexOf(old, at + old.length())) {
      times++;
    }
    long chars = text.length() + times * (fresh.length() - old.length());
    return chars > Meter.CHARS_MAX ? Meter.COST_MAX + 1 : read(size(text), 2);
  }

  /// The same of lists.
  private static long flattening(List<Object> arguments) {
    long depth = arguments.size() == 1 ? 1 : Math.max(0, number(arguments.get(1)));
    long items = Weight.of(arguments.getFirst(), Meter.SEEN_MAX);
    return items > Meter.SEEN_MAX
        ? Meter.COST_MAX + 1
        : NEW_LIST + times(size(arguments.getFirst()), depth);
  }

  /// How long a list is as one text.
  private static long joined(List<Object> arguments) {
    if (!(arguments.getFirst() instanceof Collection<?> items)) {
      return 1;
    }
    long separator = arguments.size() == 1 ? 0 : size(arguments.get(1));
    long chars = times(separator, Math.max(0, items.size() - 1));
    for (Object each : items) {
      chars += size(each);
    }
    return chars;
  }

  private static long containsIp(List<Object> arguments) {
    long parsed = arguments.get(1) instanceof String text ? read(size(text), 1) : 0;
    return read(size(arguments.getFirst()), 2) + parsed;
  }

  private static long containsCidr(List<Object> arguments) {
    return containsIp(arguments) + read(size(arguments.getFirst()), 1) + 1;
  }

  private static long conversion(List<Object> arguments) {
    Object value = arguments.getFirst();
    boolean changes = value instanceof CelByteString || value instanceof String;
    return changes ? read(size(value), 1) : 1;
  }

  private static long equality(List<Object> arguments) {
    return switch (arguments.getFirst()) {
      case IpValue _, CidrValue _ -> 1;
      default -> read(Math.min(size(arguments.get(0)), size(arguments.get(1))), 1);
    };
  }

  private static long order(List<Object> arguments) {
    Object one = arguments.get(0);
    boolean reads = one instanceof String || one instanceof CelByteString;
    return reads ? read(Math.min(size(one), size(arguments.get(1))), 1) : 1;
  }

  private static long sum(List<Object> arguments) {
    Object one = arguments.get(0);
    boolean copies = one instanceof String || one instanceof CelByteString;
    return copies ? read(size(one) + size(arguments.get(1)), 1) : 1;
  }

  private static long compared(Object list) {
    if (!(list instanceof List<?> items) || items.isEmpty()) {
      return NEW_LIST;
    }
    boolean reads = items.getFirst() instanceof String || items.getFirst() instanceof CelByteString;
    double each = 2.0 + (reads ? PER_CHAR : 0);
    return (long) (each * items.size() * items.size()) + NEW_LIST;
  }
}
