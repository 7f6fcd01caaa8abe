// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.controllers.replicas.Kinds;
import dev.havn.controllers.replicas.ReplicaSetReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Batches;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import dev.havn.reconcile.Reconciler.Result;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetCondition;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Pods of sets: who takes and lets go of them when caches are late, and what is told when they
/// cannot be made or deleted.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PodsOfSetsTest {
  private static final String ORPHAN = "orphan";

  private final LateCaches late = new LateCaches();
  private final Reconciler sets = sets(late.api("admin"));
  private String namespace = "";

  @BeforeEach
  void newNamespace() {
    namespace = late.namespace();
  }

  @AfterAll
  void close() {
    late.close();
  }

  private Reconciler sets(Api api) {
    return sets(api, late.cluster().time());
  }

  private Reconciler sets(Api api, InstantSource clock) {
    return new ReplicaSetReconciler<>(
        Kinds.replicaSets(),
        late.informers().of(ReplicaSet.class),
        late.informers().of(Pod.class),
        api,
        late.events(),
        clock,
        new Batches(late.cluster().time()));
  }

  private Key key(String name) {
    return new Key(namespace, name);
  }

  private ReplicaSet set(String name, int replicas) {
    ReplicaSet set =
        new ReplicaSetBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .withLabels(LateCaches.LABELS)
            .endMetadata()
            .withNewSpec()
            .withReplicas(replicas)
            .withNewSelector()
            .withMatchLabels(LateCaches.LABELS)
            .endSelector()
            .withNewTemplate()
            .withNewMetadata()
            .withLabels(LateCaches.LABELS)
            .endMetadata()
            .withSpec(LateCaches.podSpec())
            .endTemplate()
            .endSpec()
            .build();
    return late.client().resource(set).create();
  }

  private void pod(String name, OwnerReference... owners) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .withLabels(LateCaches.LABELS)
            .withOwnerReferences(owners)
            .endMetadata()
            .withSpec(LateCaches.podSpec())
            .build();
    late.client().resource(pod).create();
  }

  private static OwnerReferenceBuilder owner(ReplicaSet set) {
    return new OwnerReferenceBuilder()
        .withApiVersion("apps/v1")
        .withKind("ReplicaSet")
        .withName(set.getMetadata().getName())
        .withUid(set.getMetadata().getUid());
  }

  private List<String> owners(String pod) {
    return late
        .client()
        .pods()
        .inNamespace(namespace)
        .withName(pod)
        .get()
        .getMetadata()
        .getOwnerReferences()
        .stream()
        .map(each -> each.getName() + (Boolean.TRUE.equals(each.getController()) ? "!" : ""))
        .toList();
  }

  /// Of the sets; pods have their own.
  private List<String> events() {
    return late.client().v1().events().inNamespace(namespace).list().getItems().stream()
        .filter(event -> event.getInvolvedObject().getKind().equals("ReplicaSet"))
        .map((Event event) -> event.getReason() + ": " + event.getMessage())
        .toList();
  }

  @Test
  void aPodThatAnotherSetHasTakenMeanwhileIsNotStolen() {
    set("a", 1);
    set("b", 1);
    pod(ORPHAN);
    late.catchUp();
    sets.reconcile(key("a"));
    assertThat(owners(ORPHAN)).containsExactly("a!");
    assertThatThrownBy(() -> sets.reconcile(key("b")))
        .isInstanceOf(Api.RefusedException.class)
        .hasMessageContaining("Only one reference can have Controller set to true");
    assertThat(owners(ORPHAN)).containsExactly("a!");
  }

  @Test
  void anOwnerThatCameMeanwhileStays() {
    set("a", 1);
    ReplicaSet other = set("other", 0);
    pod(ORPHAN);
    late.catchUp();
    late.client()
        .pods()
        .inNamespace(namespace)
        .withName(ORPHAN)
        .edit(
            pod ->
                new PodBuilder(pod)
                    .editMetadata()
                    .withOwnerReferences(owner(other).build())
                    .endMetadata()
                    .build());
    sets.reconcile(key("a"));
    assertThat(owners(ORPHAN)).containsExactlyInAnyOrder("other", "a!");
  }

  @Test
  void aSetThatIsGoneTakesNothing() {
    ReplicaSet set = set("a", 1);
    pod(ORPHAN);
    late.catchUp();
    late.client().resource(set).delete();
    assertThatThrownBy(() -> sets.reconcile(key("a"))).hasMessageContaining("not found");
    assertThat(owners(ORPHAN)).isEmpty();
    set("a", 1);
    assertThatThrownBy(() -> sets.reconcile(key("a"))).hasMessageContaining("is gone");
    assertThat(owners(ORPHAN)).isEmpty();
  }

  @Test
  void aPodThatIsGoneKeepsNoSetFromWhatElseThereIsToDo() {
    set("a", 2);
    pod(ORPHAN);
    late.catchUp();
    late.client().pods().inNamespace(namespace).withName(ORPHAN).withGracePeriod(0).delete();
    sets.reconcile(key("a"));
    assertThat(late.client().pods().inNamespace(namespace).list().getItems()).hasSize(1);
  }

  @Test
  void aDeploymentThatIsBeingDeletedLetsGoOfNothing() {
    Reconciler rollouts = late.rollouts(late.api("admin"));
    Deployment web =
        late.client()
            .resource(
                LateCaches.web(namespace)
                    .editMetadata()
                    .withFinalizers("example.org/stay")
                    .endMetadata()
                    .build())
            .create();
    set("web-1", 0);
    late.catchUp();
    rollouts.reconcile(key("web"));
    late.client().resource(web).delete();
    late.client()
        .apps()
        .replicaSets()
        .inNamespace(namespace)
        .withName("web-1")
        .edit(
            set ->
                new ReplicaSetBuilder(set)
                    .editMetadata()
                    .withLabels(Map.of("app", "other"))
                    .endMetadata()
                    .build());
    late.catchUp();
    rollouts.reconcile(key("web"));
    assertThat(
            late.client()
                .apps()
                .replicaSets()
                .inNamespace(namespace)
                .withName("web-1")
                .get()
                .getMetadata()
                .getOwnerReferences())
        .extracting(OwnerReference::getName)
        .containsExactly("web");
  }

  /// A clock by which counting pods takes a while.
  private static final class SlowCounting implements InstantSource {
    private final Duration counting;
    private Instant now = Instant.parse("2030-01-01T00:00:00Z");

    SlowCounting(Duration counting) {
      this.counting = counting;
    }

    @Override
    public Instant instant() {
      now = now.plus(counting);
      return now;
    }

    void pass(Duration time) {
      now = now.plus(time);
    }
  }

  @Test
  void oneOfManyPodsRestsBetweenCounts() {
    SlowCounting clock = new SlowCounting(Duration.ofMillis(3));
    Reconciler slow = sets(late.api("admin"), clock);
    set("a", 1);
    late.catchUp();
    slow.reconcile(key("a"));
    late.catchUp();
    assertThat(slow.reconcile(key("a"))).as("what it made is counted").isEqualTo(Result.DONE);
    late.catchUp();
    assertThat(slow.reconcile(key("a")).again())
        .as("19 times as long as the count, but for what has passed")
        .isEqualTo(Duration.ofMillis(19 * 3 - 3));
    assertThat(replicas()).isEqualTo(1);
    late.client()
        .apps()
        .replicaSets()
        .inNamespace(namespace)
        .withName("a")
        .edit(each -> new ReplicaSetBuilder(each).editSpec().withReplicas(2).endSpec().build());
    late.catchUp();
    assertThat(slow.reconcile(key("a"))).as("who asks for more").isEqualTo(Result.DONE);
    late.catchUp();
    assertThat(slow.reconcile(key("a"))).as("goes on at once").isEqualTo(Result.DONE);
    assertThat(replicas()).isEqualTo(2);
    clock.pass(Duration.ofMillis(19 * 3));
    late.catchUp();
    assertThat(slow.reconcile(key("a"))).as("rested").isEqualTo(Result.DONE);
  }

  private int replicas() {
    return late.client()
        .apps()
        .replicaSets()
        .inNamespace(namespace)
        .withName("a")
        .get()
        .getStatus()
        .getReplicas();
  }

  @Test
  void aPodThatMayNotBeDeletedIsToldAsOneThatWasNotDeleted() {
    mayAllButDeletePods("half");
    ReplicaSet set = set("a", 1);
    pod("one", owner(set).withController(true).build());
    pod("two", owner(set).withController(true).build());
    late.client()
        .resource(
            new ReplicaSetBuilder(set)
                .withNewStatus()
                .withReplicas(2)
                .addNewCondition()
                .withType("Audited")
                .withStatus("True")
                .endCondition()
                .endStatus()
                .build())
        .patchStatus();
    late.catchUp();
    assertThatThrownBy(() -> sets(late.plainApi("half")).reconcile(key("a")))
        .isInstanceOf(Api.RefusedException.class);
    assertThat(conditions())
        .containsExactly(
            "Audited  null", "ReplicaFailure FailedDelete unable to delete pods: " + refused());
    assertThat(events()).containsExactly("FailedDelete: Error deleting: " + refused());
    late.catchUp();
    sets.reconcile(key("a"));
    assertThat(conditions()).as("what others say stays").containsExactly("Audited  null");
  }

  private String refused() {
    return "pods \"one\" is forbidden: User \"half\" cannot delete resource \"pods\" in API group"
        + " \"\" in the namespace \"%s\"".formatted(namespace);
  }

  private List<String> conditions() {
    return late
        .client()
        .apps()
        .replicaSets()
        .inNamespace(namespace)
        .withName("a")
        .get()
        .getStatus()
        .getConditions()
        .stream()
        .map(PodsOfSetsTest::words)
        .toList();
  }

  private static String words(ReplicaSetCondition condition) {
    return "%s %s %s"
        .formatted(
            condition.getType(),
            condition.getReason() == null ? "" : condition.getReason(),
            condition.getMessage());
  }

  private void mayAllButDeletePods(String user) {
    late.client()
        .resource(
            new ClusterRoleBuilder()
                .withNewMetadata()
                .withName(user)
                .endMetadata()
                .addNewRule()
                .withApiGroups("")
                .withResources("pods")
                .withVerbs("get", "create", "patch")
                .endRule()
                .addNewRule()
                .withApiGroups("apps")
                .withResources("*")
                .withVerbs("*")
                .endRule()
                .build())
        .create();
    late.client()
        .resource(
            new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(user)
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", user)
                .addNewSubject()
                .withApiGroup("rbac.authorization.k8s.io")
                .withKind("User")
                .withName(user)
                .endSubject()
                .build())
        .create();
    late.catchUp();
  }

  @Test
  void aPodThatMayNotBeMadeIsTold() {
    set("a", 1);
    late.catchUp();
    assertThatThrownBy(() -> sets(late.plainApi("nobody")).reconcile(key("a")))
        .isInstanceOf(Api.RefusedException.class);
    assertThat(events())
        .singleElement()
        .asString()
        .startsWith("FailedCreate: Error creating: pods is forbidden: User \"nobody\"");
  }

  @Test
  void noPodIsMissedInANamespaceThatEnds() {
    set("a", 3);
    late.client().namespaces().withName(namespace).delete();
    late.catchUp();
    sets.reconcile(key("a"));
    assertThat(events()).isEmpty();
    assertThat(conditions()).isEmpty();
  }

  @Test
  void aPodThatWentByItselfIsNotToldAsDeleted() {
    ReplicaSet set = set("a", 0);
    pod("one", owner(set).withController(true).build());
    late.catchUp();
    late.client().pods().inNamespace(namespace).withName("one").withGracePeriod(0).delete();
    sets.reconcile(key("a"));
    assertThat(events()).isEmpty();
  }

  @Test
  void aNamesakeOfAPodThatWentStays() {
    ReplicaSet set = set("a", 0);
    pod("one", owner(set).withController(true).build());
    late.catchUp();
    late.client().pods().inNamespace(namespace).withName("one").withGracePeriod(0).delete();
    pod("one");
    sets.reconcile(key("a"));
    assertThat(owners("one")).isEmpty();
    assertThat(events()).isEmpty();
  }
}
