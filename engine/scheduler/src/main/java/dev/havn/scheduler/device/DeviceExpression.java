// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelOptionalLibrary;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a selector says of devices, in CEL. The language is loaded with the first one.
final class DeviceExpression {
  private static final Pattern NO_KEY = Pattern.compile("key '(.*?)' is not present in map");

  private final CelRuntime.Program program;

  private DeviceExpression(CelRuntime.Program program) {
    this.program = program;
  }

  /// An expression cannot be read, or fails for a device.
  static final class Problem extends Exception {
    private static final long serialVersionUID = 1;

    Problem(String message) {
      super(message);
    }
  }

  private static final class Loaded {
    private static final CelOptions OPTIONS =
        CelOptions.current().enableHeterogeneousNumericComparisons(true).build();
    private static final CelCompiler COMPILER =
        CelCompilerFactory.standardCelCompilerBuilder()
            .setOptions(OPTIONS)
            .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
            .addLibraries(
                CelExtensions.strings(),
                CelExtensions.sets(OPTIONS),
                CelExtensions.lists(),
                CelOptionalLibrary.INSTANCE,
                CelExtensions.bindings())
            .addFunctionDeclarations(DeviceFunctions.declarations())
            .addVar("device", SimpleType.DYN)
            .build();
    private static final CelRuntime RUNTIME =
        CelRuntimeFactory.plannerRuntimeBuilder()
            .setOptions(OPTIONS)
            .addLibraries(
                CelExtensions.strings(),
                CelExtensions.sets(OPTIONS),
                CelExtensions.lists(),
                CelOptionalLibrary.INSTANCE)
            .addFunctionBindings(DeviceFunctions.bindings())
            .build();
  }

  static DeviceExpression of(String text) throws Problem {
    try {
      CelAbstractSyntaxTree tree = Loaded.COMPILER.compile(text).getAst();
      return new DeviceExpression(Loaded.RUNTIME.createProgram(tree));
    } catch (CelValidationException | CelEvaluationException e) {
      throw new Problem("CEL compile error: " + e.getMessage());
    }
  }

  boolean selects(Offer offer) throws Problem {
    Object result;
    try {
      result = program.eval(Map.of("device", DeviceValues.of(offer)));
    } catch (CelEvaluationException | RuntimeException e) {
      throw new Problem("CEL runtime error: " + words(e));
    }
    if (result instanceof Boolean selected) {
      return selected;
    }
    throw new Problem("CEL expression returned " + result + " instead of bool");
  }

  /// As cel-go words it.
  private static String words(Exception e) {
    @Nullable String message = e.getMessage();
    Matcher noKey = NO_KEY.matcher(message == null ? "" : message);
    return noKey.find() ? "no such key: " + noKey.group(1) : String.valueOf(message);
  }

  /// Compiled ones by their text, those that were used last.
  static final class Cache {
    private static final int KEPT_MAX = 512;

    private final Map<String, DeviceExpression> compiled =
        new LinkedHashMap<>(16, 0.75f, true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, DeviceExpression> eldest) {
            return size() > KEPT_MAX;
          }
        };

    DeviceExpression of(String text) throws Problem {
      @Nullable DeviceExpression known = compiled.get(text);
      if (known == null) {
        known = DeviceExpression.of(text);
        compiled.put(text, known);
      }
      return known;
    }
  }
}
