// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What counts for a while of what the API says, and what does not.
class ReviewedAccessTest {
  private static final String ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts";
  private static final String ROLES = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
  private static final UserInfo READER =
      new UserInfo("system:serviceaccount:default:reader", List.of());

  private EmbeddedCluster cluster;
  private RefusingApi api;
  private boolean refuses;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    api = new RefusingApi(cluster, _ -> refuses);
  }

  @AfterEach
  void close() {
    api.close();
    cluster.close();
  }

  private ReviewedAccess access(Duration remembered) {
    return new ReviewedAccess(
        api.api(), new ClientCertificates(List.of(), cluster.time()), remembered, cluster.time());
  }

  private static Optional<String> who(ReviewedAccess access, String token) {
    return access.user(DoorRequest.withToken(token, "192.0.2.1")).map(UserInfo::name);
  }

  private static boolean mayRead(ReviewedAccess access) {
    return access.allowsPath(READER, "get", "/metrics");
  }

  private long reviews(String resource) {
    return api.asked().stream().filter(each -> each.endsWith("/" + resource)).count();
  }

  private void letRead() {
    KubernetesClient admin = cluster.client();
    admin.raw(
        ROLES,
        "POST",
        "{\"metadata\":{\"name\":\"m\"},\"rules\":[{\"nonResourceURLs\":[\"/metrics\"],\"verbs\":[\"get\"]}]}");
    admin.raw(
        ROLES.replace("clusterroles", "clusterrolebindings"),
        "POST",
        "{\"metadata\":{\"name\":\"m\"},\"subjects\":[{\"kind\":\"User\",\"apiGroup\":\"rbac.authorization.k8s.io\",\"name\":\"%s\"}],\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"m\"}}"
            .formatted(READER.name()));
    cluster.settle();
  }

  @Test
  void whatSomebodyMayCountsForTenSeconds() {
    ReviewedAccess access = access(SchedulerDoor.ANSWERS_COUNT_FOR);
    assertThat(mayRead(access)).isFalse();
    letRead();
    cluster.jump(Duration.ofMillis(9_999));
    assertThat(mayRead(access)).as("what was said before").isFalse();
    assertThat(reviews("subjectaccessreviews")).isEqualTo(1);
    cluster.jump(Duration.ofMillis(1));
    assertThat(mayRead(access)).isTrue();
    assertThat(mayRead(access)).isTrue();
    assertThat(reviews("subjectaccessreviews")).isEqualTo(2);
    assertThat(access.allowsPath(READER, "get", "/other")).as("another question").isFalse();
  }

  @Test
  void whomATokenNamesCountsForTenSecondsAndWhatIsNoTokenForTwo() throws IOException {
    KubernetesClient admin = cluster.client();
    admin.raw(ACCOUNTS, "POST", "{\"metadata\":{\"name\":\"reader\"}}");
    String token =
        new ObjectMapper()
            .readTree(admin.raw(ACCOUNTS + "/reader/token", "POST", "{}"))
            .at("/status/token")
            .asText();
    ReviewedAccess access = access(SchedulerDoor.ANSWERS_COUNT_FOR);
    assertThat(who(access, token)).contains(READER.name());
    assertThat(who(access, token)).contains(READER.name());
    assertThat(reviews("tokenreviews")).isEqualTo(1);
    admin.serviceAccounts().inNamespace("default").withName("reader").delete();
    cluster.settle();
    assertThat(who(access, token)).contains(READER.name());
    cluster.jump(Duration.ofSeconds(10));
    assertThat(who(access, token)).isEmpty();
    assertThat(reviews("tokenreviews")).isEqualTo(2);
    assertThat(who(access, "made-up")).isEmpty();
    assertThat(who(access, "made-up")).isEmpty();
    assertThat(reviews("tokenreviews")).isEqualTo(3);
    cluster.jump(ReviewedAccess.REFUSALS_COUNT_FOR);
    assertThat(who(access, "made-up")).isEmpty();
    assertThat(reviews("tokenreviews")).as("the API said why, not that nobody has it").isEqualTo(4);
  }

  @Test
  void aFailureDoesNotCount() {
    letRead();
    ReviewedAccess access = access(SchedulerDoor.ANSWERS_COUNT_FOR);
    refuses = true;
    assertThatThrownBy(() -> mayRead(access)).isInstanceOf(Api.RefusedException.class);
    refuses = false;
    assertThat(mayRead(access)).isTrue();
  }

  @Test
  void whoRemembersNothingAsksEachTime() {
    ReviewedAccess access = access(Duration.ZERO);
    assertThat(mayRead(access)).isFalse();
    letRead();
    assertThat(mayRead(access)).isTrue();
  }
}
