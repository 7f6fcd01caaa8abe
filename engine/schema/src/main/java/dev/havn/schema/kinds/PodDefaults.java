// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// Defaults of pods that depend on other fields; some hold in templates too, some only in pods
/// themselves.
final class PodDefaults {
  private static final String POD_SPEC = "io.k8s.api.core.v1.PodSpec";
  private static final List<String> CONTAINERS =
      List.of("initContainers", "containers", "ephemeralContainers");

  private static final int REPOSITORY_CHARS_MAX = 255;

  /// `host:port/path:tag@digest`; what is none has no tag.
  private static final Pattern REFERENCE =
      Pattern.compile(
          "(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-+|/)[a-z0-9]+)*"
              + "(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?");

  private PodDefaults() {}

  /// Finds the pod specs in an object and completes them.
  static void below(ObjectNode object, Schema.Struct type) {
    if (type.name().equals(POD_SPEC)) {
      inTemplates(object);
      return;
    }
    for (String step : List.of("spec", "template", "jobTemplate")) {
      Schema.Field field = type.fields().get(step);
      if (field != null
          && field.schema() instanceof Schema.Struct inner
          && object.get(step) instanceof ObjectNode next) {
        below(next, inner);
      }
    }
  }

  private static void inTemplates(ObjectNode spec) {
    if (!spec.path("serviceAccountName").asText("").isEmpty()) {
      spec.set("serviceAccount", spec.get("serviceAccountName"));
    } else if (!spec.path("serviceAccount").asText("").isEmpty()) {
      spec.set("serviceAccountName", spec.get("serviceAccount"));
    }
    for (String list : CONTAINERS) {
      for (JsonNode each : spec.path(list)) {
        if (each instanceof ObjectNode container) {
          String image = container.path("image").asText("");
          Defaults.set(container, "imagePullPolicy", isLatest(image) ? "Always" : "IfNotPresent");
        }
      }
    }
    for (JsonNode each : spec.path("volumes")) {
      if (each instanceof ObjectNode volume) {
        volume(volume);
      }
    }
  }

  private static void volume(ObjectNode volume) {
    boolean unsaid = volume.propertyStream().allMatch(each -> each.getKey().equals("name"));
    if (unsaid) {
      volume.putObject("emptyDir");
    }
    if (volume.get("image") instanceof ObjectNode image) {
      String reference = image.path("reference").asText("");
      Defaults.set(image, "pullPolicy", isLatest(reference) ? "Always" : "IfNotPresent");
    }
  }

  private static boolean isLatest(String image) {
    if (!REFERENCE.matcher(image).matches() || path(image).length() > REPOSITORY_CHARS_MAX) {
      return false;
    }
    String name = image.substring(image.lastIndexOf('/') + 1);
    if (image.contains("@")) {
      return name.substring(0, Math.max(0, name.indexOf('@'))).endsWith(":latest");
    }
    return !image.isEmpty() && !name.contains(":") || name.endsWith(":latest");
  }

  /// The name without tag and digest, and without a registry, which its first part is if it cannot
  /// be the name of a folder.
  private static String path(String image) {
    int digest = image.indexOf('@');
    String tagged = digest < 0 ? image : image.substring(0, digest);
    int tag = tagged.lastIndexOf(':');
    String name = tag > tagged.lastIndexOf('/') ? tagged.substring(0, tag) : tagged;
    String first = name.substring(0, Math.max(0, name.indexOf('/')));
    boolean isRegistry = first.contains(".") || first.contains(":") || first.equals("localhost");
    if (isRegistry) {
      return name.substring(first.length() + 1);
    }
    return first.isEmpty() ? "library/" + name : name;
  }

  /// A limit without a request is a request too; on the host's network a port is the host's.
  static void ofPod(ObjectNode spec) {
    Defaults.set(spec, "enableServiceLinks", true);
    if (spec.path("terminationGracePeriodSeconds").asLong(0) < 0) {
      spec.put("terminationGracePeriodSeconds", 1L);
    }
    boolean hostNetwork = spec.path("hostNetwork").asBoolean();
    for (String list : List.of("initContainers", "containers")) {
      for (JsonNode each : spec.path(list)) {
        if (each instanceof ObjectNode container) {
          requests(container);
          for (JsonNode port : container.path("ports")) {
            if (hostNetwork && port instanceof ObjectNode object) {
              Defaults.set(object, "hostPort", port.path("containerPort").asInt());
            }
          }
        }
      }
    }
    if (spec.get("resources") instanceof ObjectNode resources) {
      ofWhole(spec, resources);
    }
  }

  /// What a pod as a whole leaves unsaid when it says something: huge pages are what its containers
  /// may have, and with a limit requests are what they ask for, or the limit.
  private static void ofWhole(ObjectNode spec, ObjectNode resources) {
    boolean limited = !resources.path("limits").isEmpty();
    if (!limited && resources.path("requests").isEmpty()) {
      return;
    }
    PodAmounts.of(spec, "limits")
        .forEach(
            (name, amount) -> {
              if (name.startsWith(PodAmounts.PAGES)) {
                Defaults.set(resources.withObjectProperty("limits"), name, amount.toString());
              }
            });
    if (resources.path("limits").isEmpty()) {
      return;
    }
    if (limited) {
      PodAmounts.of(spec, "requests")
          .forEach(
              (name, amount) -> {
                if (PodAmounts.isOfPods(name)) {
                  Defaults.set(resources.withObjectProperty("requests"), name, amount.toString());
                }
              });
    }
    for (Map.Entry<String, JsonNode> limit : resources.path("limits").properties()) {
      if (PodAmounts.isOfPods(limit.getKey())) {
        Defaults.set(
            resources.withObjectProperty("requests"), limit.getKey(), limit.getValue().asText());
      }
    }
  }

  private static void requests(ObjectNode container) {
    if (!(container.get("resources") instanceof ObjectNode resources)) {
      return;
    }
    for (Map.Entry<String, JsonNode> limit : resources.path("limits").properties()) {
      ObjectNode requests = resources.withObjectProperty("requests");
      if (!requests.has(limit.getKey())) {
        requests.set(limit.getKey(), limit.getValue());
      }
    }
  }
}
