// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// How long other name servers took for their answers, by server and code. Threads: any.
final class Replies {
  /// Whoever changes the configuration all day is counted as one from then on.
  private static final int SERVERS_MAX = 256;

  private static final String OTHER = "other";

  private final Map<InetSocketAddress, Map<Integer, Durations>> byServer =
      new ConcurrentHashMap<>();
  private final Map<Integer, Durations> others = new ConcurrentHashMap<>();

  void count(InetSocketAddress server, int code, long nanos) {
    Map<Integer, Durations> byCode = of(server);
    @Nullable Durations known = byCode.get(code);
    Durations durations =
        known == null ? byCode.computeIfAbsent(code, _ -> new Durations()) : known;
    durations.count(nanos);
  }

  private Map<Integer, Durations> of(InetSocketAddress server) {
    @Nullable Map<Integer, Durations> known = byServer.get(server);
    if (known != null) {
      return known;
    }
    return byServer.size() < SERVERS_MAX
        ? byServer.computeIfAbsent(server, _ -> new ConcurrentHashMap<>())
        : others;
  }

  /// By server, then by code.
  List<ClusterNames.Told> counts() {
    Map<String, Map<Integer, Durations>> named = new TreeMap<>();
    byServer.forEach((server, byCode) -> named.put(text(server), byCode));
    named.put(OTHER, others);
    List<ClusterNames.Told> counts = new ArrayList<>();
    named.forEach(
        (server, byCode) ->
            new TreeMap<>(byCode)
                .forEach(
                    (code, durations) ->
                        counts.add(
                            new ClusterNames.Told(
                                server, Traffic.code(code, ""), durations.counts()))));
    return List.copyOf(counts);
  }

  private static String text(InetSocketAddress server) {
    String address = Upstreams.canonical(server.getAddress().getHostAddress());
    return (address.contains(":") ? "[" + address + "]" : address) + ":" + server.getPort();
  }
}
