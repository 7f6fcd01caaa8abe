// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/// Defaults of a pod's spec, also inside templates.
final class PodDefaults {
  private static final int MODE_0644 = 420;

  private PodDefaults() {}

  static void apply(ObjectNode spec) {
    Defaults.set(spec, "dnsPolicy", "ClusterFirst");
    Defaults.set(spec, "restartPolicy", "Always");
    Defaults.set(spec, "terminationGracePeriodSeconds", 30);
    Defaults.set(spec, "schedulerName", "default-scheduler");
    if (!spec.has("securityContext")) {
      spec.putObject("securityContext");
    }
    if (spec.hasNonNull("serviceAccountName")) {
      spec.set("serviceAccount", spec.get("serviceAccountName"));
    } else if (spec.hasNonNull("serviceAccount")) {
      spec.set("serviceAccountName", spec.get("serviceAccount"));
    }
    boolean hostNetwork = spec.path("hostNetwork").asBoolean();
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      spec.path(list)
          .forEach(
              container -> {
                if (container instanceof ObjectNode object) {
                  container(object, hostNetwork, list.equals("ephemeralContainers"));
                }
              });
    }
    for (JsonNode volume : spec.path("volumes")) {
      if (volume instanceof ObjectNode object) {
        volume(object);
      }
    }
  }

  private static void container(ObjectNode container, boolean hostNetwork, boolean ephemeral) {
    String image = container.path("image").asText("");
    Defaults.set(container, "imagePullPolicy", isLatest(image) ? "Always" : "IfNotPresent");
    Defaults.set(container, "terminationMessagePath", "/dev/termination-log");
    Defaults.set(container, "terminationMessagePolicy", "File");
    if (!container.has("resources")) {
      container.putObject("resources");
    }
    resources(container);
    for (JsonNode each : container.path("ports")) {
      if (each instanceof ObjectNode port) {
        Defaults.set(port, "protocol", "TCP");
        if (hostNetwork) {
          Defaults.set(port, "hostPort", port.path("containerPort").asInt());
        }
      }
    }
    if (!ephemeral) {
      for (String probe : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
        if (container.get(probe) instanceof ObjectNode object) {
          probe(object);
        }
      }
    }
    for (String hook : List.of("postStart", "preStop")) {
      if (container.path("lifecycle").path(hook).get("httpGet") instanceof ObjectNode get) {
        httpGet(get);
      }
    }
    for (JsonNode variable : container.path("env")) {
      if (variable.path("valueFrom").get("fieldRef") instanceof ObjectNode field) {
        Defaults.set(field, "apiVersion", "v1");
      }
    }
  }

  /// A limit without a request is a request too.
  private static void resources(ObjectNode container) {
    ObjectNode resources = container.withObjectProperty("resources");
    for (Map.Entry<String, JsonNode> limit : resources.path("limits").properties()) {
      ObjectNode requests = resources.withObjectProperty("requests");
      if (!requests.has(limit.getKey())) {
        requests.set(limit.getKey(), limit.getValue());
      }
    }
  }

  private static boolean isLatest(String image) {
    if (image.contains("@")) {
      return false;
    }
    String name = image.substring(image.lastIndexOf('/') + 1);
    return !name.contains(":") || name.endsWith(":latest");
  }

  private static void probe(ObjectNode probe) {
    Defaults.set(probe, "timeoutSeconds", 1);
    Defaults.set(probe, "periodSeconds", 10);
    Defaults.set(probe, "successThreshold", 1);
    Defaults.set(probe, "failureThreshold", 3);
    if (probe.get("httpGet") instanceof ObjectNode get) {
      httpGet(get);
    }
    if (probe.get("grpc") instanceof ObjectNode grpc) {
      Defaults.set(grpc, "service", "");
    }
  }

  private static void httpGet(ObjectNode get) {
    Defaults.set(get, "path", "/");
    Defaults.set(get, "scheme", "HTTP");
  }

  private static void volume(ObjectNode volume) {
    if (volume.size() == 1 && volume.has("name")) {
      volume.putObject("emptyDir");
    }
    for (String source : List.of("secret", "configMap", "downwardAPI", "projected")) {
      if (volume.get(source) instanceof ObjectNode object) {
        Defaults.set(object, "defaultMode", MODE_0644);
      }
    }
    if (volume.get("hostPath") instanceof ObjectNode path) {
      Defaults.set(path, "type", "");
    }
    downward(volume.path("downwardAPI"));
    for (JsonNode source : volume.path("projected").path("sources")) {
      downward(source.path("downwardAPI"));
      if (source.get("serviceAccountToken") instanceof ObjectNode token) {
        Defaults.set(token, "expirationSeconds", 3_600);
      }
    }
  }

  private static void downward(JsonNode source) {
    for (JsonNode item : source.path("items")) {
      if (item.get("fieldRef") instanceof ObjectNode field) {
        Defaults.set(field, "apiVersion", "v1");
      }
    }
  }
}
