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
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

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
  private static final String STORAGE_CLASS = ".storageclass.storage.k8s.io/";
  private static final Set<String> PLAIN = Set.of("cpu", "memory", "ephemeral-storage");
  private static final Quantity ONE = new Quantity(BigDecimal.ONE, Quantity.Format.DECIMAL_SI);

  private QuotaUsage() {}

  static Map<String, Quantity> of(ResourceType type, ObjectNode object) {
    Map<String, Quantity> usage = new TreeMap<>();
    usage.put(counted(type), ONE);
    if (!type.group().isEmpty()) {
      return usage;
    }
    if (COUNTED.contains(type.plural())) {
      usage.put(type.plural(), ONE);
    }
    JsonNode spec = object.path("spec");
    switch (type.builtinKind()) {
      case "Pod" -> {
        if (hasEnded(object)) {
          usage.remove("pods");
        } else {
          pod(spec, "requests", usage);
          pod(spec, "limits", usage);
        }
      }
      case "Service" -> service(spec, usage);
      case "PersistentVolumeClaim" -> claim(spec, ClaimResize.storageClass(object), usage);
      default -> {}
    }
    return usage;
  }

  /// A pod that has ended is there, but takes nothing.
  private static boolean hasEnded(ObjectNode pod) {
    String phase = pod.path("status").path("phase").asText("");
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  /// Which of a quota's resources objects of a type can take, in the order of names.
  ///
  /// @param taken what one of them takes
  static List<String> concerned(JsonNode hard, ResourceType type, Set<String> taken) {
    List<String> concerned = new ArrayList<>();
    hard.fieldNames()
        .forEachRemaining(
            name -> {
              if (taken.contains(name) || isConcerned(name, type)) {
                concerned.add(name);
              }
            });
    concerned.sort(null);
    return concerned;
  }

  private static boolean isConcerned(String name, ResourceType type) {
    if (name.equals(counted(type)) || (type.group().isEmpty() && name.equals(type.plural()))) {
      return true;
    }
    if (ClaimUsage.concerns(type)) {
      return name.endsWith(ClaimUsage.OF_CLASS);
    }
    return switch (type.group().isEmpty() ? type.builtinKind() : "") {
      case "Pod" ->
          PLAIN.contains(name)
              || name.startsWith("hugepages-")
              || name.startsWith("limits.")
              || (name.startsWith("requests.") && !name.equals("requests.storage"));
      case "Service" -> name.startsWith("services.");
      case "PersistentVolumeClaim" ->
          name.equals("requests.storage") || name.contains(STORAGE_CLASS);
      default -> false;
    };
  }

  private static String counted(ResourceType type) {
    return "count/" + type.plural() + (type.group().isEmpty() ? "" : "." + type.group());
  }

  /// Whether a write can take more: not every update does.
  static boolean isCharged(Admission.Write write) {
    boolean core = write.type().group().isEmpty();
    String kind = core ? write.type().builtinKind() : "";
    return switch (write.operation()) {
      case DELETE, CONNECT -> false;
      case CREATE -> write.subresource().isEmpty();
      case UPDATE -> {
        boolean whole = write.subresource().isEmpty();
        yield switch (kind) {
          case "Pod" -> write.subresource().equals("resize") || (whole && hasOtherDeadline(write));
          case "Service", "PersistentVolumeClaim" -> whole;
          default -> false;
        };
      }
    };
  }

  /// Whether a pod has moved between the scopes `Terminating` and `NotTerminating`.
  private static boolean hasOtherDeadline(Admission.Write write) {
    @Nullable ObjectNode before = write.before();
    return before != null && isIn("Terminating", before) != isIn("Terminating", write.object());
  }

  /// What an object takes more than before; what it takes less counts as nothing, for its
  /// controller gives it back.
  static Map<String, Quantity> more(Map<String, Quantity> now, Map<String, Quantity> before) {
    Map<String, Quantity> more = new TreeMap<>();
    now.forEach(
        (name, amount) -> {
          BigDecimal had = before.containsKey(name) ? before.get(name).amount() : BigDecimal.ZERO;
          BigDecimal difference = amount.amount().subtract(had);
          if (difference.signum() > 0) {
            more.put(name, new Quantity(difference, amount.format()));
          }
        });
    return more;
  }

  /// Whether a quota's scopes hold the object; only pods have scopes.
  static boolean isInScope(JsonNode quotaSpec, ResourceType type, ObjectNode object) {
    JsonNode scopes = quotaSpec.path("scopes");
    JsonNode expressions = quotaSpec.path("scopeSelector").path("matchExpressions");
    if (scopes.isEmpty() && expressions.isEmpty()) {
      return true;
    }
    if (type.builtinKind().equals("PersistentVolumeClaim")) {
      return scopes.isEmpty() && AttributesScope.holds(expressions, object);
    }
    if (!type.builtinKind().equals("Pod")) {
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
      case "CrossNamespacePodAffinity" -> hasForeignAffinity(pod.path("spec").path("affinity"));
      default -> false;
    };
  }

  private static boolean hasForeignAffinity(JsonNode affinity) {
    for (String kind : List.of("podAffinity", "podAntiAffinity")) {
      for (JsonNode term :
          affinity.path(kind).path("requiredDuringSchedulingIgnoredDuringExecution")) {
        if (isForeign(term)) {
          return true;
        }
      }
      for (JsonNode preferred :
          affinity.path(kind).path("preferredDuringSchedulingIgnoredDuringExecution")) {
        if (isForeign(preferred.path("podAffinityTerm"))) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean isForeign(JsonNode term) {
    return !term.path("namespaces").isEmpty() || term.hasNonNull("namespaceSelector");
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

  private static void pod(JsonNode spec, String kind, Map<String, Quantity> usage) {
    PodResources.total(spec, kind, true)
        .forEach(
            (name, amount) -> {
              usage.put(kind + "." + name, amount);
              boolean plain = PLAIN.contains(name) || name.startsWith("hugepages-");
              if (kind.equals("requests") && plain) {
                usage.put(name, amount);
              }
            });
  }

  static Quantity sum(Quantity one, Quantity other) {
    Quantity.Format format = one.amount().signum() == 0 ? other.format() : one.format();
    return new Quantity(one.amount().add(other.amount()), format);
  }

  private static void service(JsonNode spec, Map<String, Quantity> usage) {
    String kind = spec.path("type").asText();
    boolean balanced = kind.equals("LoadBalancer");
    boolean ports = spec.path("allocateLoadBalancerNodePorts").asBoolean(true);
    if (kind.equals("NodePort") || balanced) {
      int count = 0;
      for (JsonNode port : spec.path("ports")) {
        count += kind.equals("NodePort") || ports || port.path("nodePort").asInt() > 0 ? 1 : 0;
      }
      usage.put(
          "services.nodeports",
          new Quantity(BigDecimal.valueOf(count), Quantity.Format.DECIMAL_SI));
    }
    if (balanced) {
      usage.put("services.loadbalancers", ONE);
    }
  }

  private static void claim(JsonNode spec, String name, Map<String, Quantity> usage) {
    JsonNode storage = spec.path("resources").path("requests").path("storage");
    if (storage.isTextual()) {
      usage.put("requests.storage", Quantity.parse(storage.asText()));
    }
    if (!name.isEmpty()) {
      String suffix = name + STORAGE_CLASS;
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
    if (!pod.path("spec").path("resources").isEmpty()) {
      return missing;
    }
    List<String> limited = new ArrayList<>();
    hard.fieldNames().forEachRemaining(limited::add);
    limited.sort(null);
    for (String each : limited) {
      boolean limit = each.startsWith("limits.");
      String name = each.replaceFirst("^(requests|limits)\\.", "");
      if (!Set.of("cpu", "memory").contains(name)) {
        continue;
      }
      Set<String> open = new TreeSet<>();
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
