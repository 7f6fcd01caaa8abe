// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import org.jspecify.annotations.Nullable;

/// Counts the devices behind extended resources that nodes do not have themselves (KEP-5004), for
/// comparing nodes.
@FunctionalInterface
public interface ResourceDevices {
  /// No resource is devices.
  ResourceDevices NONE = (_, _) -> null;

  /// @param all that the node reaches
  /// @param taken of those
  record Count(long all, long taken) {}

  /// Null when the resource is no devices, or they cannot be counted.
  @Nullable Count of(String resource, NodeState node);
}
