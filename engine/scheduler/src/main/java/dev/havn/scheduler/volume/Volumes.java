// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.CSIStorageCapacity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import io.fabric8.kubernetes.api.model.storage.VolumeAttachment;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What is known of storage.
public interface Volumes {
  /// @param key namespace and name, with a slash between them
  @Nullable PersistentVolumeClaim claim(String key);

  @Nullable PersistentVolume volume(String name);

  /// @param className of a storage class, empty for none
  Collection<PersistentVolume> volumesOf(String className);

  @Nullable StorageClass storageClass(String name);

  @Nullable CSINode driversOf(String node);

  /// What says of volumes that they are attached to a node, or are to be.
  Collection<VolumeAttachment> attachments(String node);

  /// Whether a driver says how much room it has where.
  boolean reportsCapacity(String driver);

  /// What drivers say of a class.
  Collection<CSIStorageCapacity> capacities(String className);

  /// The key of the claim for which a volume is being bound by this scheduler, or null.
  @Nullable String takenFor(String volume);

  /// No storage at all.
  Volumes NONE =
      new Volumes() {
        @Override
        public @Nullable PersistentVolumeClaim claim(String key) {
          return null;
        }

        @Override
        public @Nullable PersistentVolume volume(String name) {
          return null;
        }

        @Override
        public Collection<PersistentVolume> volumesOf(String className) {
          return List.of();
        }

        @Override
        public @Nullable StorageClass storageClass(String name) {
          return null;
        }

        @Override
        public @Nullable CSINode driversOf(String node) {
          return null;
        }

        @Override
        public Collection<VolumeAttachment> attachments(String node) {
          return List.of();
        }

        @Override
        public boolean reportsCapacity(String driver) {
          return false;
        }

        @Override
        public Collection<CSIStorageCapacity> capacities(String className) {
          return List.of();
        }

        @Override
        public @Nullable String takenFor(String volume) {
          return null;
        }
      };
}
