// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which extended resources are devices of a class (KEP-5004): those that the class names, and
/// `deviceclass.resource.kubernetes.io/CLASS`.
public final class ExtendedResources {
  private static final String OF_CLASS = "deviceclass.resource.kubernetes.io/";
  private static final Comparator<DeviceClass> NEWEST =
      Comparator.<DeviceClass, String>comparing(
              each -> String.valueOf(each.getMetadata().getCreationTimestamp()))
          .reversed()
          .thenComparing(each -> each.getMetadata().getName());

  private final Map<String, DeviceClass> classes = new HashMap<>();

  /// Of classes that name the same resource the newest counts.
  public ExtendedResources(Collection<DeviceClass> all) {
    for (DeviceClass each : all.stream().sorted(NEWEST).toList()) {
      classes.put(OF_CLASS + each.getMetadata().getName(), each);
      if (each.getSpec().getExtendedResourceName() != null) {
        classes.putIfAbsent(each.getSpec().getExtendedResourceName(), each);
      }
    }
  }

  public @Nullable DeviceClass classOf(String resource) {
    return classes.get(resource);
  }

  /// Whether a resource may be devices of some class.
  public static boolean isCandidate(String resource) {
    return resource.startsWith(OF_CLASS)
        || (resource.indexOf('/') > 0 && !resource.contains("kubernetes.io/"));
  }
}
