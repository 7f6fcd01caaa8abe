// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.cni.Sandbox;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// What resolvers read of `resolv.conf`: what is beyond is left out, and told in a kubelet's words.
final class DnsLimits {
  private static final int SERVERS_MAX = 3;
  private static final int SEARCHES_MAX = 32;
  private static final int SEARCH_CHARS_MAX = 253;
  private static final int SEARCH_LINE_CHARS_MAX = 2048;

  private DnsLimits() {}

  /// @param problem is told what was left out
  static Sandbox.Dns fit(Sandbox.Dns dns, Consumer<String> problem) {
    return new Sandbox.Dns(
        servers(dns.servers(), problem), searches(dns.searches(), problem), dns.options());
  }

  private static List<String> servers(List<String> all, Consumer<String> problem) {
    if (all.size() <= SERVERS_MAX) {
      return all;
    }
    List<String> first = all.subList(0, SERVERS_MAX);
    problem.accept(
        "Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: "
            + String.join(" ", first));
    return first;
  }

  private static List<String> searches(List<String> all, Consumer<String> problem) {
    List<String> fitting =
        new ArrayList<>(
            all.stream()
                .limit(SEARCHES_MAX)
                .filter(each -> each.length() <= SEARCH_CHARS_MAX)
                .toList());
    while (String.join(" ", fitting).length() > SEARCH_LINE_CHARS_MAX) {
      fitting.removeLast();
    }
    if (fitting.size() < all.size()) {
      problem.accept(
          "Search Line limits were exceeded, some search paths have been omitted, the applied search line is: "
              + String.join(" ", fitting));
    }
    return fitting;
  }
}
