// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The ConfigMap `kube-dns`: `stubDomains`, an object of lists of addresses by domain, and
/// `upstreamNameservers`, a list of addresses, both as JSON.
final class StubDomains {
  private static final Logger LOG = LoggerFactory.getLogger(StubDomains.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  private StubDomains() {}

  /// What cannot be understood is said in the log and counts as not given.
  static Upstreams read(Map<String, String> data, Path resolvConf, Set<String> own) {
    Map<String, List<InetSocketAddress>> domains = new HashMap<>();
    List<InetSocketAddress> others = new ArrayList<>();
    try {
      JsonNode given = JSON.readTree(data.getOrDefault("stubDomains", "{}"));
      given
          .properties()
          .forEach(
              each ->
                  domains.put(
                      each.getKey().toLowerCase(Locale.ROOT).replaceAll("\\.$", ""),
                      servers(each.getValue(), own)));
      others.addAll(servers(JSON.readTree(data.getOrDefault("upstreamNameservers", "[]")), own));
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn("the ConfigMap kube-system/kube-dns cannot be understood: {}", e.getMessage());
    }
    return new Upstreams(Map.copyOf(domains), List.copyOf(others), resolvConf, own);
  }

  /// A server that asked itself would do so until it has room for nobody else.
  private static List<InetSocketAddress> servers(JsonNode list, Set<String> own) {
    List<InetSocketAddress> servers = new ArrayList<>();
    for (JsonNode each : list) {
      InetSocketAddress server = Upstreams.server(each.asText());
      if (own.contains(server.getAddress().getHostAddress())) {
        LOG.warn("the cluster's name server is not asked by itself: {}", each.asText());
      } else {
        servers.add(server);
      }
    }
    return servers;
  }
}
