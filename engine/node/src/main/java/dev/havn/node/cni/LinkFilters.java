// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the kernel does with packets that a bridge carries from pod to pod. Where they pass by the
/// machine's rules, an answer to a Service's client comes from the pod that gave it, which the
/// client does not know, and no policy holds. Other runtimes ask for the whole machine to be
/// switched (`net.bridge.bridge-nf-call-iptables`); a bridge can be switched alone.
final class LinkFilters {
  private static final Logger LOG = LoggerFactory.getLogger(LinkFilters.class);

  private LinkFilters() {}

  /// @param links of the node; what is no bridge is left alone
  /// @param namespace in which they are, null for the machine's
  static void lookAtBridged(List<String> links, @Nullable NetworkNamespace namespace)
      throws IOException {
    if (links.isEmpty() || !Program.missing(List.of("ip")).isEmpty()) {
      return;
    }
    List<String> bridges =
        Program.must(within(namespace, List.of("ip", "-o", "link", "show", "type", "bridge")))
            .lines()
            .map(line -> line.replaceFirst("^[0-9]+: ", "").replaceFirst("[@:].*", ""))
            .filter(links::contains)
            .toList();
    for (String bridge : bridges) {
      Program.Result result =
          Program.run(
              within(
                  namespace,
                  List.of(
                      "ip",
                      "link",
                      "set",
                      "dev",
                      bridge,
                      "type",
                      "bridge",
                      "nf_call_iptables",
                      "1",
                      "nf_call_ip6tables",
                      "1")));
      if (!result.ok()) {
        // The kernel cannot, of which the whole machine is told once.
        LOG.debug("bridge {}: {}", bridge, result.output());
      }
    }
  }

  private static List<String> within(@Nullable NetworkNamespace namespace, List<String> command) {
    return namespace == null ? command : namespace.command(command);
  }
}
