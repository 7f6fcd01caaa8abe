// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.PatternSyntaxException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Expressions that strangers write.
class MatchTest {
  @Test
  void anExpressionIsForTheWholePath() {
    Match.Path path = new Match.Path.Expression(Match.Text.expression("/v[0-9]{1,3}/.*"));
    assertThat(List.of(path.fits("/v12/a"), path.fits("/v1"), path.fits("/x/v1/a")))
        .containsExactly(true, false, false);
  }

  /// Each star multiplied the time by the length: the last would have taken days.
  @ParameterizedTest
  @ValueSource(strings = {".*.*.*b", ".*.*.*.*.*.*b", "(a|a)*b", "(a*)*b"})
  void noExpressionHoldsTheLoopUp(String expression) {
    Match.Text text = Match.Text.expression(expression);
    long start = System.nanoTime();
    assertThat(text.fits("a".repeat(1_024))).isFalse();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"((a{100}){100}){100}", "a{1000}{1000}", "a{0,99999}", "(abc){999}", "["})
  void oneThatIsTooLargeIsRefused(String expression) {
    assertThatThrownBy(() -> Match.Text.expression(expression))
        .isInstanceOf(PatternSyntaxException.class);
  }
}
