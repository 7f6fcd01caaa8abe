// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Volumes by the name of their storage class, empty for none: a claim asks only those of its own.
public final class VolumesByClass {
  private final Map<String, Map<String, PersistentVolume>> byClass = new ConcurrentHashMap<>();

  /// @param before null for a volume that is new
  /// @param after null for a volume that is gone
  public void changed(@Nullable PersistentVolume before, @Nullable PersistentVolume after) {
    if (before != null && (after == null || !className(before).equals(className(after)))) {
      byClass.getOrDefault(className(before), Map.of()).remove(before.getMetadata().getName());
    }
    if (after != null) {
      byClass
          .computeIfAbsent(className(after), _ -> new ConcurrentHashMap<>())
          .put(after.getMetadata().getName(), after);
    }
  }

  static String className(PersistentVolume volume) {
    String name = volume.getSpec().getStorageClassName();
    return name == null ? "" : name;
  }

  public Collection<PersistentVolume> of(String className) {
    return byClass.getOrDefault(className, Map.of()).values();
  }
}
