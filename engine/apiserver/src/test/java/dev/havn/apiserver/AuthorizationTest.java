// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Who may do what, by roles and bindings.
class AuthorizationTest {
  private static final String RBAC = "/apis/rbac.authorization.k8s.io/v1";
  private static final String PODS = "/api/v1/namespaces/default/pods";

  private final TestApi api = new TestApi();

  private int listPods(String user) {
    return api.ask("GET", PODS).asUser(user).send().status();
  }

  private void role(String rules) {
    api.post(
        RBAC + "/namespaces/default/roles",
        "{\"metadata\":{\"name\":\"reader\"},\"rules\":" + rules + "}");
    api.post(
        RBAC + "/namespaces/default/rolebindings",
        "{\"metadata\":{\"name\":\"reader\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"reader\"},"
            + "\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"ann\"}]}");
  }

  @Test
  void aBindingAllowsInItsNamespaceUntilItGoes() {
    assertThat(listPods("ann")).isEqualTo(403);
    role("[{\"verbs\":[\"list\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]");
    assertThat(listPods("ann")).isEqualTo(200);
    assertThat(listPods("bob")).isEqualTo(403);
    assertThat(api.ask("GET", "/api/v1/namespaces/kube-system/pods").asUser("ann").send().status())
        .isEqualTo(403);
    api.delete(RBAC + "/namespaces/default/rolebindings/reader");
    assertThat(listPods("ann")).isEqualTo(403);
  }

  @Test
  void aRuleForNamesHoldsForThoseOnly() {
    role(
        "[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"configmaps\"],\"resourceNames\":[\"mine\"]}]");
    String maps = "/api/v1/namespaces/default/configmaps/";
    assertThat(api.ask("GET", maps + "mine").asUser("ann").send().status()).isEqualTo(404);
    assertThat(api.ask("GET", maps + "other").asUser("ann").send().status()).isEqualTo(403);
  }

  @Test
  void aWebSocketIntoAPodNeedsCreateToo() {
    role("[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods/exec\"]}]");
    TestApi.Answer exec = api.ask("GET", PODS + "/a/exec?command=id").asUser("ann").send();
    assertThat(exec.status()).isEqualTo(403);
    assertThat(exec.message())
        .isEqualTo(
            "pods \"a\" is forbidden: User \"ann\" cannot create resource \"pods/exec\" in API group \"\" in the namespace \"default\"");
  }

  @Test
  void getAndCreateLetAWebSocketIntoAPod() {
    role("[{\"verbs\":[\"get\",\"create\"],\"apiGroups\":[\"\"],\"resources\":[\"pods/exec\"]}]");
    assertThat(api.ask("GET", PODS + "/a/exec?command=id").asUser("ann").send().status())
        .isEqualTo(404);
  }

  @Test
  void aSubresourceNeedsItsOwnRule() {
    role("[{\"verbs\":[\"get\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]");
    assertThat(api.ask("GET", PODS + "/a").asUser("ann").send().status()).isEqualTo(404);
    TestApi.Answer log = api.ask("GET", PODS + "/a/log").asUser("ann").send();
    assertThat(log.status()).isEqualTo(403);
    assertThat(log.message())
        .isEqualTo(
            "pods \"a\" is forbidden: User \"ann\" cannot get resource \"pods/log\" in API group \"\" in the namespace \"default\"");
  }

  @Test
  void aPathIsForbiddenByItsName() {
    TestApi.Answer answer = api.ask("GET", "/metrics").asUser("eve").send();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message()).isEqualTo("forbidden: User \"eve\" cannot get path \"/metrics\"");
  }

  @Test
  void aResourceThatNobodyServesIsForbiddenByItsName() {
    TestApi.Answer answer = api.ask("GET", "/apis/foo/v1/bars").asUser("eve").send();
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.message())
        .isEqualTo(
            "bars.foo is forbidden: User \"eve\" cannot list resource \"bars\" in API group \"foo\" at the cluster scope");
  }

  @Test
  void aReviewAnswersForOneself() {
    role("[{\"verbs\":[\"list\"],\"apiGroups\":[\"\"],\"resources\":[\"pods\"]}]");
    String wish =
        "{\"spec\":{\"resourceAttributes\":{\"namespace\":\"default\",\"verb\":\"%s\",\"resource\":\"pods\"}}}";
    String reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    assertThat(
            api.ask("POST", reviews)
                .asUser("ann", "system:authenticated")
                .body(wish.formatted("list"))
                .send()
                .json()
                .path("status")
                .path("allowed")
                .asBoolean())
        .isTrue();
    assertThat(
            api.ask("POST", reviews)
                .asUser("ann", "system:authenticated")
                .body(wish.formatted("delete"))
                .send()
                .json()
                .path("status")
                .path("allowed")
                .asBoolean())
        .isFalse();
  }
}
