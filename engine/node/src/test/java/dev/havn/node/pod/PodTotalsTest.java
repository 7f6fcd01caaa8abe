// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PodTotalsTest {
  @ParameterizedTest
  @CsvSource({
    "0.3, false, 300m",
    "2, false, 2",
    "2000, false, 2k",
    "1500, false, 1500",
    "0.0001, false, 100u",
    "134217728, true, 128Mi",
    "134217729, true, 134217729",
    "1000, true, 1k",
    "1610612736, true, 1536Mi",
  })
  void amountsAreWrittenAsKubernetesDoes(BigDecimal amount, boolean isBinary, String text) {
    assertThat(PodTotals.canonical(amount, isBinary)).hasToString(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "none",
      value = {
        "containers: [{name: a}] | false | none | none | none",
        "containers: [{name: a, resources: {requests: {cpu: 100m, memory: 64Mi}}},"
            + " {name: b, resources: {requests: {cpu: 200m, memory: 64Mi}, limits: {cpu: 1}}}]"
            + " | false | {cpu: 300m, memory: 128Mi} | {cpu: 300m, memory: 128Mi} | {cpu: '1'}",
        "containers: [{name: a}, {name: b, resources: {requests: {cpu: 1}, limits: {cpu: 1}}}]"
            + " | true | {cpu: '1'} | {cpu: '1'} | none",
        "resources: {requests: {cpu: 1}, limits: {memory: 1Gi}},"
            + " containers: [{name: a, resources: {requests: {cpu: 200m, memory: 64Mi}}}]"
            + " | true | {cpu: '1', memory: 64Mi} | {cpu: '1', memory: 64Mi} | {memory: 1Gi}",
        "overhead: {cpu: 250m}, containers: [{name: a, resources: {requests: {cpu: 1}}}]"
            + " | true | {cpu: 1250m} | {cpu: 1250m} | none",
      })
  void aPodHasWhatItSaysOrWhatItsContainersHaveTogether(
      String spec, boolean runs, String allocated, String requests, String limits) {
    Pod pod = GoldenPods.pod("{spec: {" + spec + "}}");
    ObjectNode status = Api.object();
    PodTotals.add(status, pod, pod, runs);
    assertThat(text(status, "/allocatedResources")).isEqualTo(tree(allocated));
    assertThat(text(status, "/resources/requests")).isEqualTo(tree(requests));
    assertThat(text(status, "/resources/limits")).isEqualTo(tree(limits));
  }

  private static String text(ObjectNode status, String at) {
    return status.at(at).toString();
  }

  private static String tree(String yaml) {
    return yaml == null ? "" : GoldenPods.tree(yaml).toString();
  }
}
