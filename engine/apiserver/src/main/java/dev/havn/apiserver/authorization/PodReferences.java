// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a pod makes its node read.
final class PodReferences {
  private static final List<String> CONTAINERS =
      List.of("initContainers", "containers", "ephemeralContainers");

  private final String namespace;
  private final Set<Reference> found = new HashSet<>();

  /// @param resource plural
  record Reference(String resource, String namespace, String name) {}

  private PodReferences(String namespace) {
    this.namespace = namespace;
  }

  /// The pod itself too. A mirror pod is what the node says it is: it leads to nothing.
  static Set<Reference> of(JsonNode pod) {
    JsonNode metadata = pod.path("metadata");
    PodReferences references = new PodReferences(metadata.path("namespace").asText());
    references.add("pods", metadata.path("name"));
    if (!metadata.path("annotations").has("kubernetes.io/config.mirror")) {
      references.spec(pod.path("spec"), metadata.path("name").asText());
      for (JsonNode each : pod.path("status").path("resourceClaimStatuses")) {
        references.add("resourceclaims", each.path("resourceClaimName"));
      }
      JsonNode extended = pod.path("status").path("extendedResourceClaimStatus");
      references.add("resourceclaims", extended.path("resourceClaimName"));
    }
    return references.found;
  }

  private void add(String resource, JsonNode name) {
    String text = name.asText("");
    if (!text.isEmpty()) {
      found.add(new Reference(resource, namespace, text));
    }
  }

  private void spec(JsonNode spec, String pod) {
    add("serviceaccounts", spec.path("serviceAccountName"));
    spec.path("imagePullSecrets").forEach(each -> add("secrets", each.path("name")));
    for (JsonNode each : spec.path("resourceClaims")) {
      add("resourceclaims", each.path("resourceClaimName"));
    }
    for (String list : CONTAINERS) {
      spec.path(list).forEach(this::container);
    }
    for (JsonNode volume : spec.path("volumes")) {
      volume(volume, pod);
    }
  }

  private void container(JsonNode container) {
    for (JsonNode source : container.path("envFrom")) {
      add("configmaps", source.path("configMapRef").path("name"));
      add("secrets", source.path("secretRef").path("name"));
    }
    for (JsonNode variable : container.path("env")) {
      JsonNode from = variable.path("valueFrom");
      add("configmaps", from.path("configMapKeyRef").path("name"));
      add("secrets", from.path("secretKeyRef").path("name"));
    }
  }

  private void volume(JsonNode volume, String pod) {
    add("secrets", volume.path("secret").path("secretName"));
    add("configmaps", volume.path("configMap").path("name"));
    add("persistentvolumeclaims", volume.path("persistentVolumeClaim").path("claimName"));
    if (volume.has("ephemeral")) {
      found.add(
          new Reference(
              "persistentvolumeclaims", namespace, pod + "-" + volume.path("name").asText()));
    }
    for (JsonNode source : volume.path("projected").path("sources")) {
      add("secrets", source.path("secret").path("name"));
      add("configmaps", source.path("configMap").path("name"));
    }
    add("secrets", volume.path("csi").path("nodePublishSecretRef").path("name"));
    add("secrets", volume.path("azureFile").path("secretName"));
    for (String driver : List.of("cephfs", "rbd", "iscsi", "scaleIO", "flexVolume", "storageos")) {
      add("secrets", volume.path(driver).path("secretRef").path("name"));
    }
  }
}
