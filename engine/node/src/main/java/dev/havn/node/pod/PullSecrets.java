// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.credential.Credential;
import dev.havn.node.credential.DockerConfig;
import dev.havn.node.credential.Keyring;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/// The credentials for registries that a pod brings: the Secrets that its `imagePullSecrets` name,
/// among which the API server has put those of its service account.
record PullSecrets(PodApi api) {

  /// @param missing names of Secrets that are not there
  record Found(Keyring keyring, List<String> missing) {}

  /// @throws IOException when a Secret is not what its type says
  Found of(Pod pod) throws IOException {
    Keyring keyring = Keyring.EMPTY;
    List<String> missing = new ArrayList<>();
    for (LocalObjectReference each : pod.getSpec().getImagePullSecrets()) {
      if (each.getName() == null || each.getName().isEmpty()) {
        continue;
      }
      Optional<JsonNode> secret =
          api.find(
              "/api/v1/namespaces/"
                  + pod.getMetadata().getNamespace()
                  + "/secrets/"
                  + each.getName());
      if (secret.isEmpty()) {
        missing.add(each.getName());
      } else {
        keyring = keyring.and(keyring(secret.get()));
      }
    }
    return new Found(keyring, missing);
  }

  private static Keyring keyring(JsonNode secret) throws IOException {
    JsonNode metadata = secret.path("metadata");
    Credential.Source source =
        new Credential.Source(
            metadata.path("namespace").asText(),
            metadata.path("name").asText(),
            metadata.path("uid").asText());
    try {
      return switch (secret.path("type").asText()) {
        case "kubernetes.io/dockerconfigjson" ->
            DockerConfig.read(bytes(secret, ".dockerconfigjson"), source);
        case "kubernetes.io/dockercfg" -> DockerConfig.readOld(bytes(secret, ".dockercfg"), source);
        default -> Keyring.EMPTY;
      };
    } catch (IOException e) {
      throw new IOException("secret " + source.name() + ": " + e.getMessage(), e);
    }
  }

  private static byte[] bytes(JsonNode secret, String key) throws IOException {
    try {
      return Base64.getDecoder().decode(secret.path("data").path(key).asText("e30="));
    } catch (IllegalArgumentException e) {
      throw new IOException(key + " is no base64", e);
    }
  }
}
