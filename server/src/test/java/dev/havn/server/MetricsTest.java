// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.KubernetesClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MetricsTest {
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private String raw(String path) {
    return client.raw(path);
  }

  @Test
  void requestsAreCountedByWhatTheyAskAndHowTheyWereAnswered() {
    client.configMaps().inNamespace("default").withName("none").get();
    String text = raw("/metrics");
    assertThat(text)
        .contains("# TYPE apiserver_request_total counter")
        .containsPattern(
            "apiserver_request_total\\{code=\"404\",component=\"apiserver\",dry_run=\"\",group=\"\","
                + "resource=\"configmaps\",scope=\"resource\",subresource=\"\",verb=\"GET\","
                + "version=\"v1\"} 1\n")
        .containsPattern("apiserver_request_duration_seconds_bucket\\{.*,le=\"\\+Inf\"} [0-9]+")
        .containsPattern("apiserver_longrunning_requests\\{.*resource=\"pods\".*} [1-9]")
        .contains("apiserver_current_inflight_requests{request_kind=\"mutating\"} 0\n")
        .containsPattern("workqueue_adds_total\\{name=\"deployment\"} [0-9]+")
        .containsPattern("workqueue_adds_total\\{name=\"kubelet\"} [0-9]+");
  }

  @Test
  void everyLineIsOfPrometheusTextForm() {
    for (String line : raw("/metrics").lines().toList()) {
      assertThat(line)
          .matches(
              "# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{([a-z_]+=\"[^\"]*\",?)*})? [0-9.E+-]+(Infinity)?");
    }
  }

  @Test
  void healthSaysWhatWasLookedAt() {
    assertThat(raw("/livez")).isEqualTo("ok");
    assertThat(raw("/readyz?verbose"))
        .startsWith("[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n")
        .endsWith("readyz check passed\n");
    assertThat(raw("/livez?verbose&exclude=etcd&exclude=nope"))
        .contains("[+]etcd excluded: ok\n")
        .endsWith(
            "warn: some health checks cannot be excluded: no matches for \"nope\"\nlivez check passed\n");
    assertThat(raw("/healthz/etcd")).isEqualTo("ok");
    assertThat(raw("/livez/nope")).isNull();
  }
}
