// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.endpoints.EndpointsReconciler;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.EndpointAddress;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Endpoints of a Service with more pods than one object may name.
class EndpointsCapacityTest {
  private static final Map<String, String> LABELS = Map.of("app", "web");

  private final LateCaches late = new LateCaches();
  private final String namespace = late.namespace();
  private final Reconciler endpoints =
      new EndpointsReconciler(
          late.informers().of(Service.class),
          late.informers().podOutlines(),
          late.informers().of(Endpoints.class),
          late.api("admin"),
          late.events(),
          2);

  @AfterEach
  void close() {
    late.close();
  }

  private void pod(int number, boolean ready) {
    Pod made =
        late.client()
            .resource(
                new PodBuilder()
                    .withNewMetadata()
                    .withNamespace(namespace)
                    .withName("web-" + number)
                    .withLabels(LABELS)
                    .endMetadata()
                    .withNewSpec()
                    .addNewSchedulingGate("example.test/never")
                    .addNewContainer()
                    .withName("c")
                    .withImage("example/c:1")
                    .endContainer()
                    .endSpec()
                    .build())
            .create();
    late.client()
        .resource(
            new PodBuilder(made)
                .editStatus()
                .withPhase("Running")
                .withPodIP("10.1.2." + number)
                .addNewPodIP("10.1.2." + number)
                .addNewCondition()
                .withType("Ready")
                .withStatus(ready ? "True" : "False")
                .withLastTransitionTime("2026-01-01T00:00:00Z")
                .endCondition()
                .endStatus()
                .build())
        .updateStatus();
  }

  private Endpoints look() {
    late.catchUp();
    endpoints.reconcile(new Key(namespace, "web"));
    return late.client().endpoints().inNamespace(namespace).withName("web").get();
  }

  private static List<String> addresses(Endpoints endpoints) {
    return endpoints.getSubsets().stream()
        .flatMap(
            subset ->
                Stream.concat(
                    subset.getAddresses().stream().map(EndpointAddress::getIp),
                    subset.getNotReadyAddresses().stream()
                        .map(each -> "not ready " + each.getIp())))
        .toList();
  }

  @Test
  void areCutToThoseThatAreReadyAndSaySoUntilAllFit() {
    late.client()
        .resource(
            new ServiceBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("web")
                .endMetadata()
                .withNewSpec()
                .withSelector(LABELS)
                .addNewPort()
                .withPort(80)
                .endPort()
                .endSpec()
                .build())
        .create();
    pod(1, false);
    pod(2, true);
    pod(3, true);
    Endpoints cut = look();
    assertThat(addresses(cut)).containsExactly("10.1.2.2", "10.1.2.3");
    assertThat(cut.getMetadata().getAnnotations())
        .containsEntry("endpoints.kubernetes.io/over-capacity", "truncated");
    assertThat(look().getMetadata().getResourceVersion())
        .as("nothing is written when nothing changes")
        .isEqualTo(cut.getMetadata().getResourceVersion());
    late.client().pods().inNamespace(namespace).withName("web-3").withGracePeriod(0).delete();
    Endpoints whole = look();
    assertThat(addresses(whole)).containsExactly("10.1.2.2", "not ready 10.1.2.1");
    assertThat(whole.getMetadata().getAnnotations())
        .doesNotContainKey("endpoints.kubernetes.io/over-capacity");
  }
}
