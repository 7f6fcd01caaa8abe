// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.tokens.LegacyTokens;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Tokens in Secrets over the years.
class LegacyTokensTest {
  private EmbeddedCluster cluster;
  private LegacyTokens cleaner;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    Api api = new Api(cluster.client());
    Informers informers = new Informers(api, cluster.time());
    cleaner =
        new LegacyTokens(
            informers.of(
                Secret.class, "&fieldSelector=type%3Dkubernetes.io%2Fservice-account-token"),
            informers.of(ServiceAccount.class),
            api,
            api,
            cluster.time());
  }

  /// As each day.
  private void look() {
    cluster.settle();
    cleaner.reconcile(LegacyTokens.ALL);
    cluster.settle();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void account(String... secrets) {
    cluster
        .client()
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withName("robot")
                .withNamespace("default")
                .endMetadata()
                .withSecrets(
                    Stream.of(secrets)
                        .map(name -> new ObjectReferenceBuilder().withName(name).build())
                        .toList())
                .build())
        .create();
  }

  private List<String> listed() {
    return cluster
        .client()
        .serviceAccounts()
        .inNamespace("default")
        .withName("robot")
        .get()
        .getSecrets()
        .stream()
        .map(ObjectReference::getName)
        .toList();
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

  private @Nullable Secret secret(String name) {
    return cluster.client().secrets().inNamespace("default").withName(name).get();
  }

  private Secret there(String name) {
    return Objects.requireNonNull(secret(name));
  }

  private static String token(Secret secret) {
    byte[] bytes = Base64.getDecoder().decode(secret.getData().get("token"));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private void review(String token) {
    cluster
        .client()
        .resource(new TokenReviewBuilder().withNewSpec().withToken(token).endSpec().build())
        .create();
  }

  private @Nullable String label(String secret, String label) {
    @Nullable Map<String, String> labels = there(secret).getMetadata().getLabels();
    return labels == null ? null : labels.get("kubernetes.io/legacy-token-" + label);
  }

  @Test
  void aListedTokenThatNobodyUsesForAYearIsInvalidAndGoesAfterAnother() {
    account("unused", "mounted", "used");
    for (String name : List.of("unused", "own", "mounted", "used")) {
      cluster.client().resource(tokenSecret(name)).create();
    }
    cluster
        .client()
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName("p")
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .addNewContainer()
                .withName("a")
                .withImage("example.com/a")
                .endContainer()
                .addNewVolume()
                .withName("v")
                .withNewSecret()
                .withSecretName("mounted")
                .endSecret()
                .endVolume()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    cluster.time().jump(Duration.ofDays(360));
    String token = token(there("used"));
    review(token);
    cluster.settle();
    assertThat(label("unused", "invalid-since")).isNull();
    cluster.time().jump(Duration.ofDays(11));
    look();
    assertThat(label("unused", "invalid-since")).isNotNull();
    for (String name : List.of("own", "mounted", "used")) {
      assertThat(label(name, "invalid-since")).as(name).isNull();
    }
    cluster.time().jump(Duration.ofDays(301));
    look();
    assertThat(secret("unused")).isNotNull();
    cluster.time().jump(Duration.ofDays(67));
    look();
    assertThat(secret("unused")).isNull();
    assertThat(secret("own")).isNotNull();
    assertThat(listed()).doesNotContain("unused");
  }
}
