// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Where an etcd is and what of it is ours.
///
/// @param endpoints of its members, all `http` or all `https`
/// @param root what the keys of the store begin with; it is replaced by `prefix`
/// @param prefix what the keys in etcd begin with; ends in a slash
/// @param authority PEM file of who signs the servers' certificates, null for those that the JDK
///   trusts
/// @param certificate PEM file that shows etcd who we are, or null
/// @param key PEM file of its key, or null
public record EtcdSettings(
    List<URI> endpoints,
    String root,
    String prefix,
    @Nullable Path authority,
    @Nullable Path certificate,
    @Nullable Path key) {
  private static final int PORT = 2379;

  public EtcdSettings {
    if (!prefix.endsWith("/")) {
      throw new IllegalArgumentException("the prefix '" + prefix + "' must end in a slash");
    }
    endpoints = List.copyOf(endpoints);
  }

  /// Reads addresses such as `http://10.0.0.1:2379,http://10.0.0.2:2379`.
  ///
  /// @throws IllegalArgumentException with what is wrong
  public static List<URI> endpoints(String list) {
    List<URI> endpoints = java.util.Arrays.stream(list.split(",")).map(EtcdSettings::uri).toList();
    if (endpoints.stream().map(URI::getScheme).distinct().count() > 1) {
      throw new IllegalArgumentException("'" + list + "' mixes http and https");
    }
    return endpoints;
  }

  private static URI uri(String text) {
    try {
      URI uri = new URI(text.strip());
      boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      boolean bare = uri.getRawPath() == null || uri.getRawPath().matches("/?");
      if (web && uri.getHost() != null && bare && uri.getRawUserInfo() == null) {
        int port = uri.getPort() < 0 ? PORT : uri.getPort();
        return new URI(uri.getScheme(), null, uri.getHost(), port, null, null, null);
      }
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("'" + text + "' is no URL: " + e.getReason(), e);
    }
    throw new IllegalArgumentException(
        "'" + text + "' must be a URL such as http://127.0.0.1:2379 or https://etcd-1:2379");
  }

  boolean isEncrypted() {
    return endpoints.getFirst().getScheme().equals("https");
  }

  /// A key of ours in etcd.
  String toEtcd(String key) {
    if (!key.startsWith(root)) {
      throw new IllegalArgumentException(key + " does not begin with " + root);
    }
    return prefix + key.substring(root.length());
  }

  String toStore(String etcdKey) {
    return root + etcdKey.substring(prefix.length());
  }

  /// A key beside those of the store, which no range or watch of it sees.
  String beside(String name) {
    return prefix.substring(0, prefix.length() - 1) + ".havn/" + name;
  }
}
