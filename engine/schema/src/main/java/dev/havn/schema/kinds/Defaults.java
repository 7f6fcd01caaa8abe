// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// Fills in what a user left out, as Kubernetes does before it admits an object.
public final class Defaults {
  private Defaults() {}

  /// Changes `object` in place.
  public static void apply(String kind, ObjectNode object) {
    ObjectNode spec = object.get("spec") instanceof ObjectNode given ? given : null;
    switch (kind) {
      case "Secret" -> set(object, "type", "Opaque");
      case "ServiceAccount", "ConfigMap" -> {}
      case "RoleBinding", "ClusterRoleBinding" -> binding(object);
      case "StorageClass" -> {
        set(object, "reclaimPolicy", "Delete");
        set(object, "volumeBindingMode", "Immediate");
      }
      case "Endpoints" -> object.path("subsets").forEach(subset -> ports(subset.path("ports")));
      case "EndpointSlice" -> endpointSlice(object);
      case "Namespace" -> namespace(object);
      case "PriorityClass" -> set(object, "preemptionPolicy", "PreemptLowerPriority");
      default -> {
        if (spec != null) {
          ofSpec(kind, object, spec);
        }
      }
    }
  }

  private static void ofSpec(String kind, ObjectNode object, ObjectNode spec) {
    switch (kind) {
      case "Pod" -> PodDefaults.apply(spec);
      case "PodTemplate" -> template(object);
      case "ReplicationController" -> {
        replicationController(object, spec);
        template(spec);
      }
      case "ReplicaSet" -> {
        set(spec, "replicas", 1);
        template(spec);
      }
      case "Deployment" -> {
        deployment(spec);
        template(spec);
      }
      case "StatefulSet" -> {
        statefulSet(spec);
        template(spec);
      }
      case "DaemonSet" -> {
        daemonSet(spec);
        template(spec);
      }
      case "Job" -> {
        job(spec);
        template(spec);
      }
      case "CronJob" -> cronJob(spec);
      case "Service" -> service(spec);
      case "PersistentVolumeClaim" -> set(spec, "volumeMode", "Filesystem");
      case "PersistentVolume" -> {
        set(spec, "volumeMode", "Filesystem");
        set(spec, "persistentVolumeReclaimPolicy", "Retain");
      }
      case "NetworkPolicy" -> networkPolicy(spec);
      case "HorizontalPodAutoscaler" -> set(spec, "minReplicas", 1);
      case "CustomResourceDefinition" -> customResourceDefinition(spec);
      default -> {}
    }
  }

  private static void template(ObjectNode spec) {
    if (spec.path("template").get("spec") instanceof ObjectNode pod) {
      PodDefaults.apply(pod);
    }
  }

  private static void binding(ObjectNode object) {
    if (object.get("roleRef") instanceof ObjectNode role) {
      set(role, "apiGroup", "rbac.authorization.k8s.io");
    }
    for (JsonNode subject : object.path("subjects")) {
      boolean account = subject.path("kind").asText().equals("ServiceAccount");
      if (subject instanceof ObjectNode given && !account) {
        set(given, "apiGroup", "rbac.authorization.k8s.io");
      }
    }
  }

  private static void endpointSlice(ObjectNode object) {
    for (JsonNode each : object.path("ports")) {
      if (each instanceof ObjectNode port) {
        set(port, "name", "");
        set(port, "protocol", "TCP");
      }
    }
  }

  private static void namespace(ObjectNode object) {
    String name = object.path("metadata").path("name").asText("");
    if (!name.isEmpty() && object.get("metadata") instanceof ObjectNode metadata) {
      metadata.withObjectProperty("labels").put("kubernetes.io/metadata.name", name);
    }
  }

  private static void replicationController(ObjectNode object, ObjectNode spec) {
    set(spec, "replicas", 1);
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    if (labels.isObject() && !labels.isEmpty()) {
      if (spec.path("selector").isEmpty()) {
        spec.set("selector", labels.deepCopy());
      }
      if (object.path("metadata").path("labels").isEmpty()
          && object.get("metadata") instanceof ObjectNode metadata) {
        metadata.set("labels", labels.deepCopy());
      }
    }
  }

  private static void deployment(ObjectNode spec) {
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "progressDeadlineSeconds", 600);
    ObjectNode strategy = spec.withObjectProperty("strategy");
    set(strategy, "type", "RollingUpdate");
    if (strategy.path("type").asText().equals("RollingUpdate")) {
      ObjectNode rolling = strategy.withObjectProperty("rollingUpdate");
      set(rolling, "maxUnavailable", "25%");
      set(rolling, "maxSurge", "25%");
    }
  }

  private static void statefulSet(ObjectNode spec) {
    set(spec, "replicas", 1);
    set(spec, "revisionHistoryLimit", 10);
    set(spec, "podManagementPolicy", "OrderedReady");
    ObjectNode strategy = spec.withObjectProperty("updateStrategy");
    set(strategy, "type", "RollingUpdate");
    if (strategy.path("type").asText().equals("RollingUpdate")) {
      set(strategy.withObjectProperty("rollingUpdate"), "partition", 0);
    }
    ObjectNode retention = spec.withObjectProperty("persistentVolumeClaimRetentionPolicy");
    set(retention, "whenDeleted", "Retain");
    set(retention, "whenScaled", "Retain");
    for (JsonNode claim : spec.path("volumeClaimTemplates")) {
      if (claim.get("spec") instanceof ObjectNode claimSpec) {
        set(claimSpec, "volumeMode", "Filesystem");
      }
    }
  }

  private static void daemonSet(ObjectNode spec) {
    set(spec, "revisionHistoryLimit", 10);
    ObjectNode strategy = spec.withObjectProperty("updateStrategy");
    set(strategy, "type", "RollingUpdate");
    if (strategy.path("type").asText().equals("RollingUpdate")) {
      ObjectNode rolling = strategy.withObjectProperty("rollingUpdate");
      set(rolling, "maxUnavailable", 1);
      set(rolling, "maxSurge", 0);
    }
  }

  private static void job(ObjectNode spec) {
    boolean neither = !spec.has("completions") && !spec.has("parallelism");
    if (neither) {
      spec.put("completions", 1);
    }
    set(spec, "parallelism", 1);
    set(spec, "backoffLimit", spec.has("backoffLimitPerIndex") ? Integer.MAX_VALUE : 6);
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    set(
        spec,
        "podReplacementPolicy",
        spec.has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  }

  private static void cronJob(ObjectNode spec) {
    set(spec, "concurrencyPolicy", "Allow");
    set(spec, "suspend", false);
    set(spec, "successfulJobsHistoryLimit", 3);
    set(spec, "failedJobsHistoryLimit", 1);
    if (spec.path("jobTemplate").get("spec") instanceof ObjectNode job) {
      template(job);
    }
  }

  private static void service(ObjectNode spec) {
    set(spec, "sessionAffinity", "None");
    set(spec, "type", "ClusterIP");
    String type = spec.path("type").asText();
    if (spec.path("sessionAffinity").asText().equals("ClientIP")) {
      set(
          spec.withObjectProperty("sessionAffinityConfig").withObjectProperty("clientIP"),
          "timeoutSeconds",
          10_800);
    }
    for (JsonNode each : spec.path("ports")) {
      if (each instanceof ObjectNode port) {
        set(port, "protocol", "TCP");
        JsonNode target = port.path("targetPort");
        if (target.isMissingNode() || target.asText().isEmpty() || target.asText().equals("0")) {
          port.set("targetPort", port.path("port"));
        }
      }
    }
    if (type.equals("NodePort") || type.equals("LoadBalancer")) {
      set(spec, "externalTrafficPolicy", "Cluster");
    }
    if (!type.equals("ExternalName")) {
      set(spec, "internalTrafficPolicy", "Cluster");
    }
    if (type.equals("LoadBalancer")) {
      set(spec, "allocateLoadBalancerNodePorts", true);
    }
  }

  private static void networkPolicy(ObjectNode spec) {
    if (!spec.path("policyTypes").isEmpty()) {
      return;
    }
    ArrayNode types = spec.putArray("policyTypes").add("Ingress");
    if (spec.has("egress")) {
      types.add("Egress");
    }
  }

  private static void customResourceDefinition(ObjectNode spec) {
    ObjectNode names = spec.withObjectProperty("names");
    String kind = names.path("kind").asText("");
    set(names, "singular", kind.toLowerCase(java.util.Locale.ROOT));
    set(names, "listKind", kind + "List");
    set(spec.withObjectProperty("conversion"), "strategy", "None");
  }

  private static void ports(JsonNode ports) {
    for (JsonNode each : ports) {
      if (each instanceof ObjectNode port) {
        set(port, "protocol", "TCP");
      }
    }
  }

  static void set(ObjectNode object, String field, String value) {
    if (!object.hasNonNull(field) || object.get(field).asText("x").isEmpty() && !value.isEmpty()) {
      object.put(field, value);
    }
  }

  static void set(ObjectNode object, String field, int value) {
    if (!object.hasNonNull(field)) {
      object.put(field, value);
    }
  }

  static void set(ObjectNode object, String field, boolean value) {
    if (!object.hasNonNull(field)) {
      object.put(field, value);
    }
  }
}
