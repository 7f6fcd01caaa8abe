// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage;
import dev.havn.node.pod.StaticPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.usage.Figure;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Controller;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The figures of nodes: of those in this process measured, or, where containers are only said to
/// run, said by their pods; of others what they say themselves.
final class UsageAdapter implements NodeUsage, AutoCloseable {
  private final Map<String, Source> nodes = new ConcurrentHashMap<>();
  private final InstantSource clock;
  private volatile @Nullable RemoteUsage remote;

  private record Source(ContainerRuntime runtime, UsageMeter meter) {}

  UsageAdapter(InstantSource clock) {
    this.clock = clock;
  }

  void add(String node, ContainerRuntime runtime, UsageMeter meter) {
    nodes.put(node, new Source(runtime, meter));
  }

  /// Nodes that are not of this process are asked from now on.
  void reach(RemoteUsage others) {
    remote = others;
  }

  /// Of the nodes that are asked; empty as long as others are out of reach.
  Optional<Controller.Counts> counts() {
    return Optional.ofNullable(remote).map(RemoteUsage::counts);
  }

  @Override
  public boolean measures() {
    return true;
  }

  @Override
  public Optional<PodFigures> ofPod(ObjectNode pod) {
    @Nullable Source source = nodes.get(pod.path("spec").path("nodeName").asText(""));
    if (source == null) {
      return Optional.ofNullable(remote).flatMap(others -> others.ofPod(pod));
    }
    String uid = StaticPods.uid(pod);
    return source.meter().measures()
        ? measured(source.meter().ofPod(uid))
        : Optional.of(said(source.runtime(), uid, pod));
  }

  /// The time of a pod's figures is that of the oldest of them.
  private static Optional<PodFigures> measured(Map<String, Figure> figures) {
    @Nullable Instant at = null;
    Duration window = Duration.ZERO;
    Map<String, Amount> amounts = new LinkedHashMap<>();
    for (Map.Entry<String, Figure> each : figures.entrySet()) {
      Figure figure = each.getValue();
      if (at == null || figure.at().isBefore(at)) {
        at = figure.at();
        window = figure.window();
      }
      amounts.put(each.getKey(), new Amount(figure.nanoCores(), figure.memoryBytes()));
    }
    return at == null ? Optional.empty() : Optional.of(new PodFigures(at, window, amounts));
  }

  private PodFigures said(ContainerRuntime runtime, String uid, ObjectNode pod) {
    Map<String, Amount> amounts = new LinkedHashMap<>();
    for (ContainerRuntime.Container each : runtime.containers(uid)) {
      if (each.running()) {
        amounts.put(each.name(), SaidUsage.of(pod, each.name()));
      }
    }
    return new PodFigures(clock.instant(), SaidUsage.WINDOW, amounts);
  }

  @Override
  public Optional<NodeFigures> ofNode(ObjectNode node, List<ObjectNode> pods) {
    String name = node.path("metadata").path("name").asText();
    @Nullable Source source = nodes.get(name);
    if (source == null) {
      return Optional.ofNullable(remote).flatMap(others -> others.ofNode(name));
    }
    if (source.meter().measures()) {
      return source
          .meter()
          .ofNode()
          .map(
              figure ->
                  new NodeFigures(
                      figure.at(),
                      figure.window(),
                      new Amount(figure.nanoCores(), figure.memoryBytes())));
    }
    Amount sum = new Amount(0, 0);
    for (ObjectNode pod : pods) {
      String uid = StaticPods.uid(pod);
      for (Amount each : said(source.runtime(), uid, pod).containers().values()) {
        sum = sum.plus(each);
      }
    }
    return Optional.of(new NodeFigures(clock.instant(), SaidUsage.WINDOW, sum));
  }

  @Override
  public void close() {
    @Nullable RemoteUsage others = remote;
    if (others != null) {
      others.close();
    }
  }
}
