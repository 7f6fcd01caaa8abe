// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// What is counted of requests, and what is not: names that clients make up.
class MetricsTest {
  private final TestApi api = new TestApi();

  @Test
  void whatThereIsIsCountedByItsName() {
    api.get("/api/v1/namespaces/default/pods");
    assertThat(api.get("/metrics").text())
        .contains(
            "apiserver_request_total{code=\"200\",component=\"apiserver\",dry_run=\"\",group=\"\",resource=\"pods\",scope=\"namespace\",subresource=\"\",verb=\"LIST\",version=\"v1\"} 1\n");
  }

  @Test
  void whatThereIsNotIsCountedTogether() {
    odd(0);
    long lines = counted();
    for (int i = 1; i <= 10; i++) {
      odd(i);
    }
    assertThat(counted()).isEqualTo(lines);
    assertThat(api.get("/metrics").text()).doesNotContain("madeup").contains("verb=\"other\"");
  }

  private long counted() {
    return api.get("/metrics").text().lines().filter(line -> line.contains("code=\"4")).count();
  }

  private void odd(int number) {
    String word = "madeup" + number;
    api.get("/api/v1/namespaces/default/" + word);
    api.get("/api/v1/namespaces/default/pods/a/" + word);
    api.get("/api/" + word + "/pods");
    api.get("/apis/" + word + "/v1/pods");
    api.get("/api/v1/" + word + "/a/log");
    api.get("/api/v1/watch/" + word);
    api.get("/" + word);
    api.ask(word.toUpperCase(java.util.Locale.ROOT), "/" + word).send();
    api.ask(word.toUpperCase(java.util.Locale.ROOT), "/api/v1/nodes/a").send();
  }
}
