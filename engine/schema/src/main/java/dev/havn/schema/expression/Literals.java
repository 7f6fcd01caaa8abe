// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.ast.CelConstant;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.havn.schema.codec.GoDuration;
import java.time.DateTimeException;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// What can be known of constants when an expression is written: patterns, times and durations that
/// are none, lists of different things.
final class Literals {
  /// Functions whose arguments may be lists of different things.
  private static final Set<String> MIXING = Set.of("format", "lists.@sortByAssociatedKeys");

  private static final Set<String> BOOLEANS =
      Set.of("1", "t", "T", "true", "TRUE", "True", "0", "f", "F", "false", "FALSE", "False");

  private final CelAbstractSyntaxTree tree;
  private final List<Problem> problems = new ArrayList<>();

  private Literals(CelAbstractSyntaxTree tree) {
    this.tree = tree;
  }

  /// @param id of the step that is to blame
  record Problem(long id, String message) {}

  static List<Problem> problems(CelAbstractSyntaxTree tree) {
    Literals literals = new Literals(tree);
    literals.look(tree.getExpr(), false);
    return literals.problems;
  }

  /// What cannot be computed of constants before the first run; empty when all can.
  static Optional<String> conversion(CelExpr expression) {
    if (expression.getKind() == Kind.CALL) {
      CelExpr.CelCall call = expression.call();
      boolean isOfText =
          call.target().isEmpty()
              && call.args().size() == 1
              && call.args().getFirst().getKind() == Kind.CONSTANT
              && call.args().getFirst().constant().getKind() == CelConstant.Kind.STRING_VALUE;
      if (isOfText && !converts(call.function(), call.args().getFirst().constant().stringValue())) {
        return Optional.of("type conversion error from 'string' to '" + call.function() + "'");
      }
    }
    return Tariff.parts(expression).stream()
        .map(Literals::conversion)
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static boolean converts(String function, String text) {
    try {
      switch (function) {
        case "int" -> Long.parseLong(text);
        case "uint" -> Long.parseUnsignedLong(text);
        case "double" -> Double.parseDouble(text);
        case "bool" -> {
          return BOOLEANS.contains(text);
        }
        default -> {
          return true;
        }
      }
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  private void look(CelExpr expression, boolean mixes) {
    switch (expression.getKind()) {
      case CALL -> call(expression.call());
      case LIST -> {
        if (!mixes) {
          same(expression.list().elements());
        }
      }
      case MAP -> {
        same(expression.map().entries().stream().map(CelExpr.CelMap.Entry::key).toList());
        same(expression.map().entries().stream().map(CelExpr.CelMap.Entry::value).toList());
      }
      case CONSTANT, IDENT, SELECT, STRUCT, COMPREHENSION, NOT_SET -> {}
    }
    boolean below =
        mixes || expression.getKind() == Kind.CALL && MIXING.contains(expression.call().function());
    for (CelExpr each : Tariff.parts(expression)) {
      look(each, below);
    }
  }

  /// All must be of the type of the first.
  private void same(List<CelExpr> all) {
    if (all.isEmpty()) {
      return;
    }
    CelType first = type(all.getFirst());
    for (CelExpr each : all) {
      CelType type = type(each);
      if (!isAny(first) && !isAny(type) && !first.isAssignableFrom(type)) {
        problems.add(
            new Problem(
                each.id(),
                "expected type '%s' but found '%s'"
                    .formatted(Scope.named(first), Scope.named(type))));
        return;
      }
    }
  }

  private CelType type(CelExpr expression) {
    return tree.getType(expression.id()).orElse(SimpleType.DYN);
  }

  private static boolean isAny(CelType type) {
    return type.equals(SimpleType.DYN) || type.equals(SimpleType.NULL_TYPE);
  }

  private void call(CelExpr.CelCall call) {
    List<CelExpr> arguments = call.args();
    switch (call.function()) {
      case "matches" -> look(arguments, "matches", Literals::isPattern);
      case "timestamp" -> look(arguments, "timestamp", Literals::isTime);
      case "duration" -> look(arguments, "duration", text -> GoDuration.parse(text).isPresent());
      default -> {}
    }
  }

  private void look(
      List<CelExpr> arguments, String function, java.util.function.Predicate<String> isOne) {
    if (arguments.isEmpty() || arguments.getLast().getKind() != Kind.CONSTANT) {
      return;
    }
    CelExpr last = arguments.getLast();
    if (last.constant().getKind() == CelConstant.Kind.STRING_VALUE
        && !isOne.test(last.constant().stringValue())) {
      problems.add(new Problem(last.id(), "invalid " + function + " argument"));
    }
  }

  private static boolean isPattern(String text) {
    try {
      Pattern.compile(text);
      return true;
    } catch (PatternSyntaxException e) {
      return false;
    }
  }

  private static boolean isTime(String text) {
    try {
      OffsetDateTime.parse(text);
      return true;
    } catch (DateTimeException e) {
      return false;
    }
  }
}
