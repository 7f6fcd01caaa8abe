// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Which secrets a pod may use: those that its account names, where the account carries the
/// annotation that says so.
final class SecretReferences {
  private static final String ENFORCED = "kubernetes.io/enforce-mountable-secrets";
  private static final Set<String> TRUE = Set.of("1", "t", "T", "true", "TRUE", "True");

  /// The fields of a pod's specification by which it names secrets.
  private static final Set<String> REFERENCES =
      Set.of("secret", "secretRef", "secretKeyRef", "nodePublishSecretRef", "imagePullSecrets");

  private SecretReferences() {}

  private static ApiException refused(Write write, String why) {
    return ApiException.forbidden(write.type(), write.name(), why);
  }

  /// A pod that a node mirrors has no account and no secrets.
  static void checkMirror(Write write) {
    JsonNode spec = write.object().path("spec");
    if (!spec.path("serviceAccountName").asText("").isEmpty()) {
      throw refused(write, "a mirror pod may not reference service accounts");
    }
    if (hasSecrets(spec)) {
      throw refused(write, "a mirror pod may not reference secrets");
    }
    for (JsonNode volume : spec.path("volumes")) {
      for (JsonNode source : volume.path("projected").path("sources")) {
        if (source.has("serviceAccountToken")) {
          throw refused(write, "a mirror pod may not use ServiceAccountToken volume projections");
        }
      }
    }
  }

  /// Whether a pod reads a secret anywhere: for pulling, in its volumes, in its environment.
  private static boolean hasSecrets(JsonNode node) {
    if (node.isObject()) {
      for (Map.Entry<String, JsonNode> each : node.properties()) {
        if (REFERENCES.contains(each.getKey()) && !each.getValue().isEmpty()) {
          return true;
        }
      }
    }
    for (JsonNode each : node) {
      if (each.isContainerNode() && hasSecrets(each)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isEnforced(ObjectNode account) {
    String value = account.path("metadata").path("annotations").path(ENFORCED).asText("");
    return TRUE.contains(value);
  }

  private static Set<String> names(JsonNode references) {
    Set<String> names = new HashSet<>();
    references.forEach(each -> names.add(each.path("name").asText()));
    return names;
  }

  static void check(Write write, ObjectNode account) {
    if (!isEnforced(account)) {
      return;
    }
    JsonNode spec = write.object().path("spec");
    String owner = account.path("metadata").path("name").asText();
    Set<String> own = names(account.path("secrets"));
    for (JsonNode volume : spec.path("volumes")) {
      JsonNode secret = volume.path("secret").path("secretName");
      if (volume.has("secret") && !own.contains(secret.asText(""))) {
        throw refused(
            write,
            "volume with secret.secretName=\"%s\" is not allowed because service account %s does not reference that secret"
                .formatted(secret.asText(""), owner));
      }
    }
    environment(write, "init container", spec.path("initContainers"), own, owner);
    environment(write, "container", spec.path("containers"), own, owner);
    Set<String> pulling = names(account.path("imagePullSecrets"));
    List<JsonNode> wanted = spec.path("imagePullSecrets").valueStream().toList();
    for (int i = 0; i < wanted.size(); i++) {
      String name = wanted.get(i).path("name").asText("");
      if (!pulling.contains(name)) {
        throw refused(
            write,
            "imagePullSecrets[%d].name=\"%s\" is not allowed because service account %s does not reference that imagePullSecret"
                .formatted(i, name, owner));
      }
    }
  }

  static void checkEphemeral(Write write, ObjectNode account) {
    if (isEnforced(account)) {
      environment(
          write,
          "ephemeral container",
          write.object().path("spec").path("ephemeralContainers"),
          names(account.path("secrets")),
          account.path("metadata").path("name").asText());
    }
  }

  private static void environment(
      Write write, String what, JsonNode containers, Set<String> own, String owner) {
    for (JsonNode container : containers) {
      String named = what + " " + container.path("name").asText("");
      for (JsonNode variable : container.path("env")) {
        JsonNode reference = variable.path("valueFrom").path("secretKeyRef");
        String whose = named + " with envVar " + variable.path("name").asText("");
        reference(write, whose, reference, own, owner);
      }
      for (JsonNode all : container.path("envFrom")) {
        reference(write, named + " with envFrom", all.path("secretRef"), own, owner);
      }
    }
  }

  private static void reference(
      Write write, String whose, JsonNode reference, Set<String> own, String owner) {
    String name = reference.path("name").asText("");
    if (reference.isObject() && !own.contains(name)) {
      String why =
          "%s referencing secret.secretName=\"%s\" is not allowed because service account %s does not reference that secret"
              .formatted(whose, name, owner);
      // Of ephemeral containers Kubernetes names no pod and gives no reason.
      throw write.subresource().isEmpty() ? refused(write, why) : ApiException.unreasoned(why);
    }
  }
}
