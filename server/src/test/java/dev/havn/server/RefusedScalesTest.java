// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.autoscaling.AutoscalerReconciler;
import dev.havn.controllers.autoscaling.ScalingCounts;
import dev.havn.controllers.autoscaling.ScalingOptions;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatus;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// An autoscaler to whom the API refuses the new size.
class RefusedScalesTest {
  private static final String OBJECTS =
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web, namespace: NS}
      spec:
        replicas: 1
        selector: {matchLabels: {app: web}}
        template:
          metadata: {labels: {app: web}}
          spec: {containers: [{name: web, image: web}]}
      ---
      apiVersion: autoscaling/v2
      kind: HorizontalPodAutoscaler
      metadata: {name: web, namespace: NS}
      spec:
        scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
        minReplicas: 3
        maxReplicas: 6
      """;

  private final LateCaches late = new LateCaches();
  private final String namespace = late.namespace();

  @AfterEach
  void close() {
    late.close();
  }

  private Reconciler scaling(Api api) {
    Informer<HorizontalPodAutoscaler> autoscalers =
        late.informers().of(HorizontalPodAutoscaler.class);
    return new AutoscalerReconciler(
        autoscalers,
        late.informers().podOutlines(),
        api,
        late.events(),
        late.cluster().time(),
        new ScalingCounts(),
        ScalingOptions.USUAL);
  }

  private HorizontalPodAutoscalerStatus status() {
    return late.client()
        .autoscaling()
        .v2()
        .horizontalPodAutoscalers()
        .inNamespace(namespace)
        .withName("web")
        .get()
        .getStatus();
  }

  @Test
  void saysWhatItWantedAndWhyItCannotBe() {
    late.client()
        .load(
            new ByteArrayInputStream(
                OBJECTS.replace("NS", namespace).getBytes(StandardCharsets.UTF_8)))
        .create();
    Key key = new Key(namespace, "web");
    String path = "/apis/apps/v1/namespaces/" + namespace + "/deployments/web/scale";
    try (RefusingApi refusing =
        new RefusingApi(late.cluster(), each -> each.equals("PUT " + path))) {
      Reconciler scaling = scaling(refusing.api());
      late.catchUp();
      assertThat(scaling.reconcile(key).again()).isEqualTo(ScalingOptions.USUAL.period());
    }
    String why = "PUT " + path + " gave 422";
    assertThat(status().getConditions())
        .filteredOn(each -> each.getType().equals("AbleToScale"))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.getStatus()).isEqualTo("False");
              assertThat(each.getReason()).isEqualTo("FailedUpdateScale");
              assertThat(each.getMessage())
                  .startsWith("the HPA controller was unable to update the target scale: " + why);
            });
    assertThat(status().getCurrentReplicas()).isEqualTo(1);
    assertThat(status().getDesiredReplicas()).as("nothing was asked for before").isEqualTo(0);
    assertThat(status().getLastScaleTime()).isNull();
    assertThat(late.client().v1().events().inNamespace(namespace).list().getItems())
        .extracting(each -> each.getType() + " " + each.getReason() + ": " + each.getMessage())
        .singleElement()
        .asString()
        .startsWith(
            "Warning FailedRescale: New size: 3; reason: Current number of replicas below"
                + " Spec.MinReplicas; error: "
                + why);
    late.catchUp();
    scaling(late.api("admin")).reconcile(key);
    assertThat(status().getConditions())
        .anyMatch(each -> String.valueOf(each.getReason()).equals("SucceededRescale"));
  }
}
