// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The plugin ServiceAccount: each pod gets an account, its token and its secrets for pulling;
/// where an account says so, a pod gets no other secrets than the account's own.
public final class ServiceAccounts implements Admission {
  private static final int TOKEN_SECONDS = 3_607;
  private static final int MODE_0644 = 420;
  private static final String TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
  private static final String SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

  private final Objects objects;
  private final RandomGenerator random;

  public ServiceAccounts(Objects objects, RandomGenerator random) {
    this.objects = objects;
    this.random = random;
  }

  @Override
  public void admit(Write write) {
    if (write.operation() != Operation.CREATE
        || !write.isOf("", "pods")
        || !(write.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    if (isMirror(write)) {
      SecretReferences.checkMirror(write);
      return;
    }
    String name = spec.path("serviceAccountName").asText("");
    if (name.isEmpty()) {
      name = "default";
      spec.put("serviceAccountName", name);
    }
    spec.put("serviceAccount", name);
    ObjectNode account = account(write, name);
    boolean mounts =
        spec.has("automountServiceAccountToken")
            ? spec.path("automountServiceAccountToken").asBoolean()
            : account.path("automountServiceAccountToken").asBoolean(true);
    if (mounts) {
      mountToken(spec);
    }
    if (spec.path("imagePullSecrets").isEmpty() && !account.path("imagePullSecrets").isEmpty()) {
      spec.set("imagePullSecrets", account.get("imagePullSecrets").deepCopy());
    }
    SecretReferences.check(write, account);
  }

  @Override
  public void validate(Write write) {
    if (!write.type().builtinKind().equals("Pod") || !write.type().group().isEmpty()) {
      return;
    }
    boolean ephemeral =
        write.operation() == Operation.UPDATE && write.subresource().equals("ephemeralcontainers");
    boolean created = write.operation() == Operation.CREATE && write.subresource().isEmpty();
    if (created && isMirror(write)) {
      SecretReferences.checkMirror(write);
    } else if (created || ephemeral) {
      String name = write.object().path("spec").path("serviceAccountName").asText("");
      if (name.isEmpty()) {
        throw ApiException.forbidden(
            write.type(),
            write.name(),
            "no service account specified for pod %s/%s"
                .formatted(write.namespace(), write.object().at("/metadata/name").asText("")));
      }
      ObjectNode account = account(write, name);
      if (ephemeral) {
        SecretReferences.checkEphemeral(write, account);
      } else {
        SecretReferences.check(write, account);
      }
    }
  }

  private static boolean isMirror(Write write) {
    return write.object().path("metadata").path("annotations").has("kubernetes.io/config.mirror");
  }

  private ObjectNode account(Write write, String name) {
    String problem = problemInPath(name);
    if (!problem.isEmpty()) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "error looking up service account %s/%s: invalid resource name \"%s\": [%s]"
              .formatted(write.namespace(), name, name, problem));
    }
    @Nullable ObjectNode account = objects.read("v1", "serviceaccounts", write.namespace(), name);
    if (account == null) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "error looking up service account %s/%s: serviceaccount \"%s\" not found"
              .formatted(write.namespace(), name, name));
    }
    return account;
  }

  /// Why a name cannot be asked for by a path; empty when it can.
  private static String problemInPath(String name) {
    if (name.equals(".") || name.equals("..")) {
      return "may not be '" + name + "'";
    }
    return Stream.of("/", "%")
        .filter(name::contains)
        .map(each -> "may not contain '" + each + "'")
        .collect(Collectors.joining(" "));
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
}
