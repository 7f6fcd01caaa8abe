// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.resource.ApiException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConcurrencyTest {
  private static final UserInfo ANN = new UserInfo("ann", List.of("system:authenticated"));
  private static final Credential CERTIFICATE = new Credential.Certificate(List.of());

  private final Concurrency concurrency =
      new Concurrency(new ConcurrencyLimits(2, 1, Duration.ofMillis(50)));

  private Concurrency.Place enter(String verb, String subresource, Credential who, UserInfo user) {
    RequestInfo info =
        new RequestInfo(verb, "", "v1", "default", "pods", "a", subresource, "", "/api/v1/pods");
    return concurrency.enter(Metrics.Asked.of(info, "GET"), info, who, user);
  }

  private Concurrency.Place enter(String verb) {
    return enter(verb, "", CERTIFICATE, ANN);
  }

  @Test
  void whatIsBeyondTheLimitIsToldToComeAgain() {
    enter("get");
    Concurrency.Place second = enter("list");
    assertThatThrownBy(() -> enter("get"))
        .isInstanceOfSatisfying(
            ApiException.class,
            refused -> {
              assertThat(refused.code()).isEqualTo(429);
              assertThat(refused.status().path("reason").asText()).isEqualTo("TooManyRequests");
              assertThat(refused.status().path("message").asText())
                  .isEqualTo("Too many requests, please try again later.");
              assertThat(refused.status().at("/details/retryAfterSeconds").asInt()).isEqualTo(1);
            });
    second.close();
    enter("get").close();
  }

  @Test
  void readsAndWritesAreCountedApart() {
    enter("create");
    enter("get");
    assertThatThrownBy(() -> enter("patch")).isInstanceOf(ApiException.class);
    enter("list").close();
  }

  @Test
  void whatLastsDoesNotCountAndWhoMendsThingsGetsThrough() {
    enter("create");
    enter("get");
    enter("get");
    enter("watch");
    enter("get", "log", CERTIFICATE, ANN);
    enter("create", "exec", CERTIFICATE, ANN);
    enter("get", "", CERTIFICATE, new UserInfo("root", List.of("system:masters")));
    enter("get", "", new Credential.Loopback("node", List.of()), ANN);
  }

  @Test
  void oneThatWaitsGetsThePlaceOfOneThatEnds() {
    Concurrency patient = new Concurrency(new ConcurrencyLimits(1, 1, Duration.ofSeconds(20)));
    RequestInfo info =
        new RequestInfo("get", "", "v1", "default", "pods", "a", "", "", "/api/v1/pods");
    Metrics.Asked asked = Metrics.Asked.of(info, "GET");
    Concurrency.Place first = patient.enter(asked, info, CERTIFICATE, ANN);
    Thread.startVirtualThread(first::close);
    patient.enter(asked, info, CERTIFICATE, ANN).close();
  }
}
