// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The admission that every Kubernetes has switched on: NamespaceLifecycle, ServiceAccount,
/// DefaultTolerationSeconds, Priority, RuntimeClass, LimitRanger.
public final class BuiltinAdmission implements Admission {
  private static final Set<String> IMMORTAL = Set.of("default", "kube-system", "kube-public");
  private static final int TOLERATION_SECONDS = 300;
  private static final int TOKEN_SECONDS = 3_607;
  private static final int MODE_0644 = 420;
  private static final String TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
  private static final String SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

  private final Objects objects;
  private final RandomGenerator random;

  public BuiltinAdmission(Objects objects, RandomGenerator random) {
    this.objects = objects;
    this.random = random;
  }

  @Override
  public void admit(Write write) {
    namespaceLifecycle(write);
    Protections.admit(write);
    if (write.operation() != Operation.DELETE) {
      defaultPriority(write);
    }
    boolean pod =
        write.type().kind().equals("Pod")
            && write.type().group().isEmpty()
            && write.subresource().isEmpty();
    if (!pod || !(write.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    if (write.operation() == Operation.UPDATE && write.before() != null) {
      keepPriority(spec, write.before().path("spec"));
      tolerations(spec);
    } else if (write.operation() == Operation.CREATE) {
      priority(write, spec);
      serviceAccount(write, spec);
      tolerations(spec);
      RuntimeClasses.admit(objects, write, spec);
      LimitRanges.admit(objects, write, spec);
    }
  }

  private void namespaceLifecycle(Write write) {
    ResourceType type = write.type();
    if (write.operation() == Operation.DELETE
        && type.kind().equals("Namespace")
        && IMMORTAL.contains(write.name())) {
      throw ApiException.forbidden(type, write.name(), "this namespace may not be deleted");
    }
    if (write.operation() != Operation.CREATE || !type.namespaced()) {
      return;
    }
    @Nullable ObjectNode namespace = objects.read("v1", "namespaces", "", write.namespace());
    if (namespace == null) {
      throw ApiException.notFound(objects.registry().get("v1", "namespaces"), write.namespace());
    }
    if (namespace.path("metadata").has("deletionTimestamp")) {
      throw ApiException.namespaceTerminating(type, write.name(), write.namespace());
    }
  }

  /// What was chosen for a new pod stays with it.
  private static void keepPriority(ObjectNode spec, JsonNode old) {
    if (!spec.has("priority") && old.has("priority")) {
      spec.set("priority", old.get("priority"));
    }
    if (!spec.has("preemptionPolicy") && old.has("preemptionPolicy")) {
      spec.set("preemptionPolicy", old.get("preemptionPolicy"));
    }
  }

  /// Only one class of priorities is the default.
  private void defaultPriority(Write write) {
    if (!write.type().kind().equals("PriorityClass")
        || !write.object().path("globalDefault").asBoolean()) {
      return;
    }
    for (ObjectNode each : objects.list("scheduling.k8s.io/v1", "priorityclasses", "")) {
      String name = each.path("metadata").path("name").asText();
      boolean itself = write.operation() == Operation.UPDATE && name.equals(write.name());
      if (each.path("globalDefault").asBoolean() && !itself) {
        throw ApiException.forbidden(
            write.type(),
            write.name(),
            "PriorityClass %s is already marked as default. Only one default can exist"
                .formatted(name));
      }
    }
  }

  private void priority(Write write, ObjectNode spec) {
    String name = spec.path("priorityClassName").asText("");
    @Nullable ObjectNode chosen = null;
    if (name.isEmpty()) {
      for (ObjectNode each : objects.list("scheduling.k8s.io/v1", "priorityclasses", "")) {
        if (each.path("globalDefault").asBoolean()) {
          chosen = each;
          spec.set("priorityClassName", each.path("metadata").path("name"));
        }
      }
    } else {
      chosen = objects.read("scheduling.k8s.io/v1", "priorityclasses", "", name);
      if (chosen == null) {
        throw ApiException.forbidden(
            write.type(), write.name(), "no PriorityClass with name " + name + " was found");
      }
    }
    int priority = chosen == null ? 0 : chosen.path("value").asInt();
    String policy =
        chosen == null
            ? "PreemptLowerPriority"
            : chosen.path("preemptionPolicy").asText("PreemptLowerPriority");
    computed(write, spec, "priority", "integer value of priority", String.valueOf(priority));
    computed(write, spec, "preemptionPolicy", "string value of PreemptionPolicy", policy);
    spec.put("priority", priority);
    spec.put("preemptionPolicy", policy);
  }

  /// Refuses a value that is not the one of the class.
  private static void computed(
      Write write, ObjectNode spec, String field, String called, String value) {
    if (spec.has(field) && !spec.path(field).asText().equals(value)) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "the %s (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name"
              .formatted(called, spec.path(field).asText(), value));
    }
  }

  private void serviceAccount(Write write, ObjectNode spec) {
    if (write.object().path("metadata").path("annotations").has("kubernetes.io/config.mirror")) {
      return;
    }
    String name = spec.path("serviceAccountName").asText("");
    if (name.isEmpty()) {
      name = "default";
      spec.put("serviceAccountName", name);
    }
    spec.put("serviceAccount", name);
    @Nullable ObjectNode account = objects.read("v1", "serviceaccounts", write.namespace(), name);
    if (account == null) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "error looking up service account %s/%s: serviceaccount \"%s\" not found"
              .formatted(write.namespace(), name, name));
    }
    if (spec.path("imagePullSecrets").isEmpty() && account.path("imagePullSecrets").size() > 0) {
      spec.set("imagePullSecrets", account.get("imagePullSecrets").deepCopy());
    }
    boolean mounts =
        spec.has("automountServiceAccountToken")
            ? spec.path("automountServiceAccountToken").asBoolean()
            : account.path("automountServiceAccountToken").asBoolean(true);
    if (mounts) {
      mountToken(spec);
    }
  }

  private void mountToken(ObjectNode spec) {
    String volume = "";
    for (JsonNode each : spec.path("volumes")) {
      if (each.path("name").asText().startsWith("kube-api-access-")) {
        volume = each.path("name").asText();
      }
    }
    boolean needed = false;
    String name = volume.isEmpty() ? "kube-api-access-" + suffix() : volume;
    for (String list : List.of("initContainers", "containers")) {
      for (JsonNode container : spec.path(list)) {
        boolean mounted = false;
        for (JsonNode mount : container.path("volumeMounts")) {
          mounted |= mount.path("mountPath").asText().equals(TOKEN_PATH);
        }
        if (!mounted && container instanceof ObjectNode object) {
          needed = true;
          object
              .withArrayProperty("volumeMounts")
              .addObject()
              .put("name", name)
              .put("readOnly", true)
              .put("mountPath", TOKEN_PATH);
        }
      }
    }
    if (needed && volume.isEmpty()) {
      spec.withArrayProperty("volumes").add(tokenVolume(spec.objectNode(), name));
    }
  }

  private static ObjectNode tokenVolume(ObjectNode volume, String name) {
    volume.put("name", name);
    ObjectNode projected = volume.putObject("projected");
    projected.put("defaultMode", MODE_0644);
    ArrayNode sources = projected.putArray("sources");
    sources
        .addObject()
        .putObject("serviceAccountToken")
        .put("expirationSeconds", TOKEN_SECONDS)
        .put("path", "token");
    ObjectNode authority = sources.addObject().putObject("configMap");
    authority.put("name", "kube-root-ca.crt");
    authority.putArray("items").addObject().put("key", "ca.crt").put("path", "ca.crt");
    ObjectNode namespace =
        sources.addObject().putObject("downwardAPI").putArray("items").addObject();
    namespace.put("path", "namespace");
    namespace.putObject("fieldRef").put("apiVersion", "v1").put("fieldPath", "metadata.namespace");
    return volume;
  }

  private String suffix() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 5; i++) {
      text.append(SUFFIX_ALPHABET.charAt(random.nextInt(SUFFIX_ALPHABET.length())));
    }
    return text.toString();
  }

  private static void tolerations(ObjectNode spec) {
    for (String taint : List.of("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")) {
      boolean tolerated = false;
      for (JsonNode each : spec.path("tolerations")) {
        String key = each.path("key").asText("");
        String effect = each.path("effect").asText("");
        tolerated |=
            (key.equals(taint) || key.isEmpty())
                && (effect.isEmpty() || effect.equals("NoExecute"));
      }
      if (!tolerated) {
        spec.withArrayProperty("tolerations")
            .addObject()
            .put("key", taint)
            .put("operator", "Exists")
            .put("effect", "NoExecute")
            .put("tolerationSeconds", TOLERATION_SECONDS);
      }
    }
  }
}
