// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.custom.Converter;
import dev.havn.schema.custom.CustomResource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Resources that are served in more than one group or version are stored in one: Events as those
/// of the core group, autoscalers as `autoscaling/v2`.
final class Conversions {
  /// Core name by the name in `events.k8s.io`.
  private static final Map<String, String> EVENT_FIELDS =
      Map.of(
          "regarding", "involvedObject",
          "note", "message",
          "deprecatedSource", "source",
          "deprecatedFirstTimestamp", "firstTimestamp",
          "deprecatedLastTimestamp", "lastTimestamp",
          "deprecatedCount", "count",
          "reportingController", "reportingComponent");

  private Conversions() {}

  /// Whether objects of this type are stored in another form than they are seen in, or may be.
  private static boolean isConverted(ResourceType type) {
    return isNewEvent(type) || isOldAutoscaler(type);
  }

  /// Whether an object is seen by this type just as it is stored, so that its bytes will do.
  static boolean isPlain(ResourceType type, StoredObject object) {
    return type.custom() == null ? !isConverted(type) : object.isPlain(type);
  }

  /// The object as fields of this type are looked up in: of Kubernetes' own kinds as it is stored.
  /// Maybe shared, so never to be changed.
  static ObjectNode selected(ResourceType type, StoredObject object) {
    return type.custom() == null || isPlain(type, object) ? object.shared() : object.seen(type);
  }

  /// A tree of the caller's own, with `resourceVersion`, of an object as this type sees it.
  static ObjectNode tree(ResourceType type, StoredObject object) {
    return type.custom() == null ? toVersion(type, object.toTree()) : object.toTree(type);
  }

  /// The same of many at once: a webhook is asked once for all of them.
  static List<ObjectNode> trees(ResourceType type, List<StoredObject> objects) {
    List<ObjectNode> trees = new ArrayList<>(objects.size());
    if (!isByWebhook(type)) {
      objects.forEach(each -> trees.add(tree(type, each)));
      return trees;
    }
    objects.forEach(each -> trees.add(each.toTree()));
    CustomResource custom = java.util.Objects.requireNonNull(type.custom());
    List<ObjectNode> converted = custom.converter().convert(trees, type.apiVersion());
    converted.forEach(custom::seen);
    return converted;
  }

  /// Whether somebody else knows how to convert.
  static boolean isByWebhook(ResourceType type) {
    return type.custom() != null && type.custom().converter() != Converter.NONE;
  }

  private static boolean isNewEvent(ResourceType type) {
    return type.group().equals("events.k8s.io");
  }

  private static boolean isOldAutoscaler(ResourceType type) {
    return type.group().equals("autoscaling") && type.version().equals("v1");
  }

  /// A stored object as the version of `type`; changes and returns its argument.
  static ObjectNode toVersion(ResourceType type, ObjectNode object) {
    if (type.custom() != null) {
      List<ObjectNode> one = new ArrayList<>(List.of(object));
      ObjectNode converted = type.custom().converter().convert(one, type.apiVersion()).getFirst();
      return type.custom().seen(converted);
    }
    if (isNewEvent(type)) {
      EVENT_FIELDS.forEach((now, before) -> rename(object, before, now));
      object.put("apiVersion", type.apiVersion());
    } else if (isOldAutoscaler(type)) {
      object.put("apiVersion", type.apiVersion());
      Autoscalers.toOld(object);
    }
    return object;
  }

  /// An object of the version of `type` as it is stored; changes and returns its argument.
  static ObjectNode toStored(ResourceType type, ObjectNode object) {
    if (type.custom() != null) {
      List<ObjectNode> one = new ArrayList<>(List.of(object));
      String stored = type.group() + "/" + type.custom().storageVersion();
      return type.custom().converter().convert(one, stored).getFirst();
    }
    if (isNewEvent(type)) {
      EVENT_FIELDS.forEach((now, before) -> rename(object, now, before));
      object.put("apiVersion", "v1");
    } else if (isOldAutoscaler(type)) {
      object.put("apiVersion", "autoscaling/v2");
      Autoscalers.toStored(object);
    } else if (type.group().equals("autoscaling")) {
      Autoscalers.dropAnnotations(object);
    }
    return object;
  }

  /// An object as it would be read again: with the annotations in which an older version keeps what
  /// it has no fields for. Their writer owns these.
  static ObjectNode asRead(ResourceType type, ObjectNode object) {
    return isOldAutoscaler(type) ? toVersion(type, toStored(type, object.deepCopy())) : object;
  }

  /// Whether more than the version of `type` can say stands in annotations: such an object is
  /// judged by what it will be when it is stored.
  static boolean isJudgedAsStored(ResourceType type, ObjectNode object) {
    return isOldAutoscaler(type) && Autoscalers.isAnnotated(object);
  }

  /// Keeps what an update does not write: the annotations that stand for the other half of the
  /// object.
  static void keepOtherHalf(
      ResourceType type, String subresource, ObjectNode before, ObjectNode after) {
    if (isOldAutoscaler(type)) {
      Autoscalers.keepOtherHalf(subresource.equals("status"), before, after);
    }
  }

  private static void rename(ObjectNode object, String from, String to) {
    if (object.has(from)) {
      object.set(to, object.remove(from));
    }
  }
}
