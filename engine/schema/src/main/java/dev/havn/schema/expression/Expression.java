// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.ast.CelExpr;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.values.CelValueProvider;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelOptionalLibrary;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A compiled expression, for many threads. What running it costs is counted as Kubernetes counts
/// it ([Tariff]), and no run costs more than [Meter#COST_MAX].
public final class Expression {
  private static final Pattern NO_KEY = Pattern.compile("key '(.*?)' is not present in map");
  private static final Pattern BOUNDS = Pattern.compile("[Ii]ndex out of bounds: (-?[0-9]+)");

  private final String text;
  private final CelRuntime.Program program;
  private final Tariff tariff;
  private final Set<String> names;

  private Expression(String text, CelRuntime.Program program, Tariff tariff, Set<String> names) {
    this.text = text;
    this.program = program;
    this.tariff = tariff;
    this.names = names;
  }

  /// Loaded with the first expression that is evaluated.
  private static final class Loaded {
    private static final CelRuntime RUNTIME = runtime();

    private static CelRuntime runtime() {
      CelOptions options = CelOptions.current().enableHeterogeneousNumericComparisons(true).build();
      CelValueProvider objects = (_, fields) -> Optional.of(new LinkedHashMap<>(fields));
      return CelRuntimeFactory.plannerRuntimeBuilder()
          .setOptions(options)
          .addLibraries(
              CelExtensions.strings(),
              CelExtensions.sets(options),
              CelExtensions.lists(),
              CelExtensions.comprehensions(),
              CelOptionalLibrary.INSTANCE)
          .setValueProvider(objects)
          .addFunctionBindings(dispatched())
          .build();
    }
  }

  /// Functions of several forms are told apart by what they are given when an expression does not
  /// say what that will be; those that extend a standard function are known by their types.
  private static List<CelFunctionBinding> dispatched() {
    Map<String, List<CelFunctionBinding>> byName = new LinkedHashMap<>();
    List<CelFunctionBinding> bindings = new ArrayList<>(Functions.all());
    bindings.addAll(RightsFunctions.all());
    for (CelFunctionBinding each : bindings) {
      byName.computeIfAbsent(name(each.getOverloadId()), _ -> new ArrayList<>()).add(each);
    }
    List<CelFunctionBinding> all = new ArrayList<>();
    byName.forEach(
        (name, group) ->
            all.addAll(
                group.size() == 1 || name.equals("string")
                    ? group
                    : CelFunctionBinding.fromOverloads(name, group)));
    return all;
  }

  private static String name(String id) {
    String before = id.substring(0, id.indexOf('('));
    // The types of a list stand in parentheses of their own.
    String whole = before.endsWith("list") ? id.substring(id.indexOf(").") + 1) : before;
    String plain = whole.contains("(") ? whole.substring(0, whole.indexOf('(')) : whole;
    return plain.substring(Math.max(plain.lastIndexOf('.'), plain.lastIndexOf(' ')) + 1);
  }

  static Expression of(String text, CelAbstractSyntaxTree checked) {
    CelAbstractSyntaxTree tree = OptionalFields.byKey(checked);
    Set<String> names = new HashSet<>();
    CelNavigableAst.fromAst(tree)
        .getRoot()
        .allNodes()
        .filter(node -> node.getKind() == CelExpr.ExprKind.Kind.IDENT)
        .forEach(node -> names.add(node.expr().ident().name()));
    try {
      return new Expression(
          text, Loaded.RUNTIME.createProgram(tree), new Tariff(tree), Set.copyOf(names));
    } catch (CelEvaluationException e) {
      throw new EvaluationException("expression '" + text + "' cannot be planned", e);
    }
  }

  /// As it was written.
  public String text() {
    return text;
  }

  /// Whether it speaks of a variable.
  public boolean uses(String variable) {
    return names.contains(variable);
  }

  /// What comes of it. Never throws.
  ///
  /// @param variables by name; values as [Values] or [SchemaValues] make them
  /// @param budget pays for it, also when it fails
  public Outcome outcome(Map<String, ?> variables, Budget budget) {
    Meter meter = new Meter(tariff, variables);
    @Nullable Object value = null;
    String problem = "";
    try {
      value = program.trace(variables, meter);
    } catch (CelEvaluationException | RuntimeException e) {
      problem = words(e);
    } catch (StackOverflowError deep) {
      problem = "the values are too deep";
    }
    if (!budget.spend(meter.cost())) {
      return new Outcome.Spent();
    }
    if (meter.isExceeded()) {
      return new Outcome.Failure(Outcome.CANCELLED);
    }
    return value == null ? new Outcome.Failure(problem) : new Outcome.Value(value);
  }

  /// Its value.
  ///
  /// @param variables by name; values as [Values] makes them
  /// @param budget pays for it
  /// @throws EvaluationException when it has none, or nothing is left to pay for it
  public Object evaluate(Map<String, ?> variables, Budget budget) {
    return switch (outcome(variables, budget)) {
      case Outcome.Value(Object value) -> value;
      case Outcome.Failure(String message) -> throw EvaluationException.of(text, message);
      case Outcome.Spent() -> throw EvaluationException.ofSpentBudget();
    };
  }

  private static String words(Throwable thrown) {
    Throwable cause = thrown;
    while (cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    String message =
        String.valueOf(cause.getMessage()).replaceFirst("^evaluation error(?: at [^ ]*)?: ", "");
    Matcher key = NO_KEY.matcher(message);
    if (key.find()) {
      return "no such key: " + key.group(1);
    }
    Matcher bounds = BOUNDS.matcher(message);
    if (bounds.find()) {
      return "index out of bounds: " + bounds.group(1);
    }
    if (message.contains("by zero")) {
      return message.contains("odul") ? "modulus by zero" : "division by zero";
    }
    return message.contains("overflow") ? "integer overflow" : message;
  }
}
