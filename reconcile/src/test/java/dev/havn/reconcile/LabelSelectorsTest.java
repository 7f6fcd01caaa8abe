// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelSelectorsTest {
  @ParameterizedTest
  @CsvSource({
    "In, true, false, false",
    "NotIn, false, true, true",
    "Exists, true, true, false",
    "DoesNotExist, false, false, true",
    "Nonsense, false, false, false",
  })
  void anExpressionIsMet(String operator, boolean byOne, boolean byOther, boolean byNone) {
    List<String> values = operator.endsWith("In") ? List.of("one") : List.of();
    LabelSelector selector =
        new LabelSelectorBuilder()
            .addNewMatchExpression()
            .withKey("app")
            .withOperator(operator)
            .withValues(values)
            .endMatchExpression()
            .build();
    assertThat(LabelSelectors.matches(selector, Map.of("app", "one"))).isEqualTo(byOne);
    assertThat(LabelSelectors.matches(selector, Map.of("app", "other"))).isEqualTo(byOther);
    assertThat(LabelSelectors.matches(selector, null)).isEqualTo(byNone);
  }

  @Test
  void allThatIsSaidMustBeMet() {
    LabelSelector both =
        new LabelSelectorBuilder()
            .addToMatchLabels("app", "one")
            .addNewMatchExpression()
            .withKey("tier")
            .withOperator("Exists")
            .endMatchExpression()
            .build();
    assertThat(LabelSelectors.matches(both, Map.of("app", "one", "tier", "x"))).isTrue();
    assertThat(LabelSelectors.matches(both, Map.of("app", "one"))).isFalse();
    assertThat(LabelSelectors.matches(both, Map.of("tier", "x"))).isFalse();
    assertThat(LabelSelectors.matches(new LabelSelector(), Map.of())).isTrue();
    assertThat(LabelSelectors.matches(null, Map.of())).isFalse();
  }
}
