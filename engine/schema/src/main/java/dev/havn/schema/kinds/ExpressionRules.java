// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.expression.SchemaSizes;
import dev.havn.schema.expression.SchemaTypes;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/// What the rules of one JSON schema (`x-kubernetes-validations`) may say, and what they may cost
/// when they are run on the largest object that it lets in.
final class ExpressionRules {
  /// Of one rule, however often it is run for one object.
  private static final long COST_MAX = 10_000_000;

  /// Of all rules together.
  private static final long TOTAL_MAX = 100_000_000;

  /// So many of the dearest rules are named.
  private static final int NAMED_MAX = 4;

  private static final String ADVICE =
      " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays,"
          + " maps, and strings are declared)";

  private final boolean limitsEach;
  private final List<Dear> dear = new ArrayList<>();
  private long total;
  private int found;

  /// @param limitsEach whether single rules are refused for their cost: not in a schema that stays
  ///   as it was
  ExpressionRules(boolean limitsEach) {
    this.limitsEach = limitsEach;
  }

  private record Dear(At place, long cost) {}

  /// Where in an object a schema is met.
  ///
  /// @param times how often, at most; -1 when there is no bound but the size of a request
  /// @param list the nearest list around it whose items cannot be told apart over time, or empty
  record Place(boolean isRoot, long times, String list) {
    static final Place ROOT = new Place(true, 1, "");

    /// Of what stands in a value of `schema`.
    Place below(At schema) {
      return new Place(false, product(times, mostIn(schema)), list);
    }

    Place inItemsOf(At schema) {
      boolean isKeyed = schema.at("x-kubernetes-list-type").is("map");
      return new Place(false, below(schema).times, isKeyed ? list : schema.path());
    }

    private static long mostIn(At schema) {
      String bound =
          switch (schema.at("type").text()) {
            case "array" -> "maxItems";
            case "object" -> schema.at("additionalProperties").isThere() ? "maxProperties" : "";
            default -> "";
          };
      if (bound.isEmpty()) {
        return 1;
      }
      return schema.at(bound).isThere() ? Math.max(0, schema.at(bound).number()) : -1;
    }
  }

  private static long product(long one, long other) {
    if (one < 0 || other < 0) {
      return -1;
    }
    boolean fits = Math.multiplyHigh(one, other) == 0 && one * other >= 0;
    return fits ? one * other : Long.MAX_VALUE;
  }

  /// The number of errors that were found.
  int found() {
    return found;
  }

  /// Checks the rules of one schema, not of those in it.
  void check(At schema, Place place) {
    int before = schema.errors().size();
    for (At each : schema.at("x-kubernetes-validations").items()) {
      boolean optional = each.at("optionalOldSelf").flag();
      SchemaTypes.scope(schema.value(), place.isRoot(), optional)
          .ifPresent(scope -> rule(schema, each, scope, place));
    }
    found += schema.errors().size() - before;
  }

  private void rule(At schema, At validation, Scope scope, Place place) {
    At rule = validation.at("rule");
    Scope.Found found = scope.look(rule.text(), Scope.Result.BOOL);
    long times = place.times() < 0 ? SchemaSizes.timesInRequest(schema.value()) : place.times();
    charge(rule, "estimated rule cost", product(found.cost(), times));
    found
        .problem()
        .ifPresent(
            problem ->
                refuse(
                    rule,
                    validation,
                    problem.startsWith("must evaluate")
                        ? "cel expression must evaluate to a bool"
                        : problem));
    At message = validation.at("messageExpression");
    if (!message.isEmpty() && found.problem().isEmpty()) {
      message(message, validation, scope);
    }
    if (found.problem().isEmpty() && found.usesOldValue() && !place.list().isEmpty()) {
      rule.invalidText(
          "oldSelf cannot be used on the uncorrelatable portion of the schema within "
              + place.list());
    }
    At optional = validation.at("optionalOldSelf");
    if ((found.problem().isPresent() || !found.usesOldValue()) && optional.isThere()) {
      optional.invalid("may not be set if oldSelf is not used in rule");
    }
  }

  private void message(At message, At validation, Scope scope) {
    Scope.Found found = scope.look(message.text(), Scope.Result.STRING);
    if (found.problem().isEmpty()) {
      charge(message, "estimated messageExpression cost", found.cost());
      return;
    }
    String problem = found.problem().get();
    refuse(
        message,
        validation,
        problem.startsWith("must evaluate")
            ? "messageExpression must evaluate to a string"
            : "messageExpression " + problem);
  }

  /// The whole rule is shown.
  private static void refuse(At place, At validation, String detail) {
    String shown = RuleText.of(validation.value());
    place.errors().add(new FieldError(FieldError.Type.INVALID, place.path(), shown, detail));
  }

  private void charge(At place, String what, long cost) {
    if (limitsEach && cost > COST_MAX) {
      place.forbidden(exceeds(what, cost, COST_MAX));
    }
    total = total + cost < 0 ? Long.MAX_VALUE : total + cost;
    if (cost >= TOTAL_MAX / 100) {
      dear.add(new Dear(place, cost));
    }
  }

  private static String exceeds(String what, long cost, long limit) {
    double factor = (double) cost / limit;
    String shown =
        factor > 100
            ? "more than 100x"
            : String.format(Locale.ROOT, factor < 1.5 ? "%fx" : "%.1fx", factor);
    return what + " exceeds budget by factor of " + shown + ADVICE;
  }

  /// Says so when all rules together may cost too much.
  ///
  /// @param root of the schema
  void total(At root) {
    if (total <= TOTAL_MAX) {
      return;
    }
    dear.sort(Comparator.comparingLong(Dear::cost).reversed());
    for (Dear each : dear.subList(0, Math.min(NAMED_MAX, dear.size()))) {
      each.place()
          .forbidden(
              "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
    }
    root.forbidden(
        exceeds(
            "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
            total,
            TOTAL_MAX));
  }
}
