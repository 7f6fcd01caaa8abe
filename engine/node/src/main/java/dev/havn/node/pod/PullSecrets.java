// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.havn.node.credential.Credential;
import dev.havn.node.credential.CredentialPlugin;
import dev.havn.node.credential.DockerConfig;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.PodAccount;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.LocalObjectReference;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The credentials for registries that a pod brings: the Secrets that its `imagePullSecrets` name,
/// among which the API server has put those of its service account, and what plugins give for that
/// account.
///
/// @param tokens of the account, for plugins
record PullSecrets(PodApi api, ServiceAccountTokens tokens, List<CredentialPlugin> plugins) {
  private static final Logger LOG = LoggerFactory.getLogger(PullSecrets.class);

  static PullSecrets of(PodReconciler.Settings node) {
    PodApi api = PodApi.of(node.api());
    return new PullSecrets(
        api, new ServiceAccountTokens(api, node.clock()), node.images().plugins());
  }

  /// @param missing names of Secrets that are not there
  record Found(Keyring keyring, List<String> missing) {}

  /// @throws IOException when a Secret is not what its type says
  Found of(Pod pod) throws IOException {
    Keyring keyring = Keyring.in(pod.getMetadata().getNamespace());
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
    if (!plugins.isEmpty()) {
      Account account = new Account(pod);
      keyring = keyring.and(name -> ofPlugins(name, account));
    }
    return new Found(keyring, missing);
  }

  private List<Credential> ofPlugins(String name, Account account) {
    List<Credential> all = new ArrayList<>();
    for (CredentialPlugin each : plugins) {
      try {
        all.addAll(each.of(name, account));
      } catch (Api.RefusedException e) {
        LOG.warn("no credential for {} by {}: {}", name, account, e.getMessage());
      }
    }
    return all;
  }

  /// A pod is no more.
  void forget(String uid) {
    tokens.forget(uid);
  }

  /// Of a pod; its object is asked for when somebody wants to know.
  private final class Account implements PodAccount {
    private final Pod pod;
    private @Nullable JsonNode known;

    Account(Pod pod) {
      this.pod = pod;
    }

    private synchronized JsonNode metadata() {
      if (known == null) {
        known =
            api.find("/api/v1/namespaces/" + namespace() + "/serviceaccounts/" + name())
                .map(each -> each.path("metadata"))
                .orElse(MissingNode.getInstance());
      }
      return known;
    }

    @Override
    public String namespace() {
      return pod.getMetadata().getNamespace();
    }

    @Override
    public String name() {
      return Objects.requireNonNullElse(pod.getSpec().getServiceAccountName(), "");
    }

    @Override
    public String uid() {
      return metadata().path("uid").asText("");
    }

    @Override
    public Map<String, String> annotations() {
      Map<String, String> all = new HashMap<>();
      metadata()
          .path("annotations")
          .properties()
          .forEach(each -> all.put(each.getKey(), each.getValue().asText()));
      return all;
    }

    @Override
    public String token(String audience) {
      return tokens.of(pod, audience, null).text();
    }

    @Override
    public String toString() {
      return namespace() + "/" + name();
    }
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
