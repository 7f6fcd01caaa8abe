// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of devices and of those who claim them.
public interface Devices {
  /// @param key namespace and name, with a slash between them
  @Nullable ResourceClaim claim(String key);

  /// All claims of a namespace.
  Collection<ResourceClaim> claims(String namespace);

  @Nullable DeviceClass deviceClass(String name);

  /// The extended resources that are devices.
  ExtendedResources extendedResources();

  Inventory inventory();

  /// What belongs to claims, with what this scheduler is just giving away.
  Taken taken();

  /// Whether this scheduler is just giving a claim its devices.
  boolean isPending(ResourceClaim claim);

  /// The time, by which devices may be late.
  Instant now();

  /// No devices at all.
  Devices NONE =
      new Devices() {
        @Override
        public @Nullable ResourceClaim claim(String key) {
          return null;
        }

        @Override
        public Collection<ResourceClaim> claims(String namespace) {
          return List.of();
        }

        @Override
        public ExtendedResources extendedResources() {
          return new ExtendedResources(List.of());
        }

        @Override
        public @Nullable DeviceClass deviceClass(String name) {
          return null;
        }

        @Override
        public Inventory inventory() {
          return Inventory.EMPTY;
        }

        @Override
        public Taken taken() {
          return new Taken();
        }

        @Override
        public boolean isPending(ResourceClaim claim) {
          return false;
        }

        @Override
        public Instant now() {
          return Instant.EPOCH;
        }
      };
}
