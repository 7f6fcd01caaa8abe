// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.cri.CriClient;
import dev.havn.node.image.ImageStore;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.runtime.CriRuntime;
import dev.havn.node.runtime.NodeId;
import dev.havn.node.runtime.ProcessRuntime;
import dev.havn.node.runtime.RuncRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;

/// What a server that was killed has left outside its data directory: containers with their
/// parents, mounts, links, namespaces, routes, cgroups.
record Leftovers(DataDirectory directory) {
  /// Removes all of it.
  ///
  /// @return whether there was anything
  boolean remove() {
    Path nodes = directory.path().resolve("nodes");
    if (!Files.isDirectory(nodes)) {
      return false;
    }
    ScheduledExecutorService executor = Executors.newScheduledThreadPool(1);
    try (Stream<Path> all = Files.list(nodes)) {
      boolean found = ClusterNetwork.remove(directory.clusterId());
      for (Path node : all.toList()) {
        found |= remove(node, executor);
      }
      found |= !Mounts.below(nodes).isEmpty();
      Mounts.detachBelow(nodes);
      return found;
    } catch (IOException e) {
      throw new StartException(
          "what is left of cluster "
              + directory.clusterId()
              + " cannot be removed: "
              + e.getMessage(),
          e);
    } finally {
      executor.shutdownNow();
    }
  }

  private boolean remove(Path node, ScheduledExecutorService executor) throws IOException {
    NodeId id = new NodeId(directory.clusterId(), number(String.valueOf(node.getFileName())));
    ImageStore images = new ImageStore(directory.path().resolve("images"));
    boolean found = false;
    Path processes = node.resolve(RuntimeKind.PROCESS.folder());
    if (Files.isDirectory(processes)) {
      found =
          ProcessRuntime.cleanUp(
              new ProcessRuntime.Settings(
                  processes, id, !RuntimeKind.isRoot(), images, InstantSource.system(), executor));
    }
    // They are chosen before anything has an address.
    Optional<AddressRanges.Kept> kept = AddressRanges.kept(directory);
    if (kept.isEmpty()) {
      return found;
    }
    Ranges own = kept.get().pods().ofNode(id.node());
    Path containers = node.resolve(RuntimeKind.RUNC.folder());
    Optional<RuntimeKind> able =
        Stream.of(RuntimeKind.RUNC, RuntimeKind.CRUN)
            .filter(each -> each.missing().isEmpty())
            .findFirst();
    if (Files.isDirectory(containers) && able.isPresent()) {
      found |=
          RuncRuntime.cleanUp(
              new RuncRuntime.Settings(
                  able.get().program(),
                  containers,
                  id,
                  own,
                  kept.get().all(),
                  "",
                  PodMtu.USUAL_BYTES,
                  -1,
                  null,
                  images,
                  InstantSource.system(),
                  executor,
                  null));
    }
    Path atSocket = node.resolve(RuntimeKind.CONTAINERD.folder());
    if (Files.isDirectory(atSocket) && RuntimeKind.CONTAINERD.missing().isEmpty()) {
      found |= removeAtSocket(atSocket, id, own, kept.get().all(), executor);
    }
    return found;
  }

  /// What is with a runtime at a socket, which must run for it.
  private static boolean removeAtSocket(
      Path folder, NodeId id, Ranges own, List<AddressRange> all, ScheduledExecutorService executor)
      throws IOException {
    Optional<Path> socket = CriRuntime.socket(folder);
    if (socket.isEmpty()) {
      return false;
    }
    try (CriClient client = CriClient.connect(socket.get(), executor)) {
      return CriRuntime.cleanUp(
          new CriRuntime.Settings(
              client,
              folder,
              id,
              own,
              all,
              "",
              PodMtu.USUAL_BYTES,
              -1,
              InstantSource.system(),
              executor));
    }
  }

  /// Of `havn-7` it is 7, of `havn`, the only one, 0.
  private static int number(String node) {
    String digits = node.replaceAll("^.*-", "");
    return digits.matches("[0-9]{1,4}") ? Integer.parseInt(digits) : 0;
  }
}
