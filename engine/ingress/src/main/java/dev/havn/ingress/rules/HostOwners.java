// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.rules;

import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressClass;
import io.fabric8.kubernetes.api.model.networking.v1.IngressRule;
import io.fabric8.kubernetes.api.model.networking.v1.IngressTLS;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/// Whose a host is: of the namespace whose Ingress named it first. Another's longer path would get
/// the passwords of its clients, under its certificate. A class may share the hosts of its
/// Ingresses.
final class HostOwners {
  /// Of classes, which the administrator of a cluster writes.
  private static final String SHARED = "havn.dev/shared-hosts";

  private final Map<String, String> namespaces = new HashMap<>();
  private final Set<String> shared = new HashSet<>();

  /// @param ingresses oldest first
  HostOwners(
      List<Ingress> ingresses, List<IngressClass> classes, Function<Ingress, String> nameOfClass) {
    Set<String> sharing = new HashSet<>();
    for (IngressClass each : classes) {
      Map<String, String> annotations =
          Objects.requireNonNullElse(each.getMetadata().getAnnotations(), Map.of());
      if ("true".equals(annotations.get(SHARED))) {
        sharing.add(each.getMetadata().getName());
      }
    }
    for (Ingress ingress : ingresses) {
      for (String host : hosts(ingress)) {
        boolean isFirst =
            namespaces.putIfAbsent(host, ingress.getMetadata().getNamespace()) == null;
        if (isFirst && sharing.contains(nameOfClass.apply(ingress))) {
          shared.add(host);
        }
      }
    }
  }

  private static Set<String> hosts(Ingress ingress) {
    Set<String> all = new LinkedHashSet<>();
    for (IngressRule rule :
        Objects.requireNonNullElse(ingress.getSpec().getRules(), List.<IngressRule>of())) {
      all.add(plain(rule.getHost()));
    }
    for (IngressTLS tls :
        Objects.requireNonNullElse(ingress.getSpec().getTls(), List.<IngressTLS>of())) {
      Objects.requireNonNullElse(tls.getHosts(), List.<String>of())
          .forEach(each -> all.add(plain(each)));
    }
    all.remove("");
    return all;
  }

  private static String plain(@org.jspecify.annotations.Nullable String host) {
    return host == null ? "" : host.toLowerCase(Locale.ROOT);
  }

  /// @param host empty for any, which is nobody's
  boolean mayServe(Ingress ingress, String host) {
    String owner = namespaces.getOrDefault(plain(host), ingress.getMetadata().getNamespace());
    return owner.equals(ingress.getMetadata().getNamespace()) || shared.contains(plain(host));
  }
}
