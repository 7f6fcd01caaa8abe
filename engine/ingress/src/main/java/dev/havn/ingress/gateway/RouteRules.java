// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ParentReference;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteParentStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a route means, wherever it is attached.
///
/// @param hostnames plain; those of a route that names none are the empty one
/// @param said what its status says now, also of other controllers
/// @param refused why no Gateway can take it, or null
/// @param partial which rules are left out, or null
record RouteRules(
    HasMetadata route,
    List<ParentReference> parents,
    List<String> hostnames,
    List<RouteParentStatus> said,
    List<Ranked> rules,
    Finding resolved,
    @Nullable Finding refused,
    @Nullable Finding partial) {

  String namespace() {
    return route.getMetadata().getNamespace();
  }

  String name() {
    return route.getMetadata().getName();
  }

  /// How many instructions its regular expressions have together.
  long size() {
    return rules.stream()
        .mapToLong(each -> each.rule().match().size() - (each.isGrpc() ? GrpcRules.SIZE : 0))
        .sum();
  }

  String kind() {
    return route.getKind();
  }
}
