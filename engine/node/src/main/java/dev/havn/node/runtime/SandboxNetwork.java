// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Where the pods of a node get their network. One at a time for each pod.
interface SandboxNetwork {
  /// Makes what the node needs.
  void open() throws IOException;

  boolean isOpen() throws IOException;

  /// The pod's address, empty when it has the machine's network; its namespace is made when it is
  /// not there.
  ///
  /// @param users a file that holds the user namespace whose root may change the network; empty for
  ///   the machine's
  String ensure(PodPlace place, Optional<Path> users) throws IOException;

  /// The address that a pod has already.
  Optional<String> find(String uid) throws IOException;

  /// All addresses of the pod whose first one this is, as whoever made its network reported them;
  /// empty where the others follow from the first.
  default List<String> reported(String address) {
    return List.of();
  }

  /// The name of a pod's network namespace.
  String namespace(String uid);

  /// The node's own network namespace; none for the machine's.
  default Optional<NetworkNamespace> node() {
    return Optional.empty();
  }

  /// The file of the namespace that a pod joins; none for the machine's.
  default Optional<Path> file(PodPlace place) {
    return place.sharing().hostNetwork()
        ? node().map(NetworkNamespace::file)
        : Optional.of(Path.of("/run/netns", namespace(place.uid())));
  }

  /// Whether a pod is known to have the node's network.
  boolean isOnNode(String uid);

  /// A port of a pod.
  ///
  /// @throws IOException when it has no network yet, or none any more
  default InetSocketAddress port(String uid, int number) throws IOException {
    if (isOnNode(uid)) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), number);
    }
    String address = find(uid).orElseThrow(() -> new IOException("the pod has no sandbox"));
    return new InetSocketAddress(InetAddress.ofLiteral(address), number);
  }

  /// In the node's network.
  default NodeSockets sockets() {
    return node().map(NodeSockets::new).orElse(NodeSockets.MACHINE);
  }

  /// @throws ContainerRuntime.StartException in a kubelet's words, when others do not let go
  void remove(String uid) throws IOException;

  /// Removes everything of this node.
  void removeAll();

  /// Puts back what somebody else has taken away; every few seconds.
  default void look() {}

  /// What keeps pods from getting a network, in a kubelet's words.
  default List<String> problems() {
    return List.of();
  }
}
