// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.cni.CniNodes;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/// A first node on the machine's network, and a second one whose network is a namespace of its own,
/// each with addresses of both families.
abstract class TwoNodesFixture extends RuntimeFixture {
  protected static final String FIRST = "198.18.71";
  protected static final String SECOND = "198.18.72";

  protected final NodeId otherId = new NodeId(id.cluster(), 1);
  protected final NetworkNamespace namespace = NodeNamespace.of(otherId);
  protected RuncRuntime other;

  /// Opens the second node's over what an earlier one left.
  abstract RuncRuntime openOther();

  @Override
  ContainerRuntime open() {
    RuncRuntime first = RuncRuntime.open(settings(id, FIRST, null, null));
    other = openOther();
    return first;
  }

  /// Of the links of nodes and pods, in bytes.
  int mtu() {
    return MTU_BYTES;
  }

  static Uplink uplink() {
    return new Uplink(
        List.of(FIRST + ".1", "fd00:198:18:71::1"),
        Stream.of("198.18.64.0/20", "fd00:198:18::/48", "198.18.99.1/32")
            .map(AddressRange::parse)
            .toList());
  }

  static Ranges ranges(String prefix) {
    String last = prefix.substring(prefix.lastIndexOf('.') + 1);
    return Ranges.parse(prefix + ".0/24,fd00:198:18:" + last + "::/64");
  }

  RuncRuntime.Settings settings(
      NodeId node, String prefix, @Nullable Uplink uplink, @Nullable CniNodes plugins) {
    return new RuncRuntime.Settings(
        OciProgram.RUNC,
        folder.resolve("nodes").resolve("n" + node.node()).resolve("runtime"),
        node,
        ranges(prefix),
        Ranges.parse("198.18.64.0/20,fd00:198:18::/48").all(),
        node.node() == 0 ? "198.18.99.1" : "",
        mtu(),
        -1,
        uplink,
        images,
        CLOCK,
        executor,
        plugins);
  }

  @AfterEach
  void removeTheOther() {
    if (other != null) {
      other.removeAll();
      other.close();
    }
  }

  @Override
  List<String> leftOutside() throws IOException {
    List<String> left = new ArrayList<>();
    Links.names().stream().filter(each -> each.contains(otherId.toString())).forEach(left::add);
    try (Stream<Path> files = Files.list(Path.of("/run/netns"))) {
      files
          .map(Path::toString)
          .filter(each -> each.contains(otherId.toString()))
          .forEach(left::add);
    }
    return left;
  }

  static String podNamespace(NodeId node, ContainerRuntime.PodPlace pod) {
    return "hv" + node + "-" + pod.uid().replace("-", "").substring(0, 12);
  }

  /// What a server does with its links.
  void letsPacketsPass() throws IOException {
    for (NodeId each : List.of(id, otherId)) {
      Files.writeString(Path.of("/proc/sys/net/ipv4/conf", "hv" + each, "forwarding"), "1");
    }
  }

  /// Asks until there is an answer: the kernel tries addresses of IPv6 for a second before it
  /// answers for them.
  ///
  /// @param from a network namespace, or the machine for an empty one
  static boolean answers(String from, String address) {
    return TestPods.await(() -> answersNow(from, address), each -> each);
  }

  static boolean answersNow(String from, String address) {
    List<String> command = new ArrayList<>();
    if (!from.isEmpty()) {
      command.addAll(List.of("ip", "netns", "exec", from));
    }
    String ping = address.contains(":") ? "ping6" : "ping";
    command.addAll(List.of("busybox", ping, "-c", "1", "-W", "2", address));
    try {
      return Program.run(command).ok();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
