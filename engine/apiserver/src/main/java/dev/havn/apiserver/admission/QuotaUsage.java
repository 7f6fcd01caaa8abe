// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What one object takes of the resources that a quota can limit.
final class QuotaUsage {
  private static final Set<String> COUNTED =
      Set.of(
          "pods",
          "services",
          "replicationcontrollers",
          "resourcequotas",
          "secrets",
          "configmaps",
          "persistentvolumeclaims");
  private static final Set<String> PLAIN = Set.of("cpu", "memory", "ephemeral-storage");
  private static final Quantity ONE = new Quantity(BigDecimal.ONE, Quantity.Format.DECIMAL_SI);

  private QuotaUsage() {}

  static Map<String, Quantity> of(ResourceType type, ObjectNode object) {
    Map<String, Quantity> usage = new TreeMap<>();
    usage.put("count/" + type.plural() + (type.group().isEmpty() ? "" : "." + type.group()), ONE);
    if (!type.group().isEmpty()) {
      return usage;
    }
    if (COUNTED.contains(type.plural())) {
      usage.put(type.plural(), ONE);
    }
    JsonNode spec = object.path("spec");
    switch (type.kind()) {
      case "Pod" -> {
        pod(spec, "requests", usage);
        pod(spec, "limits", usage);
      }
      case "Service" -> service(spec, usage);
      case "PersistentVolumeClaim" -> claim(spec, usage);
      default -> {}
    }
    return usage;
  }

  /// Whether a quota's scopes hold the object; only pods have scopes.
  static boolean isInScope(JsonNode quotaSpec, ResourceType type, ObjectNode object) {
    JsonNode scopes = quotaSpec.path("scopes");
    JsonNode expressions = quotaSpec.path("scopeSelector").path("matchExpressions");
    if (scopes.isEmpty() && expressions.isEmpty()) {
      return true;
    }
    if (!type.kind().equals("Pod")) {
      return false;
    }
    for (JsonNode scope : scopes) {
      if (!isIn(scope.asText(), object)) {
        return false;
      }
    }
    for (JsonNode each : expressions) {
      if (!matches(each, object)) {
        return false;
      }
    }
    return true;
  }

  private static boolean matches(JsonNode expression, ObjectNode pod) {
    String scope = expression.path("scopeName").asText();
    if (!scope.equals("PriorityClass")) {
      return isIn(scope, pod);
    }
    String actual = pod.path("spec").path("priorityClassName").asText("");
    boolean listed = false;
    for (JsonNode value : expression.path("values")) {
      listed |= value.asText().equals(actual);
    }
    return switch (expression.path("operator").asText()) {
      case "In" -> listed;
      case "NotIn" -> !listed;
      case "Exists" -> !actual.isEmpty();
      default -> actual.isEmpty();
    };
  }

  private static boolean isIn(String scope, ObjectNode pod) {
    boolean ends = pod.path("spec").path("activeDeadlineSeconds").asLong(-1) >= 0;
    return switch (scope) {
      case "Terminating" -> ends;
      case "NotTerminating" -> !ends;
      case "BestEffort" -> isBestEffort(pod);
      case "NotBestEffort" -> !isBestEffort(pod);
      case "PriorityClass" -> !pod.path("spec").path("priorityClassName").asText("").isEmpty();
      default -> false;
    };
  }

  private static boolean isBestEffort(ObjectNode pod) {
    for (String list : List.of("containers", "initContainers")) {
      for (JsonNode container : pod.path("spec").path(list)) {
        JsonNode resources = container.path("resources");
        if (!resources.path("requests").isEmpty() || !resources.path("limits").isEmpty()) {
          return false;
        }
      }
    }
    return true;
  }

  /// The larger of what runs together and what any init container needs alone, and the overhead.
  private static void pod(JsonNode spec, String kind, Map<String, Quantity> usage) {
    Map<String, Quantity> total = new TreeMap<>();
    for (JsonNode each : spec.path("containers")) {
      add(total, each.path("resources").path(kind));
    }
    for (JsonNode each : spec.path("initContainers")) {
      JsonNode own = each.path("resources").path(kind);
      if (each.path("restartPolicy").asText("").equals("Always")) {
        add(total, own);
      } else {
        own.properties()
            .forEach(
                one ->
                    total.merge(
                        one.getKey(),
                        Quantity.parse(one.getValue().asText()),
                        (a, b) -> a.amount().compareTo(b.amount()) >= 0 ? a : b));
      }
    }
    if (!total.isEmpty()) {
      add(total, spec.path("overhead"));
    }
    total.forEach(
        (name, amount) -> {
          usage.put(kind + "." + name, amount);
          if (kind.equals("requests") && PLAIN.contains(name)) {
            usage.put(name, amount);
          }
        });
  }

  private static void add(Map<String, Quantity> total, JsonNode amounts) {
    for (Map.Entry<String, JsonNode> each : amounts.properties()) {
      total.merge(each.getKey(), Quantity.parse(each.getValue().asText()), QuotaUsage::sum);
    }
  }

  static Quantity sum(Quantity one, Quantity other) {
    Quantity.Format format = one.amount().signum() == 0 ? other.format() : one.format();
    return new Quantity(one.amount().add(other.amount()), format);
  }

  private static void service(JsonNode spec, Map<String, Quantity> usage) {
    String kind = spec.path("type").asText();
    boolean balanced = kind.equals("LoadBalancer");
    boolean ports = spec.path("allocateLoadBalancerNodePorts").asBoolean(true);
    if (kind.equals("NodePort") || (balanced && ports)) {
      usage.put(
          "services.nodeports",
          new Quantity(BigDecimal.valueOf(spec.path("ports").size()), Quantity.Format.DECIMAL_SI));
    }
    if (balanced) {
      usage.put("services.loadbalancers", ONE);
    }
  }

  private static void claim(JsonNode spec, Map<String, Quantity> usage) {
    JsonNode storage = spec.path("resources").path("requests").path("storage");
    if (storage.isTextual()) {
      usage.put("requests.storage", Quantity.parse(storage.asText()));
    }
    String name = spec.path("storageClassName").asText("");
    if (!name.isEmpty()) {
      String suffix = name + ".storageclass.storage.k8s.io/";
      usage.put(suffix + "persistentvolumeclaims", ONE);
      if (storage.isTextual()) {
        usage.put(suffix + "requests.storage", Quantity.parse(storage.asText()));
      }
    }
  }

  /// Limited resources of computing that a pod's containers leave open, as Kubernetes lists them:
  /// `cpu for: web,proxy`.
  static List<String> unspecified(JsonNode hard, ObjectNode pod) {
    List<String> missing = new ArrayList<>();
    List<String> limited = new ArrayList<>();
    hard.fieldNames().forEachRemaining(limited::add);
    limited.sort(null);
    for (String each : limited) {
      boolean limit = each.startsWith("limits.");
      String name = each.replaceFirst("^(requests|limits)\\.", "");
      if (!Set.of("cpu", "memory").contains(name)) {
        continue;
      }
      List<String> open = new ArrayList<>();
      for (String list : List.of("initContainers", "containers")) {
        for (JsonNode container : pod.path("spec").path(list)) {
          if (!container.path("resources").path(limit ? "limits" : "requests").has(name)) {
            open.add(container.path("name").asText());
          }
        }
      }
      if (!open.isEmpty()) {
        missing.add(each + " for: " + String.join(",", open));
      }
    }
    return missing;
  }
}
