// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.IngressLoadBalancerIngress;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An Ingress of a test's cluster leads real requests to a real server.
@Havn
class IngressTest {
  private static final String OBJECTS =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec: {ports: [{name: http, port: 80}]}
      ---
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: web}
      spec:
        rules:
        - host: web.example
          http:
            paths:
            - {path: /shop, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
            - {path: /bucket, pathType: Prefix, backend: {resource: {kind: Bucket, name: b}}}
      """;

  /// The API takes no endpoints at the loopback, so the server listens everywhere.
  private static final String ENDPOINTS =
      """
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: web-1, labels: {kubernetes.io/service-name: web}}
      addressType: IPv4
      endpoints: [{addresses: ["%s"], conditions: {ready: true}}]
      ports: [{name: http, port: %d}]
      """;

  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress("0.0.0.0", 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] words =
              ("hello from " + exchange.getRequestURI()).getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, words.length);
          exchange.getResponseBody().write(words);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private static String get(int port, String path) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /// One that the machine has besides the loopback, where there is one.
  private static String address() throws IOException {
    return NetworkInterface.networkInterfaces()
        .flatMap(NetworkInterface::inetAddresses)
        .filter(each -> each instanceof Inet4Address)
        .filter(each -> !each.isLoopbackAddress() && !each.isLinkLocalAddress())
        .map(InetAddress::getHostAddress)
        .findFirst()
        .orElseGet(
            () -> {
              System.out.println("skipped: this machine has a loopback only");
              return Assumptions.<String>abort("no address");
            });
  }

  private static Ingress ingress(KubernetesClient client) {
    return client.network().v1().ingresses().inNamespace("default").withName("web").get();
  }

  @Test
  void leadsRequestsToEndpoints(KubernetesClient client, Cluster cluster) throws IOException {
    load(client, OBJECTS);
    cluster.settle();
    assertThat(ingress(client).getSpec().getIngressClassName()).isEqualTo("havn");
    IngressLoadBalancerIngress place =
        ingress(client).getStatus().getLoadBalancer().getIngress().getFirst();
    assertThat(place.getIp()).isEqualTo("127.0.0.1");
    int port = place.getPorts().getFirst().getPort();
    assertThat(get(port, "/shop"))
        .startsWith("HTTP/1.1 503 ")
        .contains("Service default/web has no endpoint that is ready");
    assertThat(get(port, "/else")).startsWith("HTTP/1.1 404 ");
    load(client, ENDPOINTS.formatted(address(), server.getAddress().getPort()));
    cluster.settle();
    assertThat(get(port, "/shop/cart?a=b")).endsWith("hello from /shop/cart?a=b");
    assertThat(client.v1().events().inNamespace("default").list().getItems())
        .filteredOn(each -> each.getInvolvedObject().getKind().equals("Ingress"))
        .extracting(io.fabric8.kubernetes.api.model.Event::getReason)
        .containsExactly("ResourceBackend");
    client.network().v1().ingresses().inNamespace("default").withName("web").delete();
    cluster.settle();
    assertThat(new Socket()).satisfies(socket -> refuses(socket, port));
  }

  private static void refuses(Socket socket, int port) {
    try (socket) {
      socket.connect(new InetSocketAddress("127.0.0.1", port));
      throw new AssertionError("still listens at " + port);
    } catch (IOException refused) {
      assertThat(refused).isInstanceOf(java.net.ConnectException.class);
    }
  }

  private static void load(KubernetesClient client, String yaml) {
    client.load(new ByteArrayInputStream(yaml.getBytes(StandardCharsets.UTF_8))).create();
  }
}
