// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;

/// What a node declares that it can do of those features of Kubernetes 1.36 that not all nodes of a
/// cluster need to have (KEP-5328). The scheduler and the API server ask for what a pod needs.
///
/// Not among them is `UserNamespacesHostNetworkSupport`, which Kubernetes does not turn on by
/// itself.
final class DeclaredFeatures {
  /// sessions over WebSockets at the node's own API
  private static final String WEB_SOCKETS = "ExtendWebSocketsToKubelet";

  /// pods get other bounds as a whole while they run
  private static final String RESIZED_PODS = "InPlacePodLevelResourcesVerticalScaling";

  /// init containers get other bounds while they run
  private static final String RESIZED_INIT_CONTAINERS = "InPlacePodVerticalScalingInitContainers";

  /// the end of a container may start the whole pod over
  private static final String RESTARTS_ALL = "RestartAllContainersOnContainerExits";

  private DeclaredFeatures() {}

  /// Sorted, as the API wants them.
  ///
  /// @param hasOwnApi whether the node has an API of its own, as simulated ones have not
  static ArrayNode of(boolean hasOwnApi) {
    ArrayNode declared = JsonNodeFactory.instance.arrayNode();
    if (hasOwnApi) {
      declared.add(WEB_SOCKETS);
    }
    return declared.add(RESIZED_PODS).add(RESIZED_INIT_CONTAINERS).add(RESTARTS_ALL);
  }
}
