// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelOptionalLibrary;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// An expression that can be run, by many threads at once.
///
/// Each step costs one; Kubernetes counts the lengths of texts besides, so that it may stop sooner.
public final class Program {
  private static final Pattern KEY = Pattern.compile("key '(.*)' is not present in map");
  private static final Pattern INDEX = Pattern.compile("[Ii]ndex out of bounds: (-?[0-9]+)");

  private final CelRuntime.Program program;
  private final Set<String> used;

  private Program(CelRuntime.Program program, Set<String> used) {
    this.program = program;
    this.used = used;
  }

  /// Loaded with the first program.
  private static final class Loaded {
    private static final CelRuntime RUNTIME =
        CelRuntimeFactory.standardCelRuntimeBuilder()
            .setOptions(CelOptions.current().enableHeterogeneousNumericComparisons(true).build())
            .addLibraries(
                CelExtensions.strings(),
                CelExtensions.sets(CelOptions.DEFAULT),
                CelExtensions.lists(),
                CelExtensions.comprehensions(),
                CelOptionalLibrary.INSTANCE)
            .addFunctionBindings(Functions.all())
            .build();
  }

  static Program of(CelAbstractSyntaxTree tree, Collection<String> variables) {
    Set<String> used = new HashSet<>();
    CelNavigableAst.fromAst(tree)
        .getRoot()
        .allNodes()
        .filter(node -> node.getKind() == CelExpr.ExprKind.Kind.IDENT)
        .map(node -> node.expr().ident().name())
        .filter(variables::contains)
        .forEach(used::add);
    try {
      return new Program(Loaded.RUNTIME.createProgram(tree), used);
    } catch (CelEvaluationException e) {
      throw new IllegalStateException("a checked expression has no program", e);
    }
  }

  /// Whether the expression speaks of a variable.
  public boolean uses(String variable) {
    return used.contains(variable);
  }

  /// What came of it.
  public sealed interface Result {
    /// @param value of the types of dev.cel
    record Value(Object value, long cost) implements Result {}

    /// @param message as Kubernetes words it
    record Failure(String message, long cost) implements Result {}

    /// It was stopped, since it costs more than it may.
    record TooDear(long cost) implements Result {}

    /// Steps that were run.
    long cost();
  }

  private static final class CostException extends RuntimeException {
    CostException() {
      super("actual cost limit exceeded", null, false, false);
    }
  }

  /// @param costMax steps that it may run
  public Result run(Map<String, ?> variables, long costMax) {
    long[] cost = {0};
    try {
      Object value =
          program.trace(
              variables,
              (_, _) -> {
                if (++cost[0] > costMax) {
                  throw new CostException();
                }
              });
      return new Result.Value(value, cost[0]);
    } catch (CostException e) {
      return new Result.TooDear(cost[0]);
    } catch (CelEvaluationException | RuntimeException e) {
      return isTooDear(e) ? new Result.TooDear(cost[0]) : new Result.Failure(words(e), cost[0]);
    }
  }

  private static boolean isTooDear(Throwable thrown) {
    for (@Nullable Throwable each = thrown; each != null; each = each.getCause()) {
      if (each instanceof CostException) {
        return true;
      }
    }
    return false;
  }

  private static String words(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    String message = String.valueOf(cause.getMessage());
    message = message.replaceFirst("^evaluation error(?: at [^ ]+)?: ", "");
    Matcher key = KEY.matcher(message);
    if (key.find()) {
      return "no such key: " + key.group(1);
    }
    Matcher index = INDEX.matcher(message);
    if (index.find()) {
      return "index out of bounds: " + index.group(1);
    }
    if (message.contains("by zero")) {
      return message.contains("odul") ? "modulus by zero" : "division by zero";
    }
    return message.contains("overflow") ? "integer overflow" : message;
  }
}
