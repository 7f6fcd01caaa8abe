// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import dev.havn.ingress.routing.RoutingTable.Door;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.ParentReference;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.RouteParentStatus;
import java.util.List;

/// What is to be served, and what statuses are to say.
///
/// @param routes those that have, or had, a Gateway of ours
public record Plan(List<OfClass> classes, List<OfGateway> gateways, List<OfRoute> routes) {

  /// @param isUsed whether a Gateway names it, also one that is about to go
  public record OfClass(GatewayClass found, Finding accepted, boolean isUsed) {}

  /// @param doors none where it is not accepted
  public record OfGateway(
      Gateway gateway, Finding accepted, List<OfListener> listeners, List<Door> doors) {
    /// Whose its doors are.
    public String owner() {
      return gateway.getMetadata().getNamespace() + "/" + gateway.getMetadata().getName();
    }
  }

  /// @param kinds of routes that it takes
  /// @param attached how many routes there are
  /// @param findings all that does not depend on whether it listens
  /// @param isUsable whether it is to listen
  public record OfListener(
      String name,
      int port,
      List<String> kinds,
      int attached,
      List<Finding> findings,
      boolean isUsable) {}

  /// @param said what its status says now, also of other controllers
  public record OfRoute(HasMetadata route, List<RouteParentStatus> said, List<OfParent> parents) {}

  /// What a Gateway says to a route.
  public record OfParent(ParentReference reference, List<Finding> findings) {}

  /// All doors of all Gateways.
  public List<Door> doors() {
    return gateways.stream().flatMap(each -> each.doors().stream()).toList();
  }
}
