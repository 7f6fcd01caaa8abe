// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.cri.CriClient;
import dev.havn.node.cri.CriException;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// The sandboxes and containers of a node, as its runtime has them. How a container ended is asked
/// for once. For many threads.
final class CriPods {
  private final CriClient client;
  private final String node;

  /// By container, as long as the runtime has it.
  private final Map<String, Cri.ContainerStatus> statuses = new ConcurrentHashMap<>();

  CriPods(CriClient client, String node) {
    this.client = client;
    this.node = node;
  }

  /// All sandboxes of the node, the newest first.
  List<Cri.PodSandbox> sandboxes() {
    return sandboxes(Map.of(CriConfigs.NODE, node));
  }

  /// Those of a pod, the newest first.
  List<Cri.PodSandbox> sandboxes(String podUid) {
    return sandboxes(Map.of(CriConfigs.NODE, node, CriConfigs.POD_UID, podUid));
  }

  private List<Cri.PodSandbox> sandboxes(Map<String, String> labels) {
    var filter = Cri.PodSandboxFilter.newBuilder().putAllLabelSelector(labels);
    var request = Cri.ListPodSandboxRequest.newBuilder().setFilter(filter).build();
    return client.ask(stub -> stub.listPodSandbox(request)).getItemsList().stream()
        .sorted(Comparator.comparingLong(Cri.PodSandbox::getCreatedAt).reversed())
        .toList();
  }

  /// The sandbox that containers can be started in.
  Optional<Cri.PodSandbox> ready(String podUid) {
    return sandboxes(podUid).stream()
        .filter(each -> each.getState() == Cri.PodSandboxState.SANDBOX_READY)
        .findFirst();
  }

  /// @param verbose with what only tools want to know
  Cri.PodSandboxStatusResponse sandboxStatus(String sandbox, boolean verbose) {
    var request =
        Cri.PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).setVerbose(verbose);
    return client.ask(stub -> stub.podSandboxStatus(request.build()));
  }

  /// The path of a sandbox's network namespace, as runtimes tell it in their own words.
  static Optional<String> namespace(Cri.PodSandboxStatusResponse status) throws IOException {
    JsonNode info = CriNetwork.json(status.getInfoOrDefault("info", "{}"));
    for (JsonNode each : info.path("runtimeSpec").path("linux").path("namespaces")) {
      if (each.path("type").asText().equals("network") && each.has("path")) {
        return Optional.of(each.path("path").asText());
      }
    }
    return Optional.empty();
  }

  /// All containers of the node.
  List<Cri.Container> containers() {
    return containers(Map.of(CriConfigs.NODE, node));
  }

  /// Those of a pod, oldest attempt first.
  List<Cri.Container> containers(String podUid) {
    return containers(Map.of(CriConfigs.NODE, node, CriConfigs.POD_UID, podUid));
  }

  private List<Cri.Container> containers(Map<String, String> labels) {
    var filter = Cri.ContainerFilter.newBuilder().putAllLabelSelector(labels);
    var request = Cri.ListContainersRequest.newBuilder().setFilter(filter).build();
    return client.ask(stub -> stub.listContainers(request)).getContainersList().stream()
        .sorted(
            Comparator.comparingInt((Cri.Container each) -> each.getMetadata().getAttempt())
                .thenComparingLong(Cri.Container::getCreatedAt))
        .toList();
  }

  /// Empty when it is gone meanwhile. What is known stays true as long as the state is the same.
  Optional<Cri.ContainerStatus> status(Cri.Container container) {
    Cri.ContainerStatus known = statuses.get(container.getId());
    if (known != null && known.getState() == container.getState()) {
      return Optional.of(known);
    }
    try {
      Cri.ContainerStatus fresh = containerStatus(container.getId(), false).getStatus();
      statuses.put(container.getId(), fresh);
      return Optional.of(fresh);
    } catch (CriException e) {
      if (e.isNotFound()) {
        return Optional.empty();
      }
      throw e;
    }
  }

  Cri.ContainerStatusResponse containerStatus(String containerId, boolean verbose) {
    var request =
        Cri.ContainerStatusRequest.newBuilder().setContainerId(containerId).setVerbose(verbose);
    return client.ask(stub -> stub.containerStatus(request.build()));
  }

  /// Gives a container that runs other bounds.
  void updateContainer(String containerId, Resources bounds) {
    var request =
        Cri.UpdateContainerResourcesRequest.newBuilder()
            .setContainerId(containerId)
            .setLinux(CriConfigs.update(bounds))
            .build();
    var unused = client.ask(stub -> stub.updateContainerResources(request));
  }

  void forget(String containerId) {
    statuses.remove(containerId);
  }

  /// Stops a sandbox with all that runs in it. Idempotent.
  void stopSandbox(String sandbox) {
    var request = Cri.StopPodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build();
    var unused = client.ask(stub -> stub.stopPodSandbox(request));
  }

  /// Removes a sandbox with all that was in it. Idempotent.
  void removeSandbox(String sandbox) {
    stopSandbox(sandbox);
    var request = Cri.RemovePodSandboxRequest.newBuilder().setPodSandboxId(sandbox).build();
    var unused = client.ask(stub -> stub.removePodSandbox(request));
  }

  /// Removes a container, which ends it. Idempotent.
  void removeContainer(String containerId) {
    var request = Cri.RemoveContainerRequest.newBuilder().setContainerId(containerId).build();
    var unused = client.ask(stub -> stub.removeContainer(request));
    forget(containerId);
  }
}
