// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever an expression does with whatever object, it comes to an outcome and costs no more than
/// one may.
class RandomExpressionTest {
  private static final long SEED = 20_260_801;
  private static final int EXPRESSIONS = 150;
  private static final int DEPTH_MAX = 5;

  private static Object object(Random random) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("i", random.nextInt(-5, 50)).put("b", random.nextBoolean());
    object.put("s", text(random)).put("t", text(random));
    ArrayNode numbers = object.putArray("l");
    ArrayNode texts = object.putArray("m");
    int size = random.nextInt(40);
    for (int i = 0; i < size; i++) {
      numbers.add(random.nextInt(100));
      texts.add(text(random));
    }
    return Values.of(object);
  }

  private static String text(Random random) {
    String letter = random.nextBoolean() ? "a" : "aé(";
    return letter.repeat(random.nextInt(random.nextInt(20) == 0 ? 3_000 : 30));
  }

  /// What an expression is to make.
  private enum Kind {
    BOOLEAN,
    NUMBER,
    TEXT,
    NUMBERS,
    TEXTS
  }

  private static final Map<Kind, List<String>> FORMS = new EnumMap<>(Kind.class);

  static {
    FORMS.put(
        Kind.BOOLEAN,
        List.of(
            "object.b",
            "has(object.i)",
            "(B && B)",
            "(B || !B)",
            "(N < N)",
            "(N == N)",
            "(S == S)",
            "(S < S)",
            "(L == L)",
            "(M != M)",
            "(N in L)",
            "(S in M)",
            "S.matches(S)",
            "S.contains(S)",
            "S.startsWith(S)",
            "L.all(x, B)",
            "L.exists(y, y > N)",
            "M.exists_one(z, z == S)",
            "L.all(i, v, i < v)",
            "sets.contains(L, L)",
            "sets.equivalent(M, M)",
            "isQuantity(S)",
            "L.isSorted()"));
    FORMS.put(
        Kind.NUMBER,
        List.of(
            "object.i",
            "7",
            "(N + N)",
            "(N * N)",
            "(N / N)",
            "size(S)",
            "L.size()",
            "L.sum()",
            "L.max()",
            "L[N]",
            "(B ? N : N)",
            "S.indexOf(S)",
            "int(S)",
            "quantity(S).asInteger()",
            "optional.of(N).optMap(o, o + N).orValue(N)"));
    FORMS.put(
        Kind.TEXT,
        List.of(
            "object.s",
            "object.t",
            "'ab'",
            "(S + S)",
            "S.replace(S, S)",
            "S.replace('', S)",
            "S.upperAscii()",
            "S.substring(N)",
            "M.join(S)",
            "M.join()",
            "'%s%s%s'.format([S, S, S])",
            "string(N)",
            "S.find(S)",
            "M[N]",
            "(B ? S : S)",
            "optional.of(S).optMap(o, o + o).value()"));
    FORMS.put(
        Kind.NUMBERS,
        List.of(
            "object.l",
            "(L + L)",
            "lists.range(N)",
            "lists.range(N * N * N * N)",
            "L.map(x, x + N)",
            "L.filter(x, B)",
            "L.sort()",
            "L.distinct()",
            "L.reverse()",
            "[L, L, L].flatten()",
            "L.map(x, L).flatten()",
            "L.slice(N, N)"));
    FORMS.put(
        Kind.TEXTS,
        List.of(
            "object.m",
            "(M + M)",
            "S.split(S)",
            "S.findAll(S)",
            "M.map(x, x + S)",
            "L.map(x, S)",
            "M.filter(x, x != S)",
            "M.sort()"));
  }

  private static String expression(Random random, Kind kind, int depth) {
    List<String> forms = FORMS.get(kind);
    String form = forms.get(random.nextInt(depth > DEPTH_MAX ? 1 : forms.size()));
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < form.length(); i++) {
      boolean stands = isHole(form, i);
      Kind hole =
          switch (form.charAt(i)) {
            case 'B' -> Kind.BOOLEAN;
            case 'N' -> Kind.NUMBER;
            case 'S' -> Kind.TEXT;
            case 'L' -> Kind.NUMBERS;
            default -> Kind.TEXTS;
          };
      text.append(stands ? expression(random, hole, depth + 1) : form.charAt(i));
    }
    return text.toString();
  }

  private static boolean isHole(String form, int at) {
    boolean before = at > 0 && Character.isLetterOrDigit(form.charAt(at - 1));
    boolean after = at + 1 < form.length() && Character.isLetterOrDigit(form.charAt(at + 1));
    return "BNSLM".indexOf(form.charAt(at)) >= 0 && !before && !after;
  }

  @Test
  void noExpressionThrowsOrCostsMoreThanOneMay() {
    Random random = new Random(SEED);
    Scope scope = Scope.admission(false, false, false);
    int values = 0;
    for (int i = 0; i < EXPRESSIONS; i++) {
      Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
      String text = expression(random, kind, 0);
      Scope.Found found = scope.look(text, Scope.Result.ANY);
      if (found.problem().isPresent()) {
        continue;
      }
      Expression expression = scope.expression(text, Scope.Result.ANY);
      Budget budget = new Budget(Budget.OF_A_WRITE);
      Outcome outcome = expression.outcome(Map.of("object", object(random)), budget);
      long cost = Budget.OF_A_WRITE - budget.left();
      switch (outcome) {
        case Outcome.Value(Object _) -> {
          values++;
          assertThat(cost).as(text).isLessThanOrEqualTo(Meter.COST_MAX);
        }
        case Outcome.Failure(String message) -> assertThat(message).as(text).isNotBlank();
        case Outcome.Spent() -> assertThat(budget.left()).as(text).isNegative();
      }
    }
    assertThat(values).as("seed %d", SEED).isPositive();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "object.big.replace('a', object.big).size() > 0",
        "object.big.replace('', object.big).size() > 0",
        "lists.range(1000000000000).size() > 0",
        "lists.range(2000000).size() > 0",
        "object.l.map(x, object.big).join(object.big).size() > 0",
        "object.l.map(x, object.l).map(x, object.l.map(y, x)).flatten(9).size() > 0",
        "object.big.matches(object.big)",
        "object.big.contains(object.big + 'b')",
        "object.big.findAll(object.big).size() > 0",
        "sets.contains(lists.range(900000), lists.range(900000))",
        "'%s%s%s%s%s%s%s%s%s%s%s%s'.format([object.big, object.big, object.big, object.big, object.big, object.big, object.big, object.big, object.big, object.big, object.big, object.big]).size() > 0",
        "optional.of(object.l.map(x, object.l)).optMap(a, a.map(x, a)).optMap(b, b.map(x, b) == b.map(y, b)).value()",
        "optional.of(object.l).optMap(a, a + a + a + a + a + a).optMap(a, a + a + a + a + a + a).optMap(a, a + a + a + a + a + a).optMap(a, a + a + a + a + a + a).optMap(a, a + a + a + a + a + a).optMap(a, a + a + a + a + a + a).optMap(a, a + a + a + a + a + a).value().size() > 0",
      })
  void whatWouldTakeTooLongIsStoppedBeforeItIsDone(String text) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("big", "a".repeat(1_000_000));
    ArrayNode numbers = object.putArray("l");
    for (int i = 0; i < 1_000; i++) {
      numbers.add(i);
    }
    Expression expression = Scope.admission(false, false, false).expression(text, Scope.Result.ANY);
    assertThat(expression.outcome(Map.of("object", Values.of(object)), new Budget(Long.MAX_VALUE)))
        .isEqualTo(new Outcome.Failure(Outcome.CANCELLED));
  }
}
