// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// The ConfigMap `kube-dns`: `stubDomains`, an object of lists of addresses by domain, and
/// `upstreamNameservers`, a list of addresses, both as JSON. What cannot be understood counts as
/// not given, and takes nothing else with it.
///
/// @param domains name servers by domain
/// @param others name servers for all other names
/// @param problems what cannot be understood, for the user; no more than a screen of it
record StubDomains(
    Map<String, List<InetSocketAddress>> domains,
    List<InetSocketAddress> others,
    List<String> problems) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String WHERE = "the ConfigMap kube-system/kube-dns: ";
  private static final String DOMAINS = "stubDomains";
  private static final String OTHERS = "upstreamNameservers";
  private static final int PROBLEMS_MAX = 10;
  private static final int QUOTED_CHARS_MAX = 100;

  /// @param own addresses of this name server, which must not ask itself: it would do so until it
  ///   has room for nobody else
  static StubDomains read(Map<String, String> data, Set<String> own) {
    Reader reader = new Reader(own);
    Map<String, List<InetSocketAddress>> domains = new HashMap<>();
    JsonNode given = reader.parse(DOMAINS, data.getOrDefault(DOMAINS, "{}"));
    if (!given.isObject()) {
      reader.complain(DOMAINS + " is no object such as {\"corp.example\": [\"192.0.2.53\"]}");
    }
    for (Map.Entry<String, JsonNode> each : given.properties()) {
      String domain = each.getKey().toLowerCase(Locale.ROOT).replaceAll("\\.$", "");
      domains.put(
          domain, reader.servers(DOMAINS + " of '" + quoted(domain) + "'", each.getValue()));
    }
    JsonNode list = reader.parse(OTHERS, data.getOrDefault(OTHERS, "[]"));
    List<InetSocketAddress> others = reader.servers(OTHERS, list);
    return new StubDomains(Map.copyOf(domains), List.copyOf(others), reader.problems());
  }

  /// @param resolvConf the machine's
  Upstreams upstreams(Path resolvConf, Set<String> own) {
    return new Upstreams(domains, others, resolvConf, own);
  }

  private static String quoted(String text) {
    return text.length() > QUOTED_CHARS_MAX ? text.substring(0, QUOTED_CHARS_MAX) + "…" : text;
  }

  /// Reads one ConfigMap.
  private static final class Reader {
    private final Set<String> own;
    private final List<String> problems = new ArrayList<>();
    private int more;

    Reader(Set<String> own) {
      this.own = own;
    }

    void complain(String problem) {
      if (problems.size() < PROBLEMS_MAX) {
        problems.add(WHERE + problem);
      } else {
        more++;
      }
    }

    List<String> problems() {
      if (more > 0) {
        problems.add(WHERE + "%d more entries that count for nothing".formatted(more));
      }
      return List.copyOf(problems);
    }

    JsonNode parse(String key, String text) {
      try {
        return JSON.readTree(text);
      } catch (JsonProcessingException e) {
        complain(key + " is no JSON: " + quoted(e.getOriginalMessage()));
        return key.equals(DOMAINS) ? JSON.createObjectNode() : JSON.createArrayNode();
      }
    }

    List<InetSocketAddress> servers(String key, JsonNode list) {
      List<InetSocketAddress> servers = new ArrayList<>();
      if (!list.isArray()) {
        complain(key + " is no list of addresses such as [\"192.0.2.53\"]");
        return servers;
      }
      for (JsonNode each : list) {
        String text = each.asText();
        try {
          InetSocketAddress server = Upstreams.server(text);
          if (own.contains(Upstreams.canonical(server.getAddress().getHostAddress()))) {
            complain("%s: '%s' is the cluster's own name server".formatted(key, quoted(text)));
          } else {
            servers.add(server);
          }
        } catch (IllegalArgumentException e) {
          complain(
              "%s: '%s' is no address of a name server such as 192.0.2.53, 192.0.2.53:5353, fd00::53 or [fd00::53]:5353"
                  .formatted(key, quoted(text)));
        }
      }
      return servers;
    }
  }
}
