// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.Health;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.resource.ApiException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// How much strangers at the doors of schedulers and nodes can make the API server work.
class SchedulerDoorTest {
  private static final UserInfo READER = new UserInfo("reader", List.of());
  private static final String BUSY =
      "429 the API server is asked about too many tokens and rights now, please try again later";

  private static ReviewedAccess access(RefusingApi api, EmbeddedCluster cluster) {
    return new ReviewedAccess(
        api.api(),
        new ClientCertificates(List.of(), cluster.time()),
        Duration.ofSeconds(10),
        cluster.time());
  }

  @Test
  void onlyPathsThatAreServedAreAskedAbout() {
    Health health = new Health(Map.of("readyz", List.of(new Health.Check("ping", () -> true))));
    for (String path : List.of("/metrics", "/metrics/slis", "/readyz", "/readyz/ping")) {
      assertThat(SchedulerDoor.serves(health, path)).as(path).isTrue();
    }
    for (String path : List.of("/", "/metrics/", "/random", "/readyz/random", "/readyz/ping/")) {
      assertThat(SchedulerDoor.serves(health, path)).as(path).isFalse();
    }
  }

  /// Each question comes while those before it are not answered.
  @Test
  void noMoreQuestionsAreAskedAtATimeThanThereArePlaces() {
    List<String> refused = new ArrayList<>();
    AtomicReference<ReviewedAccess> asked = new AtomicReference<>();
    List<String> reviews = new ArrayList<>();
    try (EmbeddedCluster cluster = EmbeddedCluster.start(1);
        RefusingApi api =
            new RefusingApi(
                cluster,
                each -> {
                  if (!each.endsWith("/subjectaccessreviews")
                      || reviews.size() > ReviewPlaces.ALL) {
                    return false;
                  }
                  reviews.add(each);
                  try {
                    UserInfo another = new UserInfo("reader-" + reviews.size(), List.of());
                    asked.get().allowsPath(another, "get", "/metrics");
                  } catch (ApiException e) {
                    refused.add(e.code() + " " + e.getMessage());
                  }
                  return false;
                })) {
      asked.set(access(api, cluster));
      assertThat(asked.get().allowsPath(READER, "get", "/metrics")).isFalse();
      assertThat(reviews).hasSize(ReviewPlaces.ALL);
      assertThat(refused).containsExactly(BUSY);
      assertThat(asked.get().allowsPath(READER, "get", "/later")).isFalse();
    }
  }

  @Test
  void aNodeTellsThatTooManyAsk() {
    ApiException busy = ApiException.tooManyRequests("later", 1);
    assertThatThrownBy(() -> KubeletDoor.requireTime(busy)).isSameAs(busy);
    KubeletDoor.requireTime(ApiException.ofCode(500, "the API server does not answer"));
  }
}
