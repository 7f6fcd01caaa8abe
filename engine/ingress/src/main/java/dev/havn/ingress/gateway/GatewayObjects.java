// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import io.fabric8.kubernetes.api.model.gatewayapi.v1.GRPCRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.gatewayapi.v1beta1.ReferenceGrant;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// All that the Gateway API says at a moment.
///
/// @param namespaceLabels by the name of a namespace, empty for one that is not there
public record GatewayObjects(
    List<GatewayClass> classes,
    List<Gateway> gateways,
    List<HTTPRoute> httpRoutes,
    List<GRPCRoute> grpcRoutes,
    List<ReferenceGrant> grants,
    Function<String, Map<String, String>> namespaceLabels) {}
