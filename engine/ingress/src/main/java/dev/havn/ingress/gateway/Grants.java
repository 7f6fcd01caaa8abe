// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.ReferenceGrantFrom;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ReferenceGrantTo;
import io.fabric8.kubernetes.api.model.gatewayapi.v1beta1.ReferenceGrant;
import java.util.List;
import java.util.Objects;

/// Who may refer to what of another namespace: what a ReferenceGrant of that namespace allows.
record Grants(List<ReferenceGrant> all) {
  static final String GROUP = "gateway.networking.k8s.io";

  /// The end of a reference.
  ///
  /// @param kind of the core group
  record Target(String kind, String namespace, String name) {}

  /// @param kind of the Gateway API
  boolean allow(String kind, String namespace, Target target) {
    return namespace.equals(target.namespace())
        || all.stream()
            .filter(each -> target.namespace().equals(each.getMetadata().getNamespace()))
            .filter(each -> each.getSpec() != null)
            .anyMatch(
                each ->
                    orNone(each.getSpec().getFrom()).stream()
                            .anyMatch(from -> isFrom(from, kind, namespace))
                        && orNone(each.getSpec().getTo()).stream()
                            .anyMatch(to -> isTo(to, target)));
  }

  private static boolean isFrom(ReferenceGrantFrom from, String kind, String namespace) {
    return GROUP.equals(from.getGroup())
        && kind.equals(from.getKind())
        && namespace.equals(from.getNamespace());
  }

  private static boolean isTo(ReferenceGrantTo to, Target target) {
    String name = Objects.requireNonNullElse(to.getName(), "");
    return Objects.requireNonNullElse(to.getGroup(), "").isEmpty()
        && target.kind().equals(to.getKind())
        && (name.isEmpty() || name.equals(target.name()));
  }

  static <T> List<T> orNone(@org.jspecify.annotations.Nullable List<T> list) {
    return list == null ? List.of() : list;
  }
}
