// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Tokens that lie in Secrets, seen through the API.
@Havn
class TokensTest {
  private static void account(KubernetesClient client) {
    client
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withName("robot")
                .withNamespace("default")
                .endMetadata()
                .build())
        .create();
  }

  private static Secret tokenSecret(String name) {
    return new SecretBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .addToAnnotations("kubernetes.io/service-account.name", "robot")
        .endMetadata()
        .withType("kubernetes.io/service-account-token")
        .build();
  }

  private static Secret secret(KubernetesClient client, String name) {
    return client.secrets().inNamespace("default").withName(name).get();
  }

  private static String token(Secret secret) {
    byte[] bytes = Base64.getDecoder().decode(secret.getData().get("token"));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private static TokenReview review(KubernetesClient client, String token) {
    return client
        .resource(new TokenReviewBuilder().withNewSpec().withToken(token).endSpec().build())
        .create();
  }

  @Test
  void aSecretGetsTheTokenOfItsAccountAndGoesWithIt(KubernetesClient client, Cluster cluster) {
    account(client);
    client.resource(tokenSecret("key")).create();
    cluster.settle();
    Secret filled = secret(client, "key");
    assertThat(filled.getData()).containsOnlyKeys("ca.crt", "namespace", "token");
    assertThat(filled.getMetadata().getAnnotations())
        .containsKey("kubernetes.io/service-account.uid");
    TokenReview good = review(client, token(filled));
    assertThat(good.getStatus().getAuthenticated()).isTrue();
    assertThat(good.getStatus().getUser().getUsername())
        .isEqualTo("system:serviceaccount:default:robot");
    cluster.settle();
    assertThat(secret(client, "key").getMetadata().getLabels())
        .containsKey("kubernetes.io/legacy-token-last-used");
    client.serviceAccounts().inNamespace("default").withName("robot").delete();
    cluster.settle();
    assertThat(secret(client, "key")).isNull();
    assertThat(review(client, token(filled)).getStatus().getError())
        .isEqualTo("[invalid bearer token, Token has been invalidated]");
  }

  @Test
  void aTokenIsRevokedWithItsSecretOrWithWhatTheSecretHolds(
      KubernetesClient client, Cluster cluster) {
    account(client);
    client.resource(tokenSecret("key")).create();
    client.resource(tokenSecret("other")).create();
    cluster.settle();
    String token = token(secret(client, "key"));
    client.secrets().inNamespace("default").withName("key").delete();
    assertThat(review(client, token).getStatus().getError())
        .endsWith("Token has been invalidated]");
    String other = token(secret(client, "other"));
    client
        .secrets()
        .inNamespace("default")
        .withName("other")
        .edit(each -> new SecretBuilder(each).removeFromData("token").build());
    assertThat(review(client, other).getStatus().getError())
        .endsWith("Token does not match server's copy]");
    cluster.settle();
    assertThat(secret(client, "other").getData()).containsKey("token");
  }

  @Test
  void aSecretOfAnAccountThatIsNotThereGoes(KubernetesClient client, Cluster cluster) {
    client.resource(tokenSecret("key")).create();
    cluster.settle();
    assertThat(secret(client, "key")).isNull();
  }

  private static void bootstrapToken(KubernetesClient client, String expiration) {
    client
        .resource(
            new SecretBuilder()
                .withNewMetadata()
                .withName("bootstrap-token-abcdef")
                .withNamespace("kube-system")
                .endMetadata()
                .withType("bootstrap.kubernetes.io/token")
                .withStringData(
                    Map.of(
                        "token-id", "abcdef",
                        "token-secret", "0123456789abcdef",
                        "usage-bootstrap-signing", "true",
                        "expiration", expiration))
                .build())
        .create();
  }

  private static ConfigMap clusterInfo(KubernetesClient client) {
    return client.configMaps().inNamespace("kube-public").withName("cluster-info").get();
  }

  /// The signature was made by kube-controller-manager 1.36 for the same content and token.
  @Test
  void whoHasABootstrapTokenCanTellThatTheClusterInfoIsGenuine(
      KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("cluster-info")
                .withNamespace("kube-public")
                .endMetadata()
                .withData(Map.of("kubeconfig", "content", "jws-kubeconfig-fedcba", "old"))
                .build())
        .create();
    bootstrapToken(client, cluster.time().now().plus(Duration.ofHours(1)).toString());
    cluster.settle();
    assertThat(clusterInfo(client).getData())
        .containsOnlyKeys("kubeconfig", "jws-kubeconfig-abcdef")
        .containsEntry(
            "jws-kubeconfig-abcdef",
            "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..psz1NayrXM3IaFzKZGsb5n_mBl7MjtlsZ1xE8MRmF_4");
    cluster.time().advance(Duration.ofHours(1));
    cluster.settle();
    assertThat(client.secrets().inNamespace("kube-system").withName("bootstrap-token-abcdef").get())
        .isNull();
    assertThat(clusterInfo(client).getData()).containsOnlyKeys("kubeconfig");
  }

  private static void list(KubernetesClient client, String... secrets) {
    client
        .serviceAccounts()
        .inNamespace("default")
        .withName("robot")
        .edit(
            account -> {
              account.setSecrets(
                  Stream.of(secrets)
                      .map(name -> new ObjectReferenceBuilder().withName(name).build())
                      .toList());
              return account;
            });
  }

  private static List<String> listed(KubernetesClient client) {
    return client
        .serviceAccounts()
        .inNamespace("default")
        .withName("robot")
        .get()
        .getSecrets()
        .stream()
        .map(ObjectReference::getName)
        .toList();
  }

  @Test
  void anAccountDoesNotListASecretThatIsGone(KubernetesClient client, Cluster cluster) {
    account(client);
    client.resource(tokenSecret("key")).create();
    client.resource(tokenSecret("other")).create();
    list(client, "key", "other");
    cluster.settle();
    client.secrets().inNamespace("default").withName("key").delete();
    cluster.settle();
    assertThat(listed(client)).containsExactly("other");
  }
}
