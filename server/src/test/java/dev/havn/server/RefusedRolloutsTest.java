// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// A Deployment whose ReplicaSet is refused.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusedRolloutsTest {
  private static final int NO_DEADLINE = Integer.MAX_VALUE;

  private final LateCaches late = new LateCaches();
  private String namespace = "";

  @BeforeEach
  void newNamespace() {
    namespace = late.namespace();
  }

  @AfterAll
  void close() {
    late.close();
  }

  private RefusingApi refusingSets() {
    return new RefusingApi(
        late.cluster(), each -> each.startsWith("POST ") && each.endsWith("/replicasets"));
  }

  private void deployment(int deadlineSeconds) {
    late.client()
        .resource(
            LateCaches.web(namespace)
                .editSpec()
                .withProgressDeadlineSeconds(deadlineSeconds)
                .endSpec()
                .build())
        .create();
    late.catchUp();
  }

  private void refused(Reconciler rollouts) {
    assertThatThrownBy(() -> rollouts.reconcile(new Key(namespace, "web")))
        .isInstanceOf(Api.RefusedException.class);
    late.catchUp();
  }

  private List<String> conditions() {
    @Nullable DeploymentStatus status =
        late.client().apps().deployments().inNamespace(namespace).withName("web").get().getStatus();
    return status == null
        ? List.of()
        : status.getConditions().stream()
            .map(
                each ->
                    "%s=%s %s: %s"
                        .formatted(
                            each.getType(), each.getStatus(), each.getReason(), each.getMessage()))
            .toList();
  }

  private List<String> events() {
    return late.client().v1().events().inNamespace(namespace).list().getItems().stream()
        .map(each -> each.getType() + " " + each.getReason() + ": " + each.getMessage())
        .toList();
  }

  @Test
  void isToldByTheConditionProgressingAndAnEvent() {
    deployment(600);
    try (RefusingApi refusing = refusingSets()) {
      Reconciler rollouts = late.rollouts(refusing.api());
      refused(rollouts);
      refused(rollouts);
      assertThat(conditions())
          .singleElement()
          .asString()
          .matches(
              "Progressing=False ReplicaSetCreateError: Failed to create new replica set \"web-[a-z0-9]+\": POST .*/replicasets gave 422.*");
      assertThat(events())
          .singleElement()
          .asString()
          .startsWith("Warning ReplicaSetCreateError: Failed to create new replica set \"web-");
      assertThat(refusing.asked())
          .as("the same is said once")
          .filteredOn(each -> each.startsWith("PUT ") && each.endsWith("/deployments/web/status"))
          .hasSize(1);
    }
    late.rollouts(late.api("admin")).reconcile(new Key(namespace, "web"));
    assertThat(conditions())
        .anyMatch(each -> each.startsWith("Progressing=True NewReplicaSetCreated"));
  }

  @Test
  void hasNoConditionProgressingWhenItHasNoDeadline() {
    deployment(NO_DEADLINE);
    try (RefusingApi refusing = refusingSets()) {
      refused(late.rollouts(refusing.api()));
    }
    assertThat(conditions()).isEmpty();
    assertThat(events()).hasSize(1);
  }

  @Test
  void isMissedByNobodyInANamespaceThatEnds() {
    deployment(600);
    late.client().namespaces().withName(namespace).delete();
    late.catchUp();
    try (RefusingApi refusing = new RefusingApi(late.cluster(), _ -> false)) {
      refused(late.rollouts(refusing.api()));
      assertThat(refusing.asked())
          .as("neither an event nor a status")
          .singleElement()
          .asString()
          .matches("POST .*/replicasets");
    }
  }

  @Test
  void isToldAlsoWhenItsStatusIsRefused() {
    deployment(600);
    try (RefusingApi refusing =
        new RefusingApi(
            late.cluster(),
            each -> each.endsWith("/replicasets") || each.endsWith("/deployments/web/status"))) {
      assertThatThrownBy(() -> late.rollouts(refusing.api()).reconcile(new Key(namespace, "web")))
          .hasMessageContaining("/replicasets")
          .satisfies(
              refusal ->
                  assertThat(refusal.getSuppressed())
                      .singleElement()
                      .asString()
                      .contains("/deployments/web/status"));
    }
    assertThat(events()).hasSize(1);
  }
}
