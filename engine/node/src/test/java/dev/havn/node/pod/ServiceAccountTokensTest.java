// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjection;
import io.fabric8.kubernetes.api.model.ServiceAccountTokenProjectionBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ServiceAccountTokensTest {
  private final AtomicInteger number = new AtomicInteger();
  private final TableApi api =
      new TableApi()
          .answering(
              () ->
                  GoldenPods.tree(
                      "status: {token: t%d, expirationTimestamp: \"%s\"}"
                          .formatted(number.incrementAndGet(), now().plusSeconds(1_000))));
  private final ServiceAccountTokens tokens = new ServiceAccountTokens(api, this::now);
  private final Pod pod =
      GoldenPods.pod(
          """
          metadata: {name: web, namespace: shop, uid: u1}
          spec: {serviceAccountName: seller}
          """);
  private Instant time = Instant.parse("2026-05-04T10:00:00Z");

  private Instant now() {
    return time;
  }

  private static ServiceAccountTokenProjection projection(String audience) {
    return new ServiceAccountTokenProjectionBuilder()
        .withAudience(audience)
        .withExpirationSeconds(1_000L)
        .withPath("token")
        .build();
  }

  @Test
  void areBoundToThePod() {
    tokens.of(pod, projection("shop"));

    assertThat(api.created())
        .containsExactly(
            "/api/v1/namespaces/shop/serviceaccounts/seller/token {\"kind\":\"TokenRequest\","
                + "\"apiVersion\":\"authentication.k8s.io/v1\",\"spec\":{\"expirationSeconds\":1000,"
                + "\"audiences\":[\"shop\"],\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
                + "\"name\":\"web\",\"uid\":\"u1\"}}}");
  }

  @Test
  void areKeptForFourFifthsOfTheirTime() {
    assertThat(tokens.of(pod, projection(""))).isEqualTo("t1");
    time = time.plus(Duration.ofSeconds(799));
    assertThat(tokens.of(pod, projection(""))).isEqualTo("t1");
    time = time.plus(Duration.ofSeconds(1));
    assertThat(tokens.of(pod, projection(""))).isEqualTo("t2");
  }

  @Test
  void differByAudienceAndAreForgottenWithThePod() {
    assertThat(tokens.of(pod, projection("one"))).isEqualTo("t1");
    assertThat(tokens.of(pod, projection("two"))).isEqualTo("t2");
    tokens.forget("u1");
    assertThat(tokens.of(pod, projection("one"))).isEqualTo("t3");
  }
}
