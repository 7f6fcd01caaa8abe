// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.PatternSyntaxException;
import dev.havn.ingress.routing.RoutingTable.Site;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Expressions that strangers write.
class MatchTest {
  private static final Rule.Action ANSWER = new Rule.Answer(200, "it");

  @Test
  void anExpressionIsForTheWholePath() {
    Match.Path path = new Match.Path.Expression(Match.Text.expression("/v[0-9]{1,3}/.*"));
    assertThat(Stream.of("/v12/a", "/v1", "/x/v1/a").map(each -> path.fits(each, new Steps())))
        .containsExactly(true, false, false);
  }

  /// Each star multiplied the time by the length: the last would have taken days.
  @ParameterizedTest
  @ValueSource(strings = {".*.*.*b", ".*.*.*.*.*.*b", "(a|a)*b", "(a*)*b"})
  @Timeout(value = 60, threadMode = ThreadMode.SEPARATE_THREAD)
  void noExpressionHoldsTheLoopUp(String expression) {
    Match.Text text = Match.Text.expression(expression);
    assertThat(text.fits("a".repeat(1_024), new Steps())).isFalse();
  }

  /// Whoever may write a route would hold up all others by many of them.
  @Test
  void allExpressionsOfARequestHaveOneBound() {
    Match costly = Match.of(new Match.Path.Expression(Match.Text.expression("(a{1,600})*/x")));
    Rule last = new Rule("last", Match.of(new Match.Path.Prefix("/")), ANSWER);
    List<Rule> few = List.of(new Rule("one", costly, ANSWER), last);
    List<Rule> many =
        Stream.concat(
                IntStream.range(0, 100).mapToObj(_ -> new Rule("one", costly, ANSWER)),
                Stream.of(last))
            .toList();
    Steps enough = new Steps();
    assertThat(found(few, enough)).isEqualTo(last);
    assertThat(enough.areSpent()).isFalse();
    Steps spent = new Steps();
    assertThat(found(many, spent)).as("what comes later may be for others").isNull();
    assertThat(spent.areSpent()).isTrue();
  }

  private static Rule found(List<Rule> rules, Steps steps) {
    Asked asked = new Asked("GET", "a", "/" + "a".repeat(1_000), List.of(), _ -> null);
    return new Site("all", new HostMap<>(Map.of("", rules), false)).find(asked, steps);
  }

  @ParameterizedTest
  @ValueSource(strings = {"((a{100}){100}){100}", "a{1000}{1000}", "a{0,99999}", "(abc){999}", "["})
  void oneThatIsTooLargeIsRefused(String expression) {
    assertThatThrownBy(() -> Match.Text.expression(expression))
        .isInstanceOf(PatternSyntaxException.class);
  }
}
