// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What Kubernetes' signers take, in the words in which they refuse the rest.
final class Checks {
  static final String CLIENT = "kubernetes.io/kube-apiserver-client";
  static final String KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
  static final String KUBELET_SERVING = "kubernetes.io/kubelet-serving";
  static final String LEGACY = "kubernetes.io/legacy-unknown";
  static final Set<String> SIGNERS = Set.of(CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY);

  private static final List<String> NODES = List.of("system:nodes");
  private static final String NODE = "system:node:";
  private static final String CLIENT_AUTH = "client auth";
  private static final String SERVER_AUTH = "server auth";
  private static final String SIGNS = "digital signature";
  private static final String ENCIPHERS = "key encipherment";

  private Checks() {}

  /// Why a signer refuses a request; empty when it takes it.
  static Optional<String> refusal(
      String signer, CertificateSigner.Asked asked, Collection<String> usages) {
    return switch (signer) {
      case CLIENT -> client(usages);
      case KUBELET_CLIENT -> kubeletClient(asked, usages);
      case KUBELET_SERVING -> kubeletServing(asked, usages);
      case LEGACY -> Optional.empty();
      default -> throw new AssertionError("no signer of Kubernetes': " + signer);
    };
  }

  private static Optional<String> client(Collection<String> usages) {
    for (String usage : usages) {
      if (!Set.of(SIGNS, ENCIPHERS, CLIENT_AUTH).contains(usage)) {
        return Optional.of("invalid usage for client certificate: " + usage);
      }
    }
    return usages.contains(CLIENT_AUTH)
        ? Optional.empty()
        : Optional.of("missing required usage for client certificate: " + CLIENT_AUTH);
  }

  static Optional<String> kubeletClient(CertificateSigner.Asked asked, Collection<String> usages) {
    if (!asked.organizations().equals(NODES)) {
      return Optional.of("subject organization is not system:nodes");
    }
    if (!asked.dnsNames().isEmpty()) {
      return notAllowed("DNS");
    }
    if (!asked.emails().isEmpty()) {
      return notAllowed("Email");
    }
    if (!asked.addresses().isEmpty()) {
      return notAllowed("IP");
    }
    if (!asked.uris().isEmpty()) {
      return notAllowed("URI");
    }
    return asked.commonName().startsWith(NODE) ? usages(usages, CLIENT_AUTH) : nameless();
  }

  private static Optional<String> kubeletServing(
      CertificateSigner.Asked asked, Collection<String> usages) {
    if (!asked.organizations().equals(NODES)) {
      return Optional.of("subject organization is not system:nodes");
    }
    if (asked.dnsNames().isEmpty() && asked.addresses().isEmpty()) {
      return Optional.of("DNS or IP subjectAltName is required");
    }
    if (!asked.emails().isEmpty()) {
      return notAllowed("Email");
    }
    if (!asked.uris().isEmpty()) {
      return notAllowed("URI");
    }
    Optional<String> wrong = usages(usages, SERVER_AUTH);
    return wrong.isPresent() || asked.commonName().startsWith(NODE) ? wrong : nameless();
  }

  private static Optional<String> notAllowed(String kind) {
    return Optional.of(kind + " subjectAltNames are not allowed");
  }

  private static Optional<String> nameless() {
    return Optional.of("subject common name does not begin with system:node:");
  }

  /// Only keys of RSA encipher others.
  private static Optional<String> usages(Collection<String> usages, String role) {
    Set<String> all = new TreeSet<>(usages);
    Set<String> wanted = new TreeSet<>(Set.of(SIGNS, ENCIPHERS, role));
    return all.equals(wanted) || all.equals(Set.of(SIGNS, role))
        ? Optional.empty()
        : Optional.of("usages did not match [" + String.join(" ", wanted) + "]");
  }
}
