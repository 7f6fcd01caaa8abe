// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceAttribute;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A device that a node reaches.
///
/// @param node the only one that reaches it, or null
/// @param nodes those that reach it, or null for all (or for one)
/// @param complete whether all of its pool is known
record Offer(
    DeviceId id,
    Device device,
    @Nullable String node,
    @Nullable NodeSelector nodes,
    boolean complete) {

  /// Whether several claims may have it (KEP-5075).
  boolean isForSeveral() {
    return Boolean.TRUE.equals(device.getAllowMultipleAllocations());
  }

  /// An attribute by its name, which belongs to the driver if it says nothing else.
  @Nullable DeviceAttribute attribute(String name) {
    @Nullable Map<String, DeviceAttribute> all = device.getAttributes();
    if (all == null) {
      return null;
    }
    @Nullable DeviceAttribute found = all.get(name);
    String domain = id.driver() + "/";
    return found == null && name.startsWith(domain)
        ? all.get(name.substring(domain.length()))
        : found;
  }
}
