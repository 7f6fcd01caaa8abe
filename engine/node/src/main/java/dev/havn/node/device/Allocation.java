// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.util.List;
import java.util.Map;

/// What a plugin gives to a container with some of its devices.
///
/// @param annotations for the container runtime
/// @param cdiDevices qualified names of the Container Device Interface
public record Allocation(
    Map<String, String> environment,
    List<Mounted> mounts,
    List<Node> devices,
    Map<String, String> annotations,
    List<String> cdiDevices) {
  public static final Allocation NONE =
      new Allocation(Map.of(), List.of(), List.of(), Map.of(), List.of());

  /// A file or folder of the machine.
  public record Mounted(String containerPath, String hostPath, boolean readOnly) {}

  /// A device of the machine.
  ///
  /// @param permissions some of `r`, `w`, `m`
  public record Node(String containerPath, String hostPath, String permissions) {}
}
