// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSet;
import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelIssue;
import dev.cel.common.CelOptions;
import dev.cel.common.CelSource;
import dev.cel.common.CelSourceLocation;
import dev.cel.common.CelValidationException;
import dev.cel.common.CelValidationResult;
import dev.cel.common.types.CelType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.OptionalType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerBuilder;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.extensions.CelExtensions;
import dev.cel.extensions.CelOptionalLibrary;
import dev.cel.parser.CelStandardMacro;
import dev.havn.schema.ResourceType;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What an expression may speak of, and the compiler that knows it. One thread at a time.
public final class Scope {
  private static final Pattern SYNTAX =
      Pattern.compile(
          "^(mismatched input|extraneous input|no viable alternative|missing |token recognition)");
  private static final String REFUSED = "compilation failed: ";
  private static final Pattern WORD = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern CANDIDATES = Pattern.compile(" \\(candidates: .*\\)$");

  private final Map<String, CelType> variables = new LinkedHashMap<>();
  private final Map<String, CelType> composed = new HashMap<>();
  private final Map<String, StructType> types;
  private final boolean patches;
  private final boolean binds;
  private @Nullable SchemaSizes sizes;

  /// @param patches whether it makes objects
  /// @param binds whether `cel.bind` is there
  private Scope(Map<String, StructType> types, boolean patches, boolean binds) {
    this.types = new HashMap<>(types);
    this.patches = patches;
    this.binds = binds;
  }

  /// Loaded with the first expression.
  private static final class Loaded {
    private static final Library LIBRARY = Library.load();
    private static final CelCompiler BASE = base();

    private static CelCompiler base() {
      return CelCompilerFactory.standardCelCompilerBuilder()
          .setOptions(CelOptions.current().enableHeterogeneousNumericComparisons(true).build())
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .addLibraries(
              CelExtensions.strings(),
              CelExtensions.sets(CelOptions.DEFAULT),
              CelExtensions.lists(),
              CelExtensions.comprehensions(),
              CelOptionalLibrary.INSTANCE)
          .addFunctionDeclarations(LIBRARY.functions())
          .build();
    }
  }

  /// What the result must be.
  public enum Result {
    BOOL("bool"),
    STRING("string"),
    STRING_OR_NULL("string", "null_type"),
    OBJECT("Object"),
    PATCHES("list(JSONPatch)"),
    /// of a selector of devices: `bool`, or what may be one
    DEVICE("bool", "dyn", "any"),
    ANY;

    private final List<String> names;

    Result(String... names) {
      this.names = List.of(names);
    }
  }

  /// Of a request at admission.
  ///
  /// @param parameters whether the policy has parameters
  /// @param authorizer whether rights may be asked for
  /// @param patches whether the expression makes objects
  public static Scope admission(boolean parameters, boolean authorizer, boolean patches) {
    Scope scope = new Scope(Loaded.LIBRARY.types(), patches, false);
    scope.variables.put("object", SimpleType.DYN);
    scope.variables.put("oldObject", SimpleType.DYN);
    scope.variables.put("request", Loaded.LIBRARY.type("kubernetes.AdmissionRequest"));
    scope.variables.put("namespaceObject", Loaded.LIBRARY.type("kubernetes.Namespace"));
    if (parameters) {
      scope.variables.put("params", SimpleType.DYN);
    }
    if (authorizer) {
      CelType type = Loaded.LIBRARY.type("kubernetes.authorization.Authorizer");
      CelType check = Loaded.LIBRARY.type("kubernetes.authorization.ResourceCheck");
      scope.variables.put("authorizer", type);
      scope.variables.put("authorizer.requestResource", check);
    }
    return scope;
  }

  /// The same when it is known of which type the object and the parameters are: so it can be told
  /// which expressions have no value for any of them.
  ///
  /// @param params null when they are of no known type
  public static Scope typed(
      ResourceType object, boolean hasParameters, @Nullable ResourceType params) {
    Scope scope = admission(hasParameters, true, false);
    CelType type = scope.type(object, "object." + object.kind());
    scope.variables.put("object", type);
    scope.variables.put("oldObject", type);
    if (params != null) {
      scope.variables.put("params", scope.type(params, "params." + params.kind()));
    }
    return scope;
  }

  private CelType type(ResourceType resource, String name) {
    if (resource.custom() != null) {
      JsonNode schema = resource.custom().schema().source();
      return SchemaTypes.resource(schema, name, types).orElse(SimpleType.DYN);
    }
    StructTypes built = new StructTypes();
    CelType type = built.of(resource.schema(), name);
    types.putAll(built.named());
    return type;
  }

  /// What is wrong with the types in an expression, whatever the type of its result.
  public Optional<String> typeProblem(String expression) {
    return compile(expression, Result.ANY)
        .problem()
        .filter(problem -> problem.startsWith(REFUSED))
        .map(problem -> problem.substring(REFUSED.length()));
  }

  /// The same without the right to ask for rights.
  public Scope withoutAuthorizer(boolean parameters) {
    Scope scope = admission(parameters, false, patches);
    scope.composed.putAll(composed);
    return scope;
  }

  /// Of a device that a claim may get.
  public static Scope device() {
    Scope scope = new Scope(Loaded.LIBRARY.types(), false, true);
    scope.variables.put("device", Loaded.LIBRARY.type("kubernetes.DRADevice"));
    return scope;
  }

  /// Of the claims of a token that an identity provider issued.
  public static Scope claims() {
    Scope scope = new Scope(Loaded.LIBRARY.types(), false, false);
    scope.variables.put("claims", MapType.create(SimpleType.STRING, SimpleType.DYN));
    return scope;
  }

  /// Of the user that such claims make.
  public static Scope user() {
    Scope scope = new Scope(Loaded.LIBRARY.types(), false, false);
    scope.variables.put("user", Loaded.LIBRARY.type("kubernetes.UserInfo"));
    return scope;
  }

  /// Of what somebody wants to do, as the `spec` of a SubjectAccessReview says it.
  public static Scope accessReview() {
    Scope scope = new Scope(Loaded.LIBRARY.types(), false, false);
    scope.variables.put("request", Loaded.LIBRARY.type("kubernetes.SubjectAccessReviewSpec"));
    return scope;
  }

  /// Of a value that a schema describes.
  ///
  /// @param self its type, and those of what is in it by their names
  /// @param optional whether the old value may be absent
  static Scope value(
      CelType self, Map<String, StructType> inner, boolean optional, SchemaSizes sizes) {
    Scope scope = new Scope(Loaded.LIBRARY.types(), false, false);
    scope.sizes = sizes;
    scope.types.putAll(inner);
    scope.variables.put("self", self);
    scope.variables.put("oldSelf", optional ? OptionalType.create(self) : self);
    return scope;
  }

  /// What an expression is found to be before it is run.
  ///
  /// @param problem what is wrong with it, or empty
  /// @param cost of a run at most, as Kubernetes estimates it; 0 where values have no schema
  /// @param usesOldValue whether it speaks of `oldSelf`
  public record Found(Optional<String> problem, long cost, boolean usesOldValue) {}

  /// Looks at an expression.
  public Found look(String expression, Result wanted) {
    Compiled compiled = compile(expression, wanted);
    if (compiled.problem().isPresent() || compiled.tree().isEmpty()) {
      return new Found(compiled.problem(), 0, false);
    }
    CelAbstractSyntaxTree tree = compiled.tree().get();
    long cost = sizes == null ? 0 : Estimator.cost(tree, sizes);
    boolean usesOldValue =
        tree.getReferenceMap().values().stream().anyMatch(each -> each.name().equals("oldSelf"));
    return new Found(Optional.empty(), cost, usesOldValue);
  }

  /// What is wrong with an expression; empty when nothing is.
  public Optional<String> problem(String expression, Result wanted) {
    return compile(expression, wanted).problem();
  }

  /// The same of an expression whose result others may use as `variables.name`.
  public Optional<String> define(String name, String expression) {
    Compiled compiled = compile(expression, Result.ANY);
    compiled.type().ifPresent(type -> composed.put(name, type));
    return compiled.problem();
  }

  /// The expression, ready to be evaluated.
  ///
  /// @throws IllegalArgumentException when there is a problem
  public Expression expression(String expression, Result wanted) {
    Compiled compiled = compile(expression, wanted);
    if (compiled.problem().isPresent()) {
      throw new IllegalArgumentException(compiled.problem().get());
    }
    return Expression.of(expression, compiled.tree().orElseThrow());
  }

  /// The same of one whose result others may use as `variables.name`.
  public Expression defining(String name, String expression) {
    define(name, expression);
    return expression(expression, Result.ANY);
  }

  /// @param tree empty when there is no result at all
  private record Compiled(Optional<CelAbstractSyntaxTree> tree, Optional<String> problem) {
    Optional<CelType> type() {
      return tree.map(CelAbstractSyntaxTree::getResultType);
    }
  }

  private Compiled compile(String expression, Result wanted) {
    CelValidationResult result = compiler(expression).compile(expression, "<input>");
    CelAbstractSyntaxTree tree;
    try {
      tree = result.getAst();
    } catch (CelValidationException e) {
      return refused(result.getErrors(), result.getSource());
    }
    List<CelIssue> issues =
        Literals.problems(tree).stream().map(each -> issue(each, tree.getSource())).toList();
    if (!issues.isEmpty()) {
      return refused(issues, tree.getSource());
    }
    Optional<String> conversion = Literals.conversion(tree.getExpr());
    if (conversion.isPresent()) {
      return new Compiled(
          Optional.of(tree), Optional.of("program instantiation failed: " + conversion.get()));
    }
    String type = named(tree.getResultType());
    boolean fits = wanted == Result.ANY || wanted.names.contains(type);
    return new Compiled(
        Optional.of(tree), fits ? Optional.empty() : Optional.of(mismatch(wanted, type)));
  }

  private static Compiled refused(List<CelIssue> issues, CelSource source) {
    return new Compiled(Optional.empty(), Optional.of(REFUSED + words(issues, source)));
  }

  private static CelIssue issue(Literals.Problem problem, CelSource source) {
    int offset = source.getPositionsMap().getOrDefault(problem.id(), 0);
    return CelIssue.formatError(
        source.getOffsetLocation(offset).orElse(CelSourceLocation.NONE), problem.message());
  }

  private static String mismatch(Result wanted, String got) {
    if (wanted == Result.DEVICE) {
      return "must evaluate to bool or the unknown type, not " + got;
    }
    return wanted.names.size() == 1
        ? "must evaluate to %s but got %s".formatted(wanted.names.getFirst(), got)
        : "must evaluate to one of [%s] but got %s".formatted(String.join(" ", wanted.names), got);
  }

  static String named(CelType type) {
    if (type.parameters().isEmpty()) {
      return type.name();
    }
    return type.name()
        + "("
        + String.join(", ", type.parameters().stream().map(Scope::named).toList())
        + ")";
  }

  /// The problems as Kubernetes words them.
  private static String words(List<CelIssue> issues, CelSource source) {
    boolean nothing = source.getContent().isEmpty();
    StringBuilder words = new StringBuilder();
    for (CelIssue issue : issues) {
      String message = CANDIDATES.matcher(issue.getMessage()).replaceAll("");
      String syntax = SYNTAX.matcher(message).find() ? "Syntax error: " : "";
      words
          .append(words.isEmpty() ? "" : "\n")
          .append(
              nothing
                  ? "ERROR: <input>:1:0: " + syntax + message
                  : CelIssue.formatError(issue.getSourceLocation(), syntax + message)
                      .toDisplayString(source));
    }
    return words.toString();
  }

  private CelCompiler compiler(String expression) {
    Map<String, StructType> named = new HashMap<>(types);
    CelCompilerBuilder builder = Loaded.BASE.toCompilerBuilder();
    if (binds) {
      builder.addLibraries(CelExtensions.bindings());
    }
    variables.forEach(builder::addVar);
    if (!composed.isEmpty()) {
      StructType own = Types.struct("kubernetes.variables", ImmutableMap.copyOf(composed));
      named.put(own.name(), own);
      builder.addVar("variables", own);
    }
    ImmutableSet<String> words =
        patches
            ? WORD.matcher(expression)
                .results()
                .map(MatchResult::group)
                .collect(ImmutableSet.toImmutableSet())
            : ImmutableSet.of();
    return builder.setTypeProvider(new Types(ImmutableMap.copyOf(named), patches, words)).build();
  }
}
