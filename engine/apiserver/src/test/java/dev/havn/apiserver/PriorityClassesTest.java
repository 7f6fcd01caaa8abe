// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// The classes that every cluster has. The texts were compared with those of a kube-apiserver
/// 1.36.3.
class PriorityClassesTest {
  private static final String CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses";

  private final TestApi api = new TestApi();

  @Test
  void classesOfTheSystemStay() {
    for (String name : new String[] {"system-node-critical", "system-cluster-critical"}) {
      TestApi.Answer refused = api.delete(CLASSES + "/" + name);
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.message())
          .isEqualTo(
              "priorityclasses.scheduling.k8s.io \"%s\" is forbidden: this is a system priority class and cannot be deleted"
                  .formatted(name));
      assertThat(refused.json().path("reason").asText()).isEqualTo("Forbidden");
      assertThat(api.get(CLASSES + "/" + name).status()).isEqualTo(200);
    }
  }

  @Test
  void otherClassesGo() {
    api.create(CLASSES, "{metadata: {name: mine}, value: 1}");
    assertThat(api.delete(CLASSES + "/mine").status()).isEqualTo(200);
    assertThat(api.get(CLASSES + "/mine").status()).isEqualTo(404);
  }

  @Test
  void whoDeletesAllClassesDeletesThoseOfTheSystemToo() {
    assertThat(api.delete(CLASSES).status()).isEqualTo(200);
    assertThat(api.get(CLASSES).json().path("items")).isEmpty();
  }
}
