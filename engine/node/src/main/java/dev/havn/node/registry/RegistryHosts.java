// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Where the images of a host are asked for.
public record RegistryHosts(List<Rule> rules) {
  public static final RegistryHosts NONE = new RegistryHosts(List.of());

  private static final String ALL = "*";
  private static final String HUB = "docker.io";

  /// Of one host, or of all that have none of their own.
  ///
  /// @param host as images name it, or `*`
  /// @param mirrors asked first, in this order; `http` or `https`
  /// @param fallback whether the host itself is asked when no mirror has the image
  /// @param authority certificates in PEM that the host and its mirrors may be signed by, beside
  ///   those that this Java trusts
  public record Rule(String host, List<URI> mirrors, boolean fallback, @Nullable Path authority) {}

  /// One place that may have an image.
  ///
  /// @param base with the path before `/v2/`, without a slash at its end
  /// @param host of the image when this is a mirror of it, else empty
  record Endpoint(URI base, String host, Optional<Path> authority) {
    boolean isMirror() {
      return !host.isEmpty();
    }
  }

  /// All places for the images of a host, in the order in which they are asked.
  List<Endpoint> of(String host) {
    Rule rule = rule(host);
    Optional<Path> authority = Optional.ofNullable(rule.authority());
    List<Endpoint> endpoints = new ArrayList<>();
    for (URI each : rule.mirrors()) {
      endpoints.add(new Endpoint(each, host, authority));
    }
    if (rule.fallback() || endpoints.isEmpty()) {
      String scheme = isLoopback(host) && authority.isEmpty() ? "http" : "https";
      String name = host.equals(HUB) ? "registry-1." + HUB : host;
      endpoints.add(new Endpoint(URI.create(scheme + "://" + name), "", authority));
    }
    return endpoints;
  }

  private Rule rule(String host) {
    return rules.stream()
        .filter(each -> each.host().equals(host))
        .findFirst()
        .or(() -> rules.stream().filter(each -> each.host().equals(ALL)).findFirst())
        .orElse(new Rule(host, List.of(), true, null));
  }

  /// Whether nobody else can listen in on what is said to a host, so that it may be plain.
  public static boolean isLoopback(String host) {
    String bare = host.replaceFirst(":[0-9]+$", "");
    return bare.equals("localhost")
        || bare.equals("[::1]")
        || bare.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
  }
}
