// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.RollingUpdateStatefulSetStrategy;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Features that a test has to ask for.
@Havn(featureGates = "MaxUnavailableStatefulSet=true")
class FeatureGatesTest {
  private static StatefulSet web(String rolling) {
    return Serialization.unmarshal(
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: web, namespace: default}
        spec:
          replicas: 4
          updateStrategy: {type: RollingUpdate, rollingUpdate: %s}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              containers: [{name: c, image: 'example/web:1'}]
        """
            .formatted(rolling),
        StatefulSet.class);
  }

  private static RollingUpdateStatefulSetStrategy kept(KubernetesClient client, String rolling) {
    return client.resource(web(rolling)).create().getSpec().getUpdateStrategy().getRollingUpdate();
  }

  /// What was said of pods, in order.
  private static List<String> said(KubernetesClient client) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .sorted(
            Comparator.comparingLong(
                event -> Long.parseLong(event.getMetadata().getResourceVersion())))
        .map(Event::getMessage)
        .toList();
  }

  @Test
  void anUpdateTakesAsManyPodsAsMayBeAway(KubernetesClient client, Cluster cluster) {
    assertThat(kept(client, "{maxUnavailable: 3}").getMaxUnavailable())
        .isEqualTo(new IntOrString(3));
    cluster.settle();
    StatefulSet set = client.apps().statefulSets().inNamespace("default").withName("web").get();
    set.getSpec().getTemplate().getMetadata().getLabels().put("new", "yes");
    client.resource(set).update();
    cluster.settle();
    assertThat(said(client))
        .containsSubsequence(
            "Delete Pod web-3 in StatefulSet web successful",
            "Delete Pod web-2 in StatefulSet web successful",
            "Delete Pod web-1 in StatefulSet web successful",
            "Create Pod web-3 in StatefulSet web successful");
  }

  @Test
  void oneMayBeAwayWhenNobodySaysHowMany(KubernetesClient client) {
    assertThat(kept(client, "{partition: 2}").getMaxUnavailable()).isEqualTo(new IntOrString(1));
  }

  @Test
  void withoutTheFeatureNobodyCanSayIt() {
    try (Cluster usual = Cluster.start(1)) {
      assertThat(kept(usual.client(), "{maxUnavailable: 3}").getMaxUnavailable()).isNull();
    }
  }

  @Test
  void aFeatureThatIsNotThereIsRefused() {
    assertThatThrownBy(() -> Cluster.start(1, "NoSuchThing=true"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("unrecognized feature gate: NoSuchThing");
  }
}
