// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.service;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/// How chains of one port of a Service are called, as in kube-proxy's tables: readable, and told
/// apart by a digest where reading is not enough.
///
/// @param protocol in small letters
record PortName(String namespace, String name, String protocol, String port, int number) {
  private static final int DIGEST_CHARS = 8;

  /// A chain's name has at most so many characters.
  private static final int NAME_CHARS_MAX = 200;

  static PortName of(Service service, ServicePort port) {
    String protocol = port.getProtocol() == null ? "TCP" : port.getProtocol();
    return new PortName(
        service.getMetadata().getNamespace(),
        service.getMetadata().getName(),
        protocol.toLowerCase(Locale.ROOT),
        port.getName() == null ? "" : port.getName(),
        port.getPort());
  }

  private String path() {
    return String.join("/", namespace, name, protocol, port);
  }

  String chain(String kind) {
    return chain(kind, "");
  }

  /// @param more what tells chains of one port apart, empty for nothing
  String chain(String kind, String more) {
    String ending = more.isEmpty() ? "" : "__" + more;
    String full = kind + "-" + digest(path() + ending) + "-" + path() + ending;
    return full.substring(0, Math.min(NAME_CHARS_MAX, full.length()));
  }

  /// What maps of Services have as their key.
  String key(String address) {
    return key(address, number);
  }

  String key(String address, int at) {
    return address + " . " + protocol + " . " + at;
  }

  private static String digest(String text) {
    try {
      byte[] bytes =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(bytes).substring(0, DIGEST_CHARS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
