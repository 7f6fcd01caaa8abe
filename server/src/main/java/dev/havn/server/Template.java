// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.aggregation.FrontProxy;
import dev.havn.apiserver.certificates.RequestSigner;
import dev.havn.apiserver.resource.Uid;
import dev.havn.store.Contents;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A cluster as it is when it has settled for the first time, before anybody uses it. To make one
/// costs some 150 writes; the first of a size in a JVM makes them, those after it begin with a copy
/// and go on as after a restart. The authority and the keys for tokens are copied too: a token of
/// one is of no account that another has, since uids are not copied.
///
/// @param identity by which the parts of the copied cluster lead
record Template(
    Contents contents,
    X509Certificate authority,
    Supplier<RequestSigner> signer,
    KeyPair tokenKeys,
    FrontProxy frontProxy,
    String identity) {
  private static final Map<Integer, Template> BY_NODES = new ConcurrentHashMap<>();
  private static final Pattern UID = Pattern.compile("\"uid\":\"([-0-9a-f]{36})\"");

  /// Of a cluster with so many nodes; null when there was none in this JVM.
  static @Nullable Template of(int nodes) {
    return BY_NODES.get(nodes);
  }

  void keep(int nodes) {
    BY_NODES.putIfAbsent(nodes, this);
  }

  /// The contents for a cluster of its own: with new uids, save for default roles, priority
  /// classes, and what flow control and aggregation begin with, which are never told apart by
  /// theirs.
  Contents contents(String newIdentity, RandomGenerator random) {
    Map<String, String> uids = new HashMap<>();
    return contents.map(
        (key, value) -> {
          if (isPolicy(key)) {
            return value;
          }
          Matcher uid = UID.matcher(new String(value, StandardCharsets.UTF_8));
          return uid.replaceAll(
                  found ->
                      "\"uid\":\""
                          + uids.computeIfAbsent(found.group(1), _ -> Uid.next(random))
                          + '"')
              .replace(identity, newIdentity)
              .getBytes(StandardCharsets.UTF_8);
        });
  }

  private static boolean isPolicy(String key) {
    return key.startsWith("/registry/rbac.authorization.k8s.io/")
        || key.startsWith("/registry/scheduling.k8s.io/")
        || key.startsWith("/registry/flowcontrol.apiserver.k8s.io/")
        || key.startsWith("/registry/apiregistration.k8s.io/");
  }
}
