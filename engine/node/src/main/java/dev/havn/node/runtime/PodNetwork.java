// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The network of a node's pods: a bridge, and for each pod a network namespace with an address on
/// it. Every name carries the cluster's id and the node's number, by which all of it is found
/// again.
///
/// Each address that is given is a file in a folder; it holds the uid of its pod.
final class PodNetwork {
  private static final int FIRST = 2;
  private static final int LAST = 250;

  private final Path folder;
  private final String id;
  private final String prefix;

  /// @param id of cluster and node, at most 11 characters
  /// @param prefix the first three parts of the addresses
  PodNetwork(Path folder, String id, String prefix) throws IOException {
    this.folder = folder;
    this.id = id;
    this.prefix = prefix;
    Files.createDirectories(folder);
  }

  private String bridge() {
    return "hv" + id;
  }

  String namespace(String uid) {
    return "hv" + id + "-" + shortUid(uid);
  }

  private static String shortUid(String uid) {
    return uid.replace("-", "").substring(0, 12);
  }

  /// Makes the bridge; packets for pods that are not there end here.
  void open() throws IOException {
    if (Program.run(List.of("ip", "link", "show", bridge())).ok()) {
      return;
    }
    batch(
        "link add name " + bridge() + " type bridge",
        "address add " + prefix + ".1/24 dev " + bridge(),
        "link set " + bridge() + " up");
    String range = prefix.replaceAll("\\.[0-9]+$", ".0.0/16");
    Program.run(List.of("ip", "route", "add", "unreachable", range, "metric", "4096"));
  }

  /// The pod's address; its namespace is made when it is not there.
  String ensure(String uid) throws IOException {
    String address = address(uid);
    if (!Files.exists(Path.of("/run/netns", namespace(uid)))) {
      String outer = "hv" + shortUid(uid);
      batch(
          "netns add " + namespace(uid),
          "link add " + outer + " type veth peer name eth0 netns " + namespace(uid),
          "link set " + outer + " master " + bridge() + " up");
      String inner =
          String.join(
              "\n",
              "link set lo up",
              "address add " + address + "/24 dev eth0",
              "link set eth0 up",
              "route add default via " + prefix + ".1");
      Program.Result result =
          Program.run(List.of("ip", "-n", namespace(uid), "-batch", "-"), inner + "\n");
      if (!result.ok()) {
        throw new IOException("network of pod " + uid + ": " + result.output());
      }
    }
    return address;
  }

  private synchronized String address(String uid) throws IOException {
    List<String> taken = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (Files.readString(file).equals(uid)) {
          return String.valueOf(file.getFileName());
        }
        taken.add(String.valueOf(file.getFileName()));
      }
    }
    for (int last = FIRST; last <= LAST; last++) {
      String address = prefix + "." + last;
      if (!taken.contains(address)) {
        Files.writeString(folder.resolve(address), uid);
        return address;
      }
    }
    throw new IOException("all addresses of " + prefix + ".0/24 are taken");
  }

  synchronized void remove(String uid) throws IOException {
    if (Files.exists(Path.of("/run/netns", namespace(uid)))) {
      Program.must(List.of("ip", "netns", "delete", namespace(uid)));
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (Files.readString(file).equals(uid)) {
          Files.delete(file);
        }
      }
    }
  }

  /// Removes everything of this cluster's node.
  void removeAll() throws IOException {
    for (String line : Program.must(List.of("ip", "netns", "list")).split("\n")) {
      String name = line.split(" ")[0];
      if (name.startsWith("hv" + id + "-")) {
        Program.must(List.of("ip", "netns", "delete", name));
      }
    }
    if (Program.run(List.of("ip", "link", "show", bridge())).ok()) {
      Program.must(List.of("ip", "link", "delete", bridge()));
      String range = prefix.replaceAll("\\.[0-9]+$", ".0.0/16");
      Program.run(List.of("ip", "route", "del", "unreachable", range, "metric", "4096"));
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
  }

  private static void batch(String... commands) throws IOException {
    Program.Result result =
        Program.run(List.of("ip", "-batch", "-"), String.join("\n", commands) + "\n");
    if (!result.ok()) {
      throw new IOException(String.join("; ", commands) + ": " + result.output());
    }
  }
}
