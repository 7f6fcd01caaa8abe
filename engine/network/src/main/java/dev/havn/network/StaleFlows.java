// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.service.ServiceRules.Flow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// UDP has no connections, so the kernel would send a client's datagrams for ever where it sent the
/// first one. Entries that lead to endpoints which are gone, or nowhere though there is an endpoint
/// now, are taken out of its table, with `conntrack` where that is installed.
record StaleFlows(Commands commands) {
  private static final Logger LOG = LoggerFactory.getLogger(StaleFlows.class);

  /// What `conntrack` says when there was nothing to delete.
  private static final String NOTHING = "0 flow entries";

  /// Conditions of flows that a change made stale.
  static List<List<String>> between(
      Map<Flow, SortedSet<String>> before, Map<Flow, SortedSet<String>> after) {
    List<List<String>> stale = new ArrayList<>();
    TreeSet<Flow> all = new TreeSet<>(before.keySet());
    all.addAll(after.keySet());
    for (Flow flow : all) {
      SortedSet<String> old = before.getOrDefault(flow, new TreeSet<>());
      SortedSet<String> now = after.getOrDefault(flow, new TreeSet<>());
      for (String target : old) {
        if (!now.contains(target)) {
          stale.add(condition(flow, target));
        }
      }
      if (old.isEmpty() && !now.isEmpty()) {
        stale.add(condition(flow, flow.address()));
      }
    }
    return stale;
  }

  private static List<String> condition(Flow flow, String answering) {
    return List.of(
        "--orig-dst",
        flow.address(),
        "--orig-port-dst",
        String.valueOf(flow.port()),
        "--reply-src",
        answering);
  }

  void delete(List<List<String>> conditions) {
    for (List<String> condition : conditions) {
      List<String> command = new ArrayList<>(List.of("conntrack", "-D", "-p", "udp"));
      command.addAll(condition);
      try {
        Commands.Output output = commands.run(command, "");
        if (!output.ok() && !output.output().contains(NOTHING)) {
          LOG.info("{}: {}", String.join(" ", command), output.output());
        }
      } catch (IOException e) {
        LOG.info("stale UDP flows stay, conntrack is not there: {}", e.getMessage());
        return;
      }
    }
  }
}
