// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/// The APIServices of what this server serves itself: one for each version of a group, with the
/// priorities that Kubernetes gives them.
public final class LocalApis {
  static final String AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged";
  static final String API_VERSION = "apiregistration.k8s.io/v1";

  private static final int VERSION_PRIORITY = 15;
  private static final int CUSTOM_GROUP_PRIORITY = 1_000;
  private static final int CUSTOM_VERSION_PRIORITY = 100;
  static final int INNER_PRIORITY = 100;

  /// `groupPriorityMinimum` of Kubernetes' own groups: the order of discovery.
  private static final Map<String, Integer> GROUPS =
      Map.ofEntries(
          Map.entry("", 18_000),
          Map.entry("apiregistration.k8s.io", 18_000),
          Map.entry("apps", 17_800),
          Map.entry("events.k8s.io", 17_750),
          Map.entry("authentication.k8s.io", 17_700),
          Map.entry("authorization.k8s.io", 17_600),
          Map.entry("autoscaling", 17_500),
          Map.entry("batch", 17_400),
          Map.entry("certificates.k8s.io", 17_300),
          Map.entry("networking.k8s.io", 17_200),
          Map.entry("policy", 17_100),
          Map.entry("rbac.authorization.k8s.io", 17_000),
          Map.entry("storage.k8s.io", 16_800),
          Map.entry("admissionregistration.k8s.io", 16_700),
          Map.entry("apiextensions.k8s.io", 16_700),
          Map.entry("scheduling.k8s.io", 16_600),
          Map.entry("coordination.k8s.io", 16_500),
          Map.entry("node.k8s.io", 16_300),
          Map.entry("discovery.k8s.io", 16_200),
          Map.entry("resource.k8s.io", 16_200),
          Map.entry("flowcontrol.apiserver.k8s.io", 16_100),
          Map.entry("internal.apiserver.k8s.io", 16_000));

  /// `versionPriority` where it is not the usual one.
  private static final Map<String, Integer> VERSIONS =
      Map.of(
          "v1",
          1,
          "autoscaling/v2",
          30,
          "flowcontrol.apiserver.k8s.io/v1",
          21,
          "internal.apiserver.k8s.io/v1alpha1",
          9,
          "resource.k8s.io/v1",
          21);

  private LocalApis() {}

  /// The place of a group in discovery; custom ones come last.
  static int priority(String group) {
    return GROUPS.getOrDefault(group, CUSTOM_GROUP_PRIORITY);
  }

  /// The objects for the group versions of these types.
  public static List<ObjectNode> objects(
      List<ResourceType> types, Instant now, Supplier<String> uid) {
    Set<String> seen = new LinkedHashSet<>();
    List<ObjectNode> objects = new ArrayList<>();
    for (ResourceType type : types) {
      // The group of APIServices itself is the aggregator's own and has none.
      if (!type.apiVersion().equals(API_VERSION) && seen.add(type.apiVersion())) {
        objects.add(object(type.group(), type.version(), now, uid.get()));
      }
    }
    return objects;
  }

  /// Whether an APIService is one that comes and goes with custom resources.
  static boolean isCustom(ObjectNode apiService) {
    return apiService.path("metadata").path("labels").path(AUTOMANAGED).asText().equals("true");
  }

  /// The object of an API that takes another server's place; it has the priorities that such
  /// servers ask for.
  static ObjectNode object(InnerApi inner, Instant now, String uid) {
    ObjectNode object = object(inner.group(), inner.version(), now, uid);
    object.withObjectProperty("metadata").withObjectProperty("labels").put(AUTOMANAGED, "onstart");
    object
        .withObjectProperty("spec")
        .put("groupPriorityMinimum", INNER_PRIORITY)
        .put("versionPriority", INNER_PRIORITY);
    return object;
  }

  private static ObjectNode object(String group, String version, Instant now, String uid) {
    boolean custom = !GROUPS.containsKey(group);
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", "APIService").put("apiVersion", API_VERSION);
    ObjectNode metadata = object.putObject("metadata").put("name", version + "." + group);
    metadata.put("uid", uid).put("creationTimestamp", now.truncatedTo(ChronoUnit.SECONDS) + "");
    metadata.putObject("labels").put(AUTOMANAGED, custom ? "true" : "onstart");
    ObjectNode spec = object.putObject("spec");
    if (!group.isEmpty()) {
      spec.put("group", group);
    }
    String groupVersion = group.isEmpty() ? version : group + "/" + version;
    spec.put("version", version).put("groupPriorityMinimum", priority(group));
    spec.put(
        "versionPriority",
        custom ? CUSTOM_VERSION_PRIORITY : VERSIONS.getOrDefault(groupVersion, VERSION_PRIORITY));
    Condition.LOCAL.set(object, now);
    return object;
  }
}
