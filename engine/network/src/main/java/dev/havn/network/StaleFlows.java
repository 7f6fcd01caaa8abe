// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.service.ServiceRules.Flow;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// UDP has no connections, so the kernel would send a client's datagrams for ever where it sent the
/// first one. Entries that lead to endpoints which are gone, or nowhere though there is an endpoint
/// now, are taken out of its table, with `conntrack` where that is installed.
///
/// Each condition is a program that reads the kernel's whole table, so they are worked off by one
/// task beside who asks for it. Threads: any.
final class StaleFlows {
  private static final Logger LOG = LoggerFactory.getLogger(StaleFlows.class);

  /// What `conntrack` says when there was nothing to delete.
  private static final String NOTHING = "0 flow entries";

  /// Of more endpoints not each is named: the flows to those that stay are led anew as well.
  private static final int NAMED_MAX = 4;

  private final Commands commands;
  private final Executor executor;
  private final Set<List<String>> waiting = new LinkedHashSet<>();
  private boolean works;

  StaleFlows(Commands commands, Executor executor) {
    this.commands = commands;
    this.executor = executor;
  }

  /// Conditions of flows that a change made stale.
  static List<List<String>> between(
      Map<Flow, SortedSet<String>> before, Map<Flow, SortedSet<String>> after) {
    List<List<String>> stale = new ArrayList<>();
    TreeSet<Flow> all = new TreeSet<>(before.keySet());
    all.addAll(after.keySet());
    for (Flow flow : all) {
      SortedSet<String> old = before.getOrDefault(flow, new TreeSet<>());
      SortedSet<String> now = after.getOrDefault(flow, new TreeSet<>());
      List<String> gone = old.stream().filter(target -> !now.contains(target)).toList();
      if (gone.size() > NAMED_MAX) {
        stale.add(condition(flow));
      } else {
        gone.forEach(target -> stale.add(condition(flow, "--reply-src", target)));
      }
      if (old.isEmpty() && !now.isEmpty()) {
        stale.add(condition(flow, "--reply-src", flow.address()));
      }
    }
    return stale;
  }

  private static List<String> condition(Flow flow, String... more) {
    List<String> words =
        new ArrayList<>(
            List.of("--orig-dst", flow.address(), "--orig-port-dst", String.valueOf(flow.port())));
    words.addAll(List.of(more));
    return List.copyOf(words);
  }

  void delete(List<List<String>> conditions) {
    synchronized (waiting) {
      waiting.addAll(conditions);
      if (works || waiting.isEmpty()) {
        return;
      }
      works = true;
    }
    executor.execute(this::work);
  }

  private void work() {
    @Nullable List<String> condition = next();
    while (condition != null) {
      List<String> command = new ArrayList<>(List.of("conntrack", "-D", "-p", "udp"));
      command.addAll(condition);
      if (condition.stream().anyMatch(each -> each.indexOf(':') >= 0)) {
        command.addAll(List.of("-f", "ipv6"));
      }
      try {
        Commands.Output output = commands.run(command, "");
        if (!output.ok() && !output.output().contains(NOTHING)) {
          LOG.info("{}: {}", String.join(" ", command), output.output());
        }
      } catch (IOException e) {
        LOG.info("stale UDP flows stay, conntrack is not there: {}", e.getMessage());
        synchronized (waiting) {
          waiting.clear();
        }
      }
      condition = next();
    }
  }

  private @Nullable List<String> next() {
    synchronized (waiting) {
      Iterator<List<String>> all = waiting.iterator();
      if (!all.hasNext()) {
        works = false;
        return null;
      }
      List<String> first = all.next();
      all.remove();
      return first;
    }
  }
}
