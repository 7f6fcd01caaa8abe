// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.certificates.SelfSigned;
import dev.havn.store.FreePort;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What keeps a scheduler of its own from starting, and what it tells of itself.
class StandaloneSchedulerTest {
  @TempDir private Path folder;

  @Test
  void aKeyThatCannotBeUsedIsToldInOneLine() throws IOException, NoSuchAlgorithmException {
    byte[] key = KeyPairGenerator.getInstance("EC").generateKeyPair().getPrivate().getEncoded();
    String pem =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key)
            + "\n-----END PRIVATE KEY-----\n";
    Path file =
        Files.writeString(
            folder.resolve("kubeconfig"),
            """
            apiVersion: v1
            kind: Config
            current-context: c
            contexts: [{name: c, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
            users: [{name: u, user: {client-certificate-data: "%s", client-key-data: "%s"}}]
            """
                .formatted(base64("no certificate"), base64(pem)));
    assertThatThrownBy(
            () -> StandaloneScheduler.start(file, null, "one", StandaloneScheduler.Serving.NOWHERE))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("kubeconfig " + file + " has a certificate or key that cannot");
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  /// Takes any certificate, also one that names nobody.
  private static HttpClient https() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, InsecureTrustManagerFactory.INSTANCE.getTrustManagers(), null);
    return HttpClient.newBuilder().sslContext(context).build();
  }

  private static HttpResponse<String> get(HttpClient https, String url, String token)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    if (!token.isEmpty()) {
      request.header("Authorization", "Bearer " + token);
    }
    return https.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static void awaitReady(HttpClient https, String url) throws Exception {
    Instant end = Instant.now().plusSeconds(60);
    while (!get(https, url, "").body().equals("ok")) {
      assertThat(Instant.now()).as("a scheduler that is ready").isBefore(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  private Havn havn() {
    Configuration plain = Configuration.of(folder.resolve("data"));
    Havn havn =
        Havn.start(
            new Configuration(
                plain.dataDirectory(),
                "127.0.0.1",
                0,
                folder.resolve("kubeconfig"),
                1,
                Configuration.RuntimeChoice.SIMULATED,
                StoreChoice.MEMORY,
                "",
                ""));
    havn.awaitReady();
    return havn;
  }

  private static String token(KubernetesClient admin, String account) throws IOException {
    String accounts = "/api/v1/namespaces/default/serviceaccounts";
    admin.raw(accounts, "POST", "{\"metadata\":{\"name\":\"%s\"}}".formatted(account));
    String answer = admin.raw(accounts + "/" + account + "/token", "POST", "{}");
    return new ObjectMapper().readTree(answer).at("/status/token").asText();
  }

  /// What is answered to the kubeconfig's certificate.
  private static String asAdministrator(Path kubeconfig, String url) {
    Config shown = Config.fromKubeconfig(kubeconfig.toFile());
    shown.setMasterUrl(url);
    shown.setCaCertData(null);
    shown.setTrustCerts(true);
    try (KubernetesClient client = new KubernetesClientBuilder().withConfig(shown).build()) {
      return client.raw("/metrics");
    }
  }

  private static void mayReadMetrics(KubernetesClient admin, String account) {
    String roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    admin.raw(
        roles,
        "POST",
        "{\"metadata\":{\"name\":\"metrics\"},\"rules\":[{\"nonResourceURLs\":[\"/metrics\"],\"verbs\":[\"get\"]}]}");
    admin.raw(
        roles.replace("clusterroles", "clusterrolebindings"),
        "POST",
        "{\"metadata\":{\"name\":\"metrics\"},\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"%s\",\"namespace\":\"default\"}],\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"metrics\"}}"
            .formatted(account));
  }

  @Test
  @Timeout(120)
  void healthIsForEverybodyAndMetricsForWhomTheApiLets() throws Exception {
    Havn havn = havn();
    int port = FreePort.find();
    String url = "https://127.0.0.1:" + port;
    Path kubeconfig = folder.resolve("kubeconfig");
    try (StandaloneScheduler scheduler =
            StandaloneScheduler.start(
                kubeconfig, null, "one", new StandaloneScheduler.Serving("127.0.0.1", port));
        KubernetesClient admin =
            new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
                .build();
        HttpClient https = https()) {
      assertThat(scheduler.isElected()).isTrue();
      assertThat(get(https, url + "/healthz", "").body()).isEqualTo("ok");
      assertThat(get(https, url + "/healthz?verbose", "").body())
          .isEqualTo("[+]leaderElection ok\nhealthz check passed\n");
      assertThat(get(https, url + "/livez?verbose", "").body())
          .isEqualTo("[+]ping ok\nlivez check passed\n");
      awaitReady(https, url + "/readyz");
      assertThat(get(https, url + "/readyz?verbose", "").body())
          .isEqualTo(
              "[+]leaderElection ok\n[+]shutdown ok\n[+]sched-handler-sync ok\nreadyz check passed\n");

      HttpResponse<String> refused = get(https, url + "/metrics", "");
      assertThat(refused.statusCode()).isEqualTo(403);
      assertThat(refused.body())
          .contains("User \\\"system:anonymous\\\" cannot get path \\\"/metrics\\\"");
      assertThat(get(https, url + "/metrics", "wrong").statusCode()).isEqualTo(401);
      assertThat(get(https, url + "/healthz/ping", "").statusCode()).isEqualTo(404);
      assertThat(get(https, url + "/readyz/shutdown", "").statusCode()).isEqualTo(403);
      assertThat(get(https, url + "/metrics", token(admin, "other")).statusCode()).isEqualTo(403);
      String reader = token(admin, "reader");
      mayReadMetrics(admin, "reader");
      HttpResponse<String> metrics = get(https, url + "/metrics", reader);
      assertThat(metrics.statusCode()).isEqualTo(200);
      assertThat(metrics.body())
          .contains("scheduler_pending_pods{queue=\"active\"} 0\n")
          .contains("scheduler_cache_size{type=\"nodes\"} 1\n")
          .contains("process_start_time_seconds ");
      assertThat(asAdministrator(kubeconfig, url)).contains("scheduler_pending_pods{");
    } finally {
      havn.close();
    }
  }

  private StandaloneScheduler.Serving serving(int port, Authority.Identity identity, KeyPair keys)
      throws IOException {
    Path certificate = Files.writeString(folder.resolve("tls.crt"), Pem.of(identity.certificate()));
    Path key =
        Files.writeString(
            folder.resolve("tls.key"), Pem.encode("PRIVATE KEY", keys.getPrivate().getEncoded()));
    return new StandaloneScheduler.Serving("127.0.0.1", port, certificate, key);
  }

  private static Authority.Identity certificate(String name) throws IOException {
    return SelfSigned.server(
        name, List.of("localhost"), List.of("127.0.0.1"), Instant.now(), new SecureRandom());
  }

  @Test
  @Timeout(120)
  void thePortShowsTheCertificateThatItIsGiven() throws Exception {
    Havn havn = havn();
    int port = FreePort.find();
    Authority.Identity own = certificate("mine");
    Path kubeconfig = folder.resolve("kubeconfig");
    try (StandaloneScheduler _ =
            StandaloneScheduler.start(kubeconfig, null, "one", serving(port, own, own.keys()));
        HttpClient https = https()) {
      HttpResponse<String> answer = get(https, "https://127.0.0.1:" + port + "/livez", "");
      assertThat(answer.sslSession().orElseThrow().getPeerCertificates())
          .containsExactly(own.certificate());
    } finally {
      havn.close();
    }
  }

  @Test
  @Timeout(120)
  void aCertificateThatIsOfNoUseIsToldInOneLine() throws IOException {
    Havn havn = havn();
    Path kubeconfig = folder.resolve("kubeconfig");
    Path none = folder.resolve("none");
    try {
      StandaloneScheduler.Serving others =
          serving(FreePort.find(), certificate("mine"), certificate("others").keys());
      assertThatThrownBy(() -> StandaloneScheduler.start(kubeconfig, null, "one", others))
          .isInstanceOf(StartException.class)
          .hasMessage(
              "--tls-private-key-file %1$s/tls.key is not the key of --tls-cert-file %1$s/tls.crt"
                  .formatted(folder));
      StandaloneScheduler.Serving missing =
          new StandaloneScheduler.Serving("127.0.0.1", FreePort.find(), none, none);
      assertThatThrownBy(() -> StandaloneScheduler.start(kubeconfig, null, "one", missing))
          .isInstanceOf(StartException.class)
          .hasMessage("--tls-cert-file " + none + ": there is no such file");
    } finally {
      havn.close();
    }
    assertThatThrownBy(() -> new StandaloneScheduler.Serving("127.0.0.1", 1, none, null))
        .isInstanceOf(StartException.class)
        .hasMessage(
            "--tls-private-key-file is missing: --tls-cert-file and --tls-private-key-file go"
                + " together");
  }

  @Test
  @Timeout(120)
  void aPortThatSomebodyElseHasIsToldInOneLine() throws IOException {
    Havn havn = havn();
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int port = taken.getLocalPort();
      assertThatThrownBy(
              () ->
                  StandaloneScheduler.start(
                      folder.resolve("kubeconfig"),
                      null,
                      "one",
                      new StandaloneScheduler.Serving("127.0.0.1", port)))
          .isInstanceOf(StartException.class)
          .hasMessage(
              "address 127.0.0.1:%d is in use or not ours: --secure-port names another port, 0"
                      .formatted(port)
                  + " none, --bind-address an address");
    } finally {
      havn.close();
    }
  }

  @Test
  void whatIsNoAddressAndNoPortIsRefused() {
    assertThatThrownBy(() -> new StandaloneScheduler.Serving("0.0.0.0", 65_536))
        .isInstanceOf(StartException.class)
        .hasMessage("--secure-port 65536 is no port: 0 to 65535");
    assertThatThrownBy(() -> new StandaloneScheduler.Serving("here", 10_259))
        .isInstanceOf(StartException.class)
        .hasMessage("--bind-address here is no IP address");
  }
}
