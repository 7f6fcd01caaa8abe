// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The proxies that the environment names, as curl and Go's programs read it: `HTTPS_PROXY`,
/// `HTTP_PROXY`, and in `NO_PROXY` the hosts, domains, addresses and ranges that need none.
public final class Proxies extends ProxySelector {
  private static final Logger LOG = LoggerFactory.getLogger(Proxies.class);
  private static final int PORT = 1080;

  private final String https;
  private final String http;
  private final List<String> direct;

  /// @param environment of this process, or what stands in its place
  public Proxies(Map<String, String> environment) {
    this.https = value(environment, "HTTPS_PROXY");
    this.http = value(environment, "HTTP_PROXY");
    this.direct =
        Arrays.stream(value(environment, "NO_PROXY").split(","))
            .map(each -> each.strip().toLowerCase(Locale.ROOT))
            .filter(each -> !each.isEmpty())
            .toList();
  }

  private static String value(Map<String, String> environment, String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return environment.getOrDefault(name, environment.getOrDefault(lower, "")).strip();
  }

  @Override
  public List<Proxy> select(URI uri) {
    String proxy = "https".equals(uri.getScheme()) ? https : http;
    String host = uri.getHost() == null ? "" : uri.getHost().toLowerCase(Locale.ROOT);
    if (proxy.isEmpty() || isDirect(host, uri.getPort())) {
      return List.of(Proxy.NO_PROXY);
    }
    URI at = address(proxy);
    int port = at.getPort() < 0 ? PORT : at.getPort();
    return List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(at.getHost(), port)));
  }

  /// Nothing is said of what stands there, since passwords do.
  private static URI address(String proxy) {
    try {
      URI at = new URI(proxy.contains("://") ? proxy : "http://" + proxy);
      if (at.getHost() != null) {
        return at;
      }
    } catch (URISyntaxException e) {
      LOG.debug("at character {}: {}", e.getIndex(), e.getReason());
    }
    throw new IllegalArgumentException("the proxy that the environment names is no address");
  }

  private boolean isDirect(String host, int port) {
    return RegistryHosts.isLoopback(host)
        || direct.stream().anyMatch(each -> matches(each, host, port));
  }

  private static boolean matches(String rule, String host, int port) {
    if (rule.equals("*")) {
      return true;
    }
    if (rule.contains("/")) {
      return isInRange(rule, host);
    }
    boolean withPort = rule.matches("[^:]+:[0-9]+");
    if (withPort && !rule.endsWith(":" + port)) {
      return false;
    }
    String name = withPort ? rule.substring(0, rule.lastIndexOf(':')) : rule;
    String suffix = name.startsWith("*.") ? name.substring(1) : name;
    return suffix.startsWith(".")
        ? host.endsWith(suffix)
        : host.equals(suffix) || host.endsWith("." + suffix);
  }

  private static boolean isInRange(String range, String host) {
    boolean address = host.matches("[0-9.]+") || host.startsWith("[");
    String[] parts = range.split("/", 2);
    if (!address || !parts[1].matches("[0-9]{1,3}") || !parts[0].matches("[0-9a-f.:]+")) {
      return false;
    }
    try {
      byte[] one = InetAddress.getByName(parts[0]).getAddress();
      byte[] other = InetAddress.getByName(host).getAddress();
      int rest = one.length * 8 - Integer.parseInt(parts[1]);
      return one.length == other.length
          && rest >= 0
          && new BigInteger(1, one)
              .shiftRight(rest)
              .equals(new BigInteger(1, other).shiftRight(rest));
    } catch (UnknownHostException e) {
      return false;
    }
  }

  @Override
  public void connectFailed(URI uri, SocketAddress proxy, IOException failure) {
    LOG.warn("the proxy {} cannot be reached: {}", proxy, failure.getMessage());
  }
}
