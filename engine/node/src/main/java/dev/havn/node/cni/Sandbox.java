// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// A pod that is to have a network.
///
/// @param id that no other attachment of the machine has
/// @param network path of its network namespace
/// @param cgroup its control group, by its name below the root of each hierarchy
/// @param ports of the machine that it wants to have
/// @param annotations of the pod
/// @param dns what its `resolv.conf` says
public record Sandbox(
    String id,
    Path network,
    String cgroup,
    String podNamespace,
    String podName,
    List<Port> ports,
    Map<String, String> annotations,
    Dns dns) {
  /// The link that the pod gets.
  static final String LINK = "eth0";

  /// A port of the machine that leads to one of the pod.
  ///
  /// @param protocol in upper case
  /// @param hostAddress empty for any
  public record Port(String protocol, int hostPort, int containerPort, String hostAddress) {}

  /// How a pod finds others by their names.
  ///
  /// @param options such as `ndots:5`
  public record Dns(List<String> servers, List<String> searches, List<String> options) {
    public static final Dns NONE = new Dns(List.of(), List.of(), List.of());
  }

  /// What plugins that know Kubernetes read in `CNI_ARGS`.
  String arguments() {
    return "IgnoreUnknown=1;K8S_POD_NAMESPACE=%s;K8S_POD_NAME=%s;K8S_POD_INFRA_CONTAINER_ID=%s;K8S_POD_UID=%s"
        .formatted(podNamespace, podName, id, id);
  }
}
