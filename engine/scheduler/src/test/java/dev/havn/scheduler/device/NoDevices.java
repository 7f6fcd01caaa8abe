// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Nothing at all, for tests that add what they are about.
public interface NoDevices extends Devices {
  @Override
  default @Nullable ResourceClaim claim(String key) {
    return null;
  }

  @Override
  default Collection<ResourceClaim> claims(String namespace) {
    return List.of();
  }

  @Override
  default @Nullable DeviceClass deviceClass(String name) {
    return null;
  }

  @Override
  default ExtendedResources extendedResources() {
    return new ExtendedResources(List.of());
  }

  @Override
  default Inventory inventory() {
    return Inventory.EMPTY;
  }

  @Override
  default Taken taken() {
    return new Taken();
  }

  @Override
  default boolean isPending(ResourceClaim claim) {
    return false;
  }

  @Override
  default Instant now() {
    return Instant.EPOCH;
  }

  /// All that a driver has on a node, as a pool of the node's name.
  ///
  /// @param devices as YAML, with commas between them
  static ResourceSlice slice(String driver, String node, String devices) {
    return new KubernetesSerialization()
        .unmarshal(
            """
            apiVersion: resource.k8s.io/v1
            kind: ResourceSlice
            metadata: {name: %2$s}
            spec: {driver: %1$s, pool: {name: %2$s, generation: 1, resourceSliceCount: 1}, nodeName: %2$s, devices: [%3$s]}
            """
                .formatted(driver, node, devices),
            ResourceSlice.class);
  }
}
