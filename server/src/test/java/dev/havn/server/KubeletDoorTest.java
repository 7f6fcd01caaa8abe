// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.kernel.Program;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A node's own API over its door, on a cluster of two nodes with real processes.
class KubeletDoorTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  private Havn start() {
    Configuration plain = Configuration.of(folder.resolve("data"));
    Havn havn =
        Havn.start(
            new Configuration(
                plain.dataDirectory(),
                "127.0.0.1",
                0,
                folder.resolve("kubeconfig"),
                2,
                Configuration.RuntimeChoice.PROCESS,
                StoreChoice.MEMORY,
                "",
                ""));
    havn.awaitReady();
    return havn;
  }

  private HttpClient https() throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    try (var in = Files.newInputStream(folder.resolve("data/certificates/ca.crt"))) {
      trusted.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  private static String token(KubernetesClient admin, String account, String role) {
    String subject =
        "{\"kind\":\"ServiceAccount\",\"name\":\"%s\",\"namespace\":\"default\"}"
            .formatted(account);
    admin.raw(
        "/api/v1/namespaces/default/serviceaccounts",
        "POST",
        "{\"metadata\":{\"name\":\"%s\"}}".formatted(account));
    if (!role.isEmpty()) {
      admin.raw(
          "/apis/rbac.authorization.k8s.io/v1/clusterroles",
          "POST",
          "{\"metadata\":{\"name\":\"%s\"},\"rules\":[{\"apiGroups\":[\"\"],\"resources\":[\"%s\"],\"verbs\":[\"get\"]}]}"
              .formatted(account, role));
      admin.raw(
          "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
          "POST",
          "{\"metadata\":{\"name\":\"%1$s\"},\"subjects\":[%2$s],\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"%1$s\"}}"
              .formatted(account, subject));
    }
    String answer =
        admin.raw("/api/v1/namespaces/default/serviceaccounts/" + account + "/token", "POST", "{}");
    try {
      return JSON.readTree(answer).path("status").path("token").asText();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @Timeout(120)
  void aNodeAnswersWhoMayAskAndNobodyElse() throws Exception {
    boolean missing = !Program.missing(List.of("unshare", "nsenter")).isEmpty();
    Assumptions.assumeFalse(missing, "no unshare and nsenter for the process runtime");
    Havn havn = start();
    try (KubernetesClient admin =
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(folder.resolve("kubeconfig").toFile()))
                .build();
        HttpClient https = https()) {
      awaitDoors(admin);
      String node = url(admin, "havn-0");
      assertThat(url(admin, "havn-1")).isNotEqualTo(node);
      String reader = token(admin, "reader", "nodes/stats");
      String nobody = token(admin, "nobody", "");

      assertThat(get(https, node + "/healthz", "").statusCode()).isEqualTo(401);
      assertThat(get(https, node + "/healthz", "wrong").statusCode()).isEqualTo(401);
      HttpResponse<String> refused = get(https, node + "/stats/summary", nobody);
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(refused.body())
          .isEqualTo(
              "Forbidden (user=system:serviceaccount:default:nobody, verb=get, resource=nodes,"
                  + " subresource(s)=[stats])\n");
      assertThat(get(https, node + "/metrics", reader).statusCode()).isEqualTo(403);
      JsonNode summary = JSON.readTree(get(https, node + "/stats/summary", reader).body());
      assertThat(summary.at("/node/nodeName").asText()).isEqualTo("havn-0");
      assertThat(summary.at("/node/fs/capacityBytes").asLong()).isPositive();
      assertThat(summary.at("/node/rlimit/curproc").asLong()).isPositive();
      assertThat(summary.at("/node/fs/inodes").isNumber()).isTrue();
      String less = node + "/stats/summary?only_cpu_and_memory=true";
      assertThat(get(https, less, reader).body()).contains("havn-0").doesNotContain("inodes");
      HttpResponse<String> none = get(https, node + "/logs/", token(admin, "logs", "nodes/log"));
      assertThat(none.statusCode()).isEqualTo(405);
      assertThat(none.body()).isEqualTo("logs endpoint is disabled.\n");
      assertThat(admin.raw("/api/v1/nodes/havn-0/proxy/metrics/probes")).isNotNull();
      assertThat(admin.raw("/api/v1/nodes/havn-0/proxy/configz")).contains("KubeletConfiguration");
      assertThat(admin.raw("/metrics")).contains("workqueue_depth{name=\"remote-usage\"}");
      assertThat(admin.raw("/api/v1/nodes/havn-0/proxy/metrics/resource"))
          .contains("resource_scrape_error 0");
      assertThat(admin.raw("/api/v1/nodes/havn-0/proxy/pods")).contains("PodList");
      assertThat(admin.raw("/api/v1/nodes/havn-0/proxy/containerLogs/a/b/c"))
          .as("a pod that is not there")
          .isNull();
    } finally {
      havn.close();
    }
  }

  /// The doors open beside the start; two nodes of one address cannot be at one port.
  private static void awaitDoors(KubernetesClient admin) throws InterruptedException {
    for (int i = 0; i < 300 && port(admin, "havn-0") == port(admin, "havn-1"); i++) {
      Thread.sleep(100);
    }
    assertThat(port(admin, "havn-0"))
        .as("a port of its own for each node within thirty seconds")
        .isNotEqualTo(port(admin, "havn-1"));
  }

  private static int port(KubernetesClient admin, String node) {
    return admin
        .nodes()
        .withName(node)
        .get()
        .getStatus()
        .getDaemonEndpoints()
        .getKubeletEndpoint()
        .getPort();
  }

  private static String url(KubernetesClient admin, String node) {
    return "https://127.0.0.1:" + port(admin, node);
  }

  private static HttpResponse<String> get(HttpClient https, String url, String token)
      throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return https.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /stats/summary, get, [stats]",
    "GET, /metrics, get, [metrics]",
    "GET, /metrics/cadvisor, get, [metrics]",
    "GET, /metricsother, get, [proxy]",
    "GET, /healthz, get, '[healthz, proxy]'",
    "GET, /pods/, get, '[pods, proxy]'",
    "GET, /configz, get, '[configz, proxy]'",
    "GET, /containerLogs/n/p/c, get, [proxy]",
    "POST, /exec/n/p/c, create, [proxy]",
    "POST, /run/n/p/c, create, [proxy]"
  })
  void whatIsAskedForIsAPartOfTheNode(String method, String path, String verb, String parts) {
    assertThat(KubeletDoor.verb(method)).isEqualTo(verb);
    assertThat(KubeletDoor.subresources(path)).hasToString(parts);
  }
}
