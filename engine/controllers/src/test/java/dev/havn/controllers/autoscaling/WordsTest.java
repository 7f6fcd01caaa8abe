// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Amounts, times and selectors as texts.
class WordsTest {
  @Test
  void amountsAreWrittenAsShortAsTheyGo() {
    assertThat(Amounts.decimal(0)).isEqualTo("0");
    assertThat(Amounts.decimal(130)).isEqualTo("130m");
    assertThat(Amounts.decimal(2_000)).isEqualTo("2");
    assertThat(Amounts.decimal(5_000_000)).isEqualTo("5k");
    assertThat(Amounts.binary(78_030_000_000L)).isEqualTo("78030000");
    assertThat(Amounts.binary(51_201_024_000L)).isEqualTo("50001Ki");
    assertThat(Amounts.binary(1_048_576_000L)).isEqualTo("1Mi");
    assertThat(Amounts.binary(1_025_500L)).isEqualTo("1026");
    assertThat(Amounts.binary(500_000L)).isEqualTo("500");
    assertThat(Amounts.milli("1.5Gi")).isEqualTo(1_610_612_736_000L);
    assertThat(Amounts.milli("1n")).isEqualTo(1);
  }

  @Test
  void durationsOfGoAreRead() {
    assertThat(GoDuration.parse("1m15.5s")).isEqualTo(Duration.ofMillis(75_500));
    assertThat(GoDuration.parse("20ms")).isEqualTo(Duration.ofMillis(20));
    assertThat(GoDuration.parse("")).isEqualTo(Duration.ZERO);
  }

  @Test
  void selectorsOfScalesAreRead() {
    PodSelector selector = PodSelector.parse("app=web,tier in (a, b),!old,x notin (y),z,w!=1");
    assertThat(selector.matches(Map.of("app", "web", "tier", "b", "z", ""))).isTrue();
    assertThat(selector.matches(Map.of("app", "web", "tier", "c", "z", ""))).isFalse();
    assertThat(selector.matches(Map.of("app", "web", "tier", "b"))).isFalse();
    assertThat(selector.matches(Map.of("app", "web", "tier", "b", "z", "", "old", ""))).isFalse();
    assertThat(selector.matches(Map.of("app", "web", "tier", "b", "z", "", "w", "1"))).isFalse();
    assertThat(PodSelector.parse("a==b").matches(null)).isFalse();
    assertThatThrownBy(() -> PodSelector.parse("a=b=c")).hasMessageContaining("a=b=c");
  }

  @Test
  void autoscalersOfTheSamePodsAreNamedAsKubernetesNamesThem() {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace("shop")
            .addToLabels("app", "web")
            .endMetadata()
            .build();
    PodSelector selector = PodSelector.parse("app=web");
    Selections selections = new Selections();
    assertThat(selections.others(new Key("shop", "two"), selector, List.of(pod))).isEmpty();
    assertThat(selections.others(new Key("shop", "one"), selector, List.of(pod)))
        .isEqualTo("[shop/one shop/two]");
  }

  @Test
  void selectorsOfMetricsAreWrittenForQueriesAndForMessages() {
    LabelSelector selector =
        new LabelSelectorBuilder()
            .addToMatchLabels("app", "web")
            .addToMatchExpressions(
                new LabelSelectorRequirement("a", "In", List.of("z", "x")),
                new LabelSelectorRequirement("no", "DoesNotExist", List.of()))
            .build();
    assertThat(MetricSelector.query(selector)).isEqualTo("a in (x,z),app=web,!no");
    assertThat(MetricSelector.query(null)).isEmpty();
    assertThat(MetricSelector.words(null)).isEqualTo("nil");
    assertThat(MetricSelector.words(selector))
        .isEqualTo(
            "&LabelSelector{MatchLabels:map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:a,Operator:In,Values:[z x],},LabelSelectorRequirement{Key:no,Operator:DoesNotExist,Values:[],},},}");
  }
}
