// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.values.CelValueProvider;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelOptionalLibrary;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import dev.cel.runtime.Program;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A compiled expression, for many threads.
public final class Expression {
  /// Steps of all comprehensions of one evaluation; Kubernetes bounds the cost instead.
  private static final int ITERATIONS_MAX = 100_000;

  private static final Pattern NO_KEY = Pattern.compile("key '(.*?)' is not present in map");
  private static final Pattern BOUNDS = Pattern.compile("Index out of bounds: (-?[0-9]+)");

  private final String text;
  private final Program program;

  private Expression(String text, Program program) {
    this.text = text;
    this.program = program;
  }

  /// Loaded with the first expression that is evaluated.
  private static final class Loaded {
    private static final CelRuntime RUNTIME = runtime();

    private static CelRuntime runtime() {
      CelOptions options =
          CelOptions.current()
              .enableHeterogeneousNumericComparisons(true)
              .comprehensionMaxIterations(ITERATIONS_MAX)
              .build();
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

  static Expression of(String text, CelAbstractSyntaxTree tree) {
    try {
      return new Expression(text, Loaded.RUNTIME.createProgram(tree));
    } catch (CelEvaluationException e) {
      throw new EvaluationException("expression '" + text + "' cannot be planned", e);
    }
  }

  /// Its value.
  ///
  /// @param variables by name; values as [Values] makes them
  /// @throws EvaluationException when it has none
  public Object evaluate(Map<String, ?> variables) {
    try {
      return program.eval(variables);
    } catch (CelEvaluationException e) {
      throw new EvaluationException(
          "expression '" + text.strip() + "' resulted in error: " + words(e), e);
    }
  }

  private static String words(CelEvaluationException e) {
    String message = String.valueOf(e.getMessage());
    Matcher key = NO_KEY.matcher(message);
    if (key.find()) {
      return "no such key: " + key.group(1);
    }
    Matcher bounds = BOUNDS.matcher(message);
    if (bounds.find()) {
      return "index out of bounds: " + bounds.group(1);
    }
    if (message.contains("/ by zero")) {
      return "division by zero";
    }
    if (message.contains("Iteration budget exceeded")) {
      return "operation cancelled: actual cost limit exceeded";
    }
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage())
        .replaceFirst("^evaluation error( at [^:]*:[0-9]+)?: ", "");
  }
}
