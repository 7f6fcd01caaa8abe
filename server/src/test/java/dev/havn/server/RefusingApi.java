// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.reconcile.Api;
import dev.havn.server.loopback.LoopbackFactory;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// The API of a cluster, which refuses some requests and remembers all.
final class RefusingApi implements AutoCloseable {
  private final EmbeddedCluster cluster;
  private final Predicate<String> refuses;
  private final KubernetesClient client;
  private final List<String> asked = new ArrayList<>();

  /// @param refuses requests as method and path with query
  RefusingApi(EmbeddedCluster cluster, Predicate<String> refuses) {
    this.cluster = cluster;
    this.refuses = refuses;
    client = client(cluster, this::handle);
  }

  /// A client with all rights whose requests somebody sees before the cluster does.
  static KubernetesClient client(EmbeddedCluster cluster, Handler handler) {
    Config config =
        new ConfigBuilder(Config.empty())
            .withMasterUrl("http://loopback/")
            .withRequestRetryBackoffLimit(0)
            .build();
    return new KubernetesClientBuilder()
        .withConfig(config)
        .withHttpClientFactory(
            new LoopbackFactory(
                handler,
                new Credential.Loopback("admin", List.of("system:masters")),
                cluster.time()))
        .withTaskExecutor(cluster.time())
        .build();
  }

  private void handle(Request request, Response response) {
    String line = request.method() + " " + request.target();
    asked.add(line);
    if (refuses.test(line)) {
      response.send(422, new Headers(), List.of());
    } else {
      cluster.handler().handle(request, response);
    }
  }

  Api api() {
    return new Api(client);
  }

  List<String> asked() {
    return asked;
  }

  @Override
  public void close() {
    client.close();
  }
}
