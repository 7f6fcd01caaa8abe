// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.plugin.ResourceDevices.Count;
import dev.havn.scheduler.state.ClusterState;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DeviceCountsTest {
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  private static DeviceClass kind(String name, String selectors) {
    return MODELS.unmarshal(
        """
        apiVersion: resource.k8s.io/v1
        kind: DeviceClass
        metadata: {name: %1$s}
        spec: {extendedResourceName: example.com/%1$s, selectors: [%2$s]}
        """
            .formatted(name, selectors),
        DeviceClass.class);
  }

  private static ResourceSlice slice(String node, String devices) {
    return NoDevices.slice("cards.example.com", node, devices);
  }

  private static Taken taken(String device, String more) {
    Taken taken = new Taken();
    taken.add(
        MODELS.unmarshal(
            """
            devices: {results: [{request: r, driver: cards.example.com, pool: one, device: %s%s}]}
            """
                .formatted(device, more),
            AllocationResult.class));
    return taken;
  }

  private record Some(Taken taken) implements NoDevices {
    private static final List<DeviceClass> CLASSES =
        List.of(
            kind("card", ""),
            kind("large", "{cel: {expression: 'device.attributes[\"cards.example.com\"].large'}}"),
            kind("broken", "{cel: {expression: 'device.nothing'}}"));

    @Override
    public ExtendedResources extendedResources() {
      return new ExtendedResources(CLASSES);
    }

    @Override
    public Inventory inventory() {
      return new Inventory(
          List.of(
              slice(
                  "one",
                  "{name: a, attributes: {large: {bool: true}}}, {name: b, attributes: {large: {bool: true}}}, {name: c, attributes: {large: {bool: false}}}"),
              slice("two", "{name: a, attributes: {large: {bool: false}}}")));
    }
  }

  private static @Nullable Count count(String resource, String node, Taken taken) {
    ClusterState cluster = new ClusterState();
    cluster.put(
        MODELS.unmarshal(
            """
            apiVersion: v1
            kind: Node
            metadata: {name: %s}
            """
                .formatted(node),
            Node.class));
    return new DeviceCounts(new Some(taken))
        .of(resource, Objects.requireNonNull(cluster.node(node)));
  }

  @Test
  void thoseOfTheClassThatTheNodeReachesAreCounted() {
    Taken one = taken("b", "");
    assertThat(count("example.com/card", "one", one)).isEqualTo(new Count(3, 1));
    assertThat(count("example.com/large", "one", one)).isEqualTo(new Count(2, 1));
    assertThat(count("deviceclass.resource.kubernetes.io/large", "one", new Taken()))
        .isEqualTo(new Count(2, 0));
    assertThat(count("example.com/card", "two", one)).isEqualTo(new Count(1, 0));
    assertThat(count("example.com/large", "two", one)).as("none of them").isNull();
  }

  @Test
  void oneThatSeveralShareIsTakenWithTheFirst() {
    assertThat(count("example.com/card", "one", taken("c", ", shareID: s")))
        .isEqualTo(new Count(3, 1));
  }

  @Test
  void whatIsNoDeviceOrCannotBeReadIsNotCounted() {
    assertThat(count("example.com/other", "one", new Taken())).isNull();
    assertThat(count("example.com/broken", "one", new Taken())).isNull();
  }
}
