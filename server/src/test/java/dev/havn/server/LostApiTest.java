// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Request;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The door of a node whose API server refuses all that the node asks it.
class LostApiTest {
  private static final UserInfo USER = new UserInfo("reader", List.of());

  private final EmbeddedCluster cluster = EmbeddedCluster.start(1);
  private final RefusingApi refusing = new RefusingApi(cluster, _ -> true);

  @AfterEach
  void close() {
    refusing.close();
    cluster.close();
  }

  /// @param asksUser whether the API is to say who asks
  /// @param asksRights whether it is to say what they may
  private DoorAccess access(boolean asksUser, boolean asksRights) {
    return new DoorAccess() {
      @Override
      public Optional<UserInfo> user(Request request) {
        return asksUser ? Optional.of(ask(USER)) : Optional.of(USER);
      }

      @Override
      public boolean allows(UserInfo user, String verb, String node, List<String> subresources) {
        return asksRights ? ask(false) : true;
      }

      private <T> T ask(T answer) {
        refusing.api().get("/version");
        return answer;
      }
    };
  }

  private void answers(DoorAccess access, String words) {
    KubeletPages pages = new KubeletPages("n", refusing.api(), null, null, null, cluster.now());
    KubeletDoor door = new KubeletDoor("n", access, pages);
    try (KubernetesClient client = RefusingApi.client(cluster, door)) {
      assertThatThrownBy(() -> new Api(client).get("/pods"))
          .isInstanceOf(Api.RefusedException.class)
          .hasMessageStartingWith("GET /pods gave " + words);
    }
  }

  @Test
  void whoAsksIsKnownToNobody() {
    answers(access(true, false), "401: Unauthorized");
  }

  @Test
  void whatUsersMayIsNotKnown() {
    answers(
        access(false, true),
        "500: Authorization error (user=reader, verb=get, resource=nodes, subresource=pods)");
  }

  @Test
  void whichPodsThereAreIsNotKnown() {
    answers(
        access(false, false),
        "500: the API server does not say which pods are here: GET"
            + " /api/v1/pods?fieldSelector=spec.nodeName%3Dn gave 422");
  }
}
