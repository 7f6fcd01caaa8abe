// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.Node;
import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.image.Images;
import dev.havn.node.pod.BoundPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.SimulatedRuntime;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node whose runtime has pods that nobody knows and that are hard to remove.
class NodeRoundsTest {
  private static final Duration SLOW = Duration.ofMinutes(1);

  @TempDir private Path folder;
  private final List<String> left = new ArrayList<>(List.of("stuck", "slow", "easy"));
  private EmbeddedCluster cluster;
  private Informers informers;
  private Node node;
  private Duration silence = Duration.ZERO;
  private int starts;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    Api api = new Api(cluster.client());
    informers = new Informers(api, cluster.time());
    ContainerRuntime real =
        new SimulatedRuntime(cluster.time(), cluster.time(), AddressRange.parse("192.0.2.0/24"));
    ContainerRuntime runtime =
        (ContainerRuntime)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {ContainerRuntime.class},
                (_, method, arguments) -> call(real, method, arguments));
    node =
        new Node(
            new Node.Settings(
                "busy",
                "192.0.2.1",
                "",
                "v1.36.3",
                Ranges.parse("192.0.2.0/24"),
                runtime,
                new UsageMeter(runtime, cluster.time()),
                folder,
                "",
                images(),
                KubeletConfiguration.STANDARD,
                cluster.time(),
                cluster.time()),
            api,
            BoundPods.watched(informers, "busy"),
            new Events.Memory());
    node.start();
    cluster.settle();
  }

  @AfterEach
  void close() {
    node.close();
    informers.close();
    cluster.close();
  }

  private Images images() {
    return (Images)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Images.class},
            (proxy, method, arguments) -> {
              if (method.isDefault()) {
                return InvocationHandler.invokeDefault(proxy, method, arguments);
              }
              throw new AssertionError("nobody needs an image: " + method);
            });
  }

  private Object call(ContainerRuntime real, Method method, Object[] arguments) throws Throwable {
    return switch (method.getName()) {
      case "pods" -> List.copyOf(left);
      case "removePod" -> remove((String) arguments[0]);
      case "start" -> {
        starts++;
        throw new ContainerRuntime.StartException("RunContainerError", "no such command", null);
      }
      default -> {
        try {
          yield method.invoke(real, arguments);
        } catch (InvocationTargetException e) {
          throw e.getCause();
        }
      }
    };
  }

  private Object remove(String uid) {
    if (uid.equals("stuck")) {
      throw new IllegalStateException("a device is busy");
    }
    if (uid.equals("slow") && left.contains(uid)) {
      ZonedDateTime before = renewed();
      cluster.advance(SLOW);
      silence = Duration.between(renewed(), cluster.now().atZone(before.getZone()));
    }
    left.remove(uid);
    return new Object();
  }

  private ZonedDateTime renewed() {
    Lease lease = cluster.client().leases().inNamespace("kube-node-lease").withName("busy").get();
    return Objects.requireNonNull(lease.getSpec().getRenewTime());
  }

  @Test
  void aContainerThatCannotBeStartedIsTriedMoreAndMoreSeldom() {
    left.clear();
    cluster
        .client()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withNamespace("default")
                .withName("broken")
                .endMetadata()
                .withNewSpec()
                .withNodeName("busy")
                .addNewContainer()
                .withName("c")
                .withImage("example/c:1")
                .endContainer()
                .endSpec()
                .build())
        .create();
    cluster.advance(Duration.ofMinutes(10));
    assertThat(starts).isBetween(5, 7);
  }

  @Test
  void theLeaseWaitsForNoRemovalAndNoRemovalForAnother() {
    cluster.advance(Duration.ofSeconds(40));
    assertThat(left).containsExactly("stuck");
    assertThat(silence).isLessThanOrEqualTo(Duration.ofSeconds(10));
    assertThat(cluster.client().nodes().withName("busy").get().getStatus().getConditions())
        .filteredOn(each -> each.getType().equals("Ready"))
        .allMatch(each -> each.getStatus().equals("True"));
  }
}
