// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.util.List;

/// Types under which the same objects are served: other versions, other groups.
public final class Equivalents {
  private Equivalents() {}

  /// Those of a type, without itself.
  public static List<ResourceType> of(Registry registry, ResourceType type) {
    String folder = Registry.folder(type);
    return registry.all().stream()
        .filter(other -> Registry.folder(other).equals(folder) && !isSame(other, type))
        .toList();
  }

  private static boolean isSame(ResourceType one, ResourceType other) {
    return one.apiVersion().equals(other.apiVersion()) && one.plural().equals(other.plural());
  }

  /// An object of one type as it is seen by another; the argument stays as it is.
  public static ObjectNode converted(ObjectNode object, ResourceType from, ResourceType to) {
    ObjectNode copy = object.deepCopy();
    return isSame(from, to) ? copy : Conversions.toVersion(to, Conversions.toStored(from, copy));
  }
}
