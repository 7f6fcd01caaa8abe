// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.internal.SSLUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/// What clients do at the https door, so that the first real one finds it loaded and profiled: TLS,
/// HTTP/2, many requests at a time, JSON, protobuf, tables and a watch.
final class TrainingClient implements AutoCloseable {
  private static final int OBJECTS = 400;
  private static final int TOGETHER = 32;
  private static final List<String> FORMS =
      List.of(
          "application/json",
          "application/vnd.kubernetes.protobuf",
          "application/json;as=Table;v=v1;g=meta.k8s.io",
          "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");

  private final String server;
  private final String token;
  private final HttpClient client;
  private final HttpClient withCertificate;

  private TrainingClient(
      String server, String token, HttpClient client, HttpClient withCertificate) {
    this.server = server;
    this.token = token;
    this.client = client;
    this.withCertificate = withCertificate;
  }

  /// A client that may do everything in the cluster of `api`, and that of its user.
  static TrainingClient of(String server, Api api, Path kubeconfig) {
    ObjectNode binding = Api.object();
    binding.putObject("metadata").put("name", "training");
    binding
        .putObject("roleRef")
        .put("apiGroup", "rbac.authorization.k8s.io")
        .put("kind", "ClusterRole")
        .put("name", "cluster-admin");
    binding
        .putArray("subjects")
        .addObject()
        .put("kind", "ServiceAccount")
        .put("namespace", "default")
        .put("name", "default");
    api.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding.toString());
    JsonNode token =
        api.create(
            "/api/v1/namespaces/default/serviceaccounts/default/token",
            Api.object().put("kind", "TokenRequest").toString());
    String authority =
        api.get("/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
            .path("data")
            .path("ca.crt")
            .asText();
    return new TrainingClient(
        server,
        token.path("status").path("token").asText(),
        HttpClient.newBuilder().sslContext(trusting(authority)).build(),
        HttpClient.newBuilder().sslContext(ofUser(kubeconfig)).build());
  }

  private static SSLContext trusting(String authority) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      store.setCertificateEntry(
          "authority",
          CertificateFactory.getInstance("X.509")
              .generateCertificate(
                  new ByteArrayInputStream(authority.getBytes(StandardCharsets.US_ASCII))));
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the cluster's authority cannot be trusted", e);
    }
  }

  private static SSLContext ofUser(Path kubeconfig) {
    try {
      return SSLUtils.sslContext(Config.fromKubeconfig(kubeconfig.toFile()));
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("the cluster's kubeconfig is of no use", e);
    }
  }

  void run() {
    load("/api/v1/namespaces/default/configmaps", TrainingClient::configMap);
    load("/api/v1/namespaces/default/pods", TrainingClient::pod);
    List.of("/version", "/api", "/apis").forEach(path -> answered(withCertificate, get(path)));
  }

  private HttpRequest get(String path) {
    return HttpRequest.newBuilder(URI.create(server + path)).build();
  }

  private static void answered(HttpClient client, HttpRequest request) {
    client
        .sendAsync(request, BodyHandlers.ofByteArray())
        .thenAccept(TrainingClient::checkSuccess)
        .join();
  }

  private interface Made {
    ObjectNode named(String name);
  }

  private void load(String path, Made made) {
    CompletableFuture<Void> watch =
        send("GET", path + "?watch=true&timeoutSeconds=1", "", FORMS.getFirst());
    together(i -> send("POST", path, made.named("n" + i).toString(), FORMS.getFirst()));
    String patch = "{\"metadata\":{\"annotations\":{\"trained\":\"yes\"}}}";
    together(i -> send("PATCH", path + "/n" + i, patch, FORMS.getFirst()));
    together(i -> send("GET", path + "/n" + i, "", FORMS.getFirst()));
    for (String form : FORMS) {
      send("GET", path + "?limit=500", "", form).join();
    }
    together(i -> send("DELETE", path + "/n" + i, "", FORMS.getFirst()));
    watch.join();
  }

  private interface Step {
    CompletableFuture<Void> of(int i);
  }

  private static void together(Step step) {
    for (int from = 0; from < OBJECTS; from += TOGETHER) {
      CompletableFuture<?>[] batch = new CompletableFuture<?>[TOGETHER];
      for (int i = 0; i < TOGETHER; i++) {
        batch[i] = step.of(from + i);
      }
      CompletableFuture.allOf(batch).join();
    }
  }

  private CompletableFuture<Void> send(String method, String path, String body, String accept) {
    String type = method.equals("PATCH") ? "application/merge-patch+json" : "application/json";
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server + path))
            .header("Authorization", "Bearer " + token)
            .header("Accept", accept)
            .header("Content-Type", type)
            .method(method, BodyPublishers.ofString(body))
            .build();
    return client
        .sendAsync(request, BodyHandlers.ofByteArray())
        .thenAccept(TrainingClient::checkSuccess);
  }

  private static void checkSuccess(HttpResponse<byte[]> response) {
    if (response.statusCode() / 100 != 2) {
      throw new CompletionException(
          new IOException(response.request() + " gave " + response.statusCode()));
    }
  }

  private static ObjectNode configMap(String name) {
    ObjectNode map = Api.object().put("kind", "ConfigMap").put("apiVersion", "v1");
    map.putObject("metadata").put("name", name).putObject("labels").put("app", "training");
    map.putObject("data").put("application.properties", "key=value\n".repeat(80));
    return map;
  }

  /// For no scheduler, so that it stays as it is.
  private static ObjectNode pod(String name) {
    ObjectNode pod = Api.object().put("kind", "Pod").put("apiVersion", "v1");
    pod.putObject("metadata").put("name", name).putObject("labels").put("app", "training");
    ObjectNode spec = pod.putObject("spec").put("schedulerName", "none");
    ObjectNode container = spec.putArray("containers").addObject();
    container.put("name", "web").put("image", "example/web:1");
    container.putArray("ports").addObject().put("name", "http").put("containerPort", 8080);
    container.putArray("env").addObject().put("name", "LEVEL").put("value", "debug");
    ObjectNode resources = container.putObject("resources");
    resources.putObject("requests").put("cpu", "250m").put("memory", "64Mi");
    resources.putObject("limits").put("memory", "128Mi");
    ObjectNode probe = container.putObject("readinessProbe").put("periodSeconds", 5);
    probe.putObject("httpGet").put("path", "/ready").put("port", "http");
    ObjectNode mount = container.putArray("volumeMounts").addObject();
    mount.put("name", "scratch").put("mountPath", "/tmp");
    spec.putArray("volumes").addObject().put("name", "scratch").putObject("emptyDir");
    return pod;
  }

  @Override
  public void close() {
    client.close();
    withCertificate.close();
  }
}
