// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.endpoints.EndpointSliceReconciler;
import dev.havn.controllers.endpoints.MirrorReconciler;
import dev.havn.controllers.nodes.NodeLifecycle;
import dev.havn.controllers.nodes.NodeOptions;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Reconciler.Key;
import dev.havn.reconcile.Reconciler.Result;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Endpoints;
import io.fabric8.kubernetes.api.model.EndpointsBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// What is written and not seen yet, and controllers that wait for it.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PendingWritesTest {
  private static final Key OWNER = new Key("default", "owner");

  private final LateCaches late = new LateCaches();
  private final Api api = late.api("admin");
  private final PendingWrites pending = new PendingWrites();
  private final Informer<ConfigMap> maps = late.informers().of(ConfigMap.class);
  private String namespace = "";

  @BeforeEach
  void newNamespace() {
    namespace = late.namespace();
    pending.forget(OWNER);
    late.catchUp();
  }

  @AfterAll
  void close() {
    late.close();
  }

  private ConfigMap map() {
    return new ConfigMapBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName("a")
        .endMetadata()
        .build();
  }

  @Test
  void aWriteIsPendingUntilTheCacheShowsIt() {
    assertThat(pending.isSeen(OWNER)).isTrue();
    pending.wrote(OWNER, maps, api.create(map()));
    assertThat(pending.isSeen(OWNER)).isFalse();
    assertThat(pending.isSeen(new Key("default", "other"))).isTrue();
    late.catchUp();
    assertThat(pending.isSeen(OWNER)).isTrue();
  }

  @Test
  void whatIsDeletedBeforeTheCacheShowsItIsSeen() {
    pending.wrote(OWNER, maps, api.create(map()));
    late.client().resource(map()).delete();
    assertThat(pending.isSeen(OWNER)).isFalse();
    late.catchUp();
    assertThat(maps.get(namespace, "a")).isNull();
    assertThat(pending.isSeen(OWNER)).isTrue();
  }

  @Test
  void aDeletionIsSeenAlsoWhenANamesakeComes() {
    late.client().resource(map()).create();
    late.catchUp();
    ConfigMap shown = maps.get(namespace, "a");
    late.client().resource(map()).delete();
    pending.deleted(OWNER, maps, shown);
    late.client().resource(map()).create();
    assertThat(pending.isSeen(OWNER)).isFalse();
    late.catchUp();
    assertThat(maps.get(namespace, "a")).isNotNull();
    assertThat(pending.isSeen(OWNER)).isTrue();
  }

  @Test
  void aVersionOfAnotherFormIsNotWaitedFor() {
    ObjectNode answer = Api.object();
    answer.putObject("metadata").put("resourceVersion", "MTIzNDU");
    pending.wrote(OWNER, maps, answer);
    assertThat(pending.isSeen(OWNER)).isTrue();
  }

  @Test
  void aRolloutGoesOnWhenItsReplicaSetIsDeletedBeforeItIsSeen() {
    Reconciler rollouts = late.rollouts(api);
    late.client().resource(LateCaches.web(namespace).build()).create();
    late.catchUp();
    Key key = new Key(namespace, "web");
    rollouts.reconcile(key);
    assertThat(sets()).hasSize(1);
    late.client().resource(sets().getFirst()).delete();
    assertThat(rollouts.reconcile(key))
        .as("nobody else tells it when the cache has caught up")
        .isEqualTo(Result.after(PendingWrites.CACHES_CATCH_UP));
    late.catchUp();
    rollouts.reconcile(key);
    assertThat(sets()).hasSize(1);
  }

  private List<ReplicaSet> sets() {
    return late.client().apps().replicaSets().inNamespace(namespace).list().getItems();
  }

  @Test
  void endpointsAreShownAgainWhenTheirSliceIsDeletedBeforeItIsSeen() {
    Reconciler sliced =
        new EndpointSliceReconciler(
            new EndpointSliceReconciler.Caches(
                late.informers().of(Service.class),
                late.informers().of(Pod.class),
                late.informers().of(Node.class),
                late.informers().of(EndpointSlice.class)),
            api,
            late.events());
    late.client().resource(service(Map.of("app", "web"))).create();
    late.catchUp();
    Key key = new Key(namespace, "web");
    sliced.reconcile(key);
    assertThat(slices()).hasSize(1);
    late.client().resource(slices().getFirst()).delete();
    late.catchUp();
    sliced.reconcile(key);
    assertThat(slices()).hasSize(1);
  }

  @Test
  void aNodeThatSpeaksAtThatMomentIsNotCalledSilent() {
    Reconciler lifecycle =
        new NodeLifecycle(
            late.informers().of(Node.class),
            late.informers().of(Lease.class),
            late.informers().podOutlines(),
            api,
            late.events(),
            late.cluster().time(),
            NodeOptions.USUAL);
    String node = "/api/v1/nodes/" + namespace;
    api.create(
        "/api/v1/nodes",
        "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"" + namespace + "\"}}");
    api.strategicMerge(node + "/status", condition("Ready", "True"));
    late.catchUp();
    Key key = new Key("", namespace);
    lifecycle.reconcile(key);
    late.cluster().time().jump(Duration.ofMinutes(2));
    api.strategicMerge(node + "/status", condition("Strange", "True"));
    assertThatThrownBy(() -> lifecycle.reconcile(key))
        .isInstanceOfSatisfying(
            Api.RefusedException.class, refused -> assertThat(refused.isStale()).isTrue());
    late.catchUp();
    lifecycle.reconcile(key);
    assertThat(api.get(node).at("/status/conditions").valueStream())
        .extracting(each -> each.path("type").asText() + " " + each.path("status").asText())
        .containsExactlyInAnyOrder(
            "Ready Unknown",
            "Strange True",
            "MemoryPressure Unknown",
            "DiskPressure Unknown",
            "PIDPressure Unknown");
  }

  private static ObjectNode condition(String type, String status) {
    ObjectNode patch = Api.object();
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", type)
        .put("status", status);
    return patch;
  }

  @Test
  void slicesThatMirrorEndpointsAreMadeOnce() {
    Reconciler mirrors =
        new MirrorReconciler(
            late.informers().of(Endpoints.class),
            late.informers().of(Service.class),
            late.informers().of(EndpointSlice.class),
            api,
            late.events());
    late.client().resource(service(Map.of())).create();
    late.client()
        .resource(
            new EndpointsBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("web")
                .endMetadata()
                .addNewSubset()
                .addNewAddress()
                .withIp("10.9.8.7")
                .endAddress()
                .endSubset()
                .build())
        .create();
    late.catchUp();
    Key key = new Key(namespace, "web");
    mirrors.reconcile(key);
    mirrors.reconcile(key);
    assertThat(slices()).hasSize(1);
    late.catchUp();
    mirrors.reconcile(key);
    assertThat(slices()).hasSize(1);
  }

  private List<EndpointSlice> slices() {
    return late.client().discovery().v1().endpointSlices().inNamespace(namespace).list().getItems();
  }

  private Service service(Map<String, String> selector) {
    return new ServiceBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName("web")
        .endMetadata()
        .withNewSpec()
        .withSelector(selector)
        .addNewPort()
        .withPort(80)
        .endPort()
        .endSpec()
        .build();
  }
}
