// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Score;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What the alternatives that a claim gets are worth, in the numbers of kube-scheduler 1.36.
class PreferenceTest {
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  /// Fast cards are on the first node, slow ones on both.
  private static final Inventory INVENTORY =
      new Inventory(List.of(slice("one", "f0", "f1", "s0"), slice("two", "s0", "s1", "s2")));

  private static ResourceSlice slice(String node, String... devices) {
    StringBuilder all = new StringBuilder();
    for (String each : devices) {
      String fast = String.valueOf(each.startsWith("f"));
      all.append("{name: %s, attributes: {fast: {bool: %s}}}, ".formatted(each, fast));
    }
    return NoDevices.slice("d.example.com", node, all.toString());
  }

  private static ResourceClaim claim(String name, String requests) {
    return MODELS.unmarshal(
        """
        apiVersion: resource.k8s.io/v1
        kind: ResourceClaim
        metadata: {name: %1$s, namespace: default, uid: %1$s}
        spec: {devices: {requests: [%2$s]}}
        """
            .formatted(name, requests),
        ResourceClaim.class);
  }

  private record Some(List<ResourceClaim> all) implements NoDevices {
    @Override
    public @Nullable ResourceClaim claim(String key) {
      return all.stream().filter(each -> Grants.key(each).equals(key)).findAny().orElse(null);
    }

    @Override
    public Collection<ResourceClaim> claims(String namespace) {
      return all;
    }

    @Override
    public DeviceClass deviceClass(String name) {
      return MODELS.unmarshal(
          """
          apiVersion: resource.k8s.io/v1
          kind: DeviceClass
          metadata: {name: %1$s}
          spec: {selectors: [{cel: {expression: 'device.attributes["d.example.com"].fast == %2$s'}}]}
          """
              .formatted(name, name.equals("fast")),
          DeviceClass.class);
    }

    @Override
    public Inventory inventory() {
      return INVENTORY;
    }
  }

  private static long[] scores(ResourceClaim... claims) {
    ClusterState cluster = new ClusterState();
    for (String each : List.of("one", "two")) {
      cluster.put(
          MODELS.unmarshal("kind: Node\nmetadata: {name: %s}\n".formatted(each), Node.class));
    }
    StringBuilder named = new StringBuilder();
    for (ResourceClaim each : claims) {
      named.append(
          "{name: %1$s, resourceClaimName: %1$s}, ".formatted(each.getMetadata().getName()));
    }
    Pod pod =
        MODELS.unmarshal(
            """
            kind: Pod
            metadata: {name: p, namespace: default, uid: p}
            spec: {resourceClaims: [%s]}
            """
                .formatted(named),
            Pod.class);
    return new DynamicResources(new Some(List.of(claims)), Duration.ofMinutes(1))
        .scores(new Attempt(PodFacts.of(pod), cluster, false), cluster.nodes());
  }

  private static String either(String request, int count) {
    return ("{name: %1$s, firstAvailable: [{name: a, deviceClassName: fast, count: %2$d},"
            + " {name: b, deviceClassName: slow, count: %2$d}]}")
        .formatted(request, count);
  }

  private static ResourceClaim allocated(ResourceClaim claim, String request) {
    claim.setStatus(
        MODELS
            .unmarshal(
                """
                apiVersion: resource.k8s.io/v1
                kind: ResourceClaim
                status: {allocation: {devices: {results: [{request: %s, driver: o.example.com, pool: p, device: d}]}}}
                """
                    .formatted(request),
                ResourceClaim.class)
            .getStatus());
    return claim;
  }

  @Test
  void anEarlierAlternativeIsWorthMore() {
    assertThat(scores(claim("c", either("r", 1)))).containsExactly(100, 87);
  }

  @Test
  void aRequestForSeveralDevicesCountsOnce() {
    assertThat(scores(claim("c", either("r", 2)))).containsExactly(100, 87);
  }

  @Test
  void requestsAddUpAndThoseWithoutAlternativesDoNot() {
    // 8 + 7 where the second request finds no fast cards any more, 7 + 7 where there are none.
    String slow = "{name: s, exactly: {deviceClassName: slow}}";
    String two =
        "{name: q, firstAvailable: [{name: a, deviceClassName: fast, count: 2}, {name: b,"
            + " deviceClassName: slow}]}";
    assertThat(scores(claim("c", either("r", 1)), claim("e", two))).containsExactly(100, 93);
    assertThat(scores(claim("c", either("r", 1)), claim("e", slow))).containsExactly(100, 87);
  }

  @Test
  void whatAClaimHasAlreadyMakesTheRestCountLess() {
    assertThat(scores(allocated(claim("had", either("r", 1)), "r/a"), claim("c", either("r", 1))))
        .containsExactly(100, 93);
  }

  @Test
  void withoutAChoiceAllNodesAreAlike() {
    ResourceClaim had = allocated(claim("had", either("r", 1)), "r/b");
    assertThat(scores()).isSameAs(Score.NONE);
    assertThat(scores(had)).isSameAs(Score.NONE);
    assertThat(scores(had, claim("c", "{name: s, exactly: {deviceClassName: slow}}")))
        .isSameAs(Score.NONE);
  }
}
