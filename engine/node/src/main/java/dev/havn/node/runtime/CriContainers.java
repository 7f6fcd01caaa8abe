// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The containers of pods: those that the runtime has, and those that it was told to forget.
record CriContainers(CriPods pods, CriFolders folders) {
  /// All of a pod, oldest attempt first.
  List<Container> of(String podUid) throws IOException {
    List<Container> all = new ArrayList<>(folders.ended(podUid));
    Set<String> known = new HashSet<>();
    all.forEach(each -> known.add(each.id()));
    for (Cri.Container each : pods.containers(podUid)) {
      if (known.add(each.getId())) {
        container(podUid, each).ifPresent(all::add);
      }
    }
    all.sort(Comparator.comparingInt(Container::attempt));
    return all;
  }

  /// One that was made and not yet started counts as none.
  private Optional<Container> container(String podUid, Cri.Container found) {
    return found.getState() == Cri.ContainerState.CONTAINER_CREATED
        ? Optional.empty()
        : pods.status(found).map(status -> container(podUid, found, status));
  }

  private Container container(String podUid, Cri.Container found, Cri.ContainerStatus status) {
    String name = found.getMetadata().getName();
    int attempt = found.getMetadata().getAttempt();
    boolean runs = status.getState() == Cri.ContainerState.CONTAINER_RUNNING;
    boolean isLost = status.getState() == Cri.ContainerState.CONTAINER_UNKNOWN;
    long finished = status.getFinishedAt() > 0 ? status.getFinishedAt() : status.getCreatedAt();
    return new Container(
        found.getId(),
        name,
        attempt,
        status.getAnnotationsOrDefault(CriConfigs.IMAGE, status.getImage().getImage()),
        status.getImageRef(),
        time(status.getStartedAt() > 0 ? status.getStartedAt() : status.getCreatedAt()),
        runs ? null : time(finished),
        isLost ? ContainerFolders.EXIT_UNKNOWN : status.getExitCode(),
        status.getReason().equals("OOMKilled"),
        folders.home(podUid, name, attempt).resolve("log"));
  }

  private static Instant time(long nanos) {
    return Instant.ofEpochSecond(0, nanos);
  }
}
