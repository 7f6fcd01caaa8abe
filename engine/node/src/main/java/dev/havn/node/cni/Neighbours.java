// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Who else may have pods in the networks that the machine's plugins make: other nodes of this
/// server, whose notes are known, and other runtimes, of which only signs are.
///
/// @param nodes folder with the folders of this server's nodes
/// @param results where CNI's own library notes what other runtimes have
/// @param namespaces where the machine keeps its network namespaces
/// @param mark what names of this cluster's namespaces begin with
public record Neighbours(Path nodes, Path results, Path namespaces, String mark) {
  /// The folder of a node's notes, in the one of its runtime.
  public static final String NOTES = "cni";

  /// Of the machine.
  ///
  /// @param clusterId that all names of the cluster have
  public static Neighbours of(Path nodes, String clusterId) {
    return new Neighbours(
        nodes, Path.of("/var/lib/cni/results"), Path.of("/run/netns"), "hv" + clusterId);
  }

  /// Those of all nodes of this server, also of nodes that it does not have any more.
  List<Path> notes() throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path node : files(nodes)) {
      for (Path runtime : files(node)) {
        if (Files.isDirectory(runtime.resolve(NOTES))) {
          all.add(runtime.resolve(NOTES));
        }
      }
    }
    return all;
  }

  /// A file that tells of another runtime that may use a network, since nothing says which networks
  /// it does use but its own notes, wherever those are.
  Optional<Path> sign(String network) throws IOException {
    for (Path each : files(results)) {
      if (name(each).startsWith(network + "-")) {
        return Optional.of(each);
      }
    }
    return files(namespaces).stream().filter(each -> !name(each).startsWith(mark)).findFirst();
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  private static List<Path> files(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }
}
