// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
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

  /// The name of a pod's network namespace.
  String namespace(String uid);

  /// @throws ContainerRuntime.StartException in a kubelet's words, when others do not let go
  void remove(String uid) throws IOException;

  /// Removes everything of this node.
  void removeAll() throws IOException;

  /// What keeps pods from getting a network, in a kubelet's words.
  default List<String> problems() {
    return List.of();
  }
}
