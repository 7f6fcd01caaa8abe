// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.Gateway;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.GatewayClass;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Gateways of a test's cluster lead real requests to a real server.
@Havn
class GatewayTest {
  private static final String DEFINITION =
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata:
        name: %1$s.gateway.networking.k8s.io
        annotations: {api-approved.kubernetes.io: "https://github.com/kubernetes-sigs/gateway-api"}
      spec:
        group: gateway.networking.k8s.io
        scope: %3$s
        names: {plural: %1$s, singular: %1$s-one, kind: %2$s}
        versions:
        - name: %4$s
          served: true
          storage: true
          subresources: {status: {}}
          schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
      """;

  private static final String OBJECTS =
      """
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec: {ports: [{name: http, port: 80}]}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: web}
      spec:
        gatewayClassName: havn
        listeners:
        - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Same}}}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: web}
      spec:
        parentRefs: [{name: web, group: gateway.networking.k8s.io, kind: Gateway}]
        hostnames: [web.example]
        rules:
        - matches: [{path: {type: PathPrefix, value: /shop}}]
          backendRefs: [{name: web, port: 80}]
        - matches: [{path: {type: PathPrefix, value: /old}}]
          filters:
          - type: URLRewrite
            urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}
          backendRefs: [{name: web, port: 80}]
        - matches: [{path: {type: PathPrefix, value: /missing}}]
          backendRefs: [{name: missing, port: 80}]
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
          byte[] words = ("hello from " + exchange.getRequestURI()).getBytes(UTF_8);
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

  private static void load(KubernetesClient client, String yaml) {
    client.load(new ByteArrayInputStream(yaml.getBytes(UTF_8))).create();
  }

  private static void define(KubernetesClient client) {
    load(client, DEFINITION.formatted("gatewayclasses", "GatewayClass", "Cluster", "v1"));
    load(client, DEFINITION.formatted("gateways", "Gateway", "Namespaced", "v1"));
    load(client, DEFINITION.formatted("httproutes", "HTTPRoute", "Namespaced", "v1"));
    load(
        client, DEFINITION.formatted("referencegrants", "ReferenceGrant", "Namespaced", "v1beta1"));
  }

  private static String get(Socket socket, String path) throws IOException {
    try (socket) {
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              ("GET " + path + " HTTP/1.1\r\nHost: web.example\r\nConnection: close\r\n\r\n")
                  .getBytes(UTF_8));
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private static String get(int port, String path) throws IOException {
    return get(new Socket("127.0.0.1", port), path);
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

  private static Gateway gateway(KubernetesClient client, String name) {
    return client.resources(Gateway.class).inNamespace("default").withName(name).get();
  }

  private static HTTPRoute route(KubernetesClient client, String name) {
    return client.resources(HTTPRoute.class).inNamespace("default").withName(name).get();
  }

  /// Where the only listener of a Gateway is reached.
  private static int port(KubernetesClient client, String name) {
    var addresses = gateway(client, name).getStatus().getAddresses();
    assertThat(addresses.getFirst().getValue()).isEqualTo("127.0.0.1");
    String socket = addresses.get(1).getValue();
    return Integer.parseInt(socket.substring(socket.indexOf(':') + 1));
  }

  private static List<String> said(List<Condition> conditions) {
    return conditions.stream()
        .map(each -> each.getType() + "=" + each.getStatus() + " " + each.getReason())
        .toList();
  }

  private void leads(KubernetesClient client, Cluster cluster) throws IOException {
    cluster.settle();
    GatewayClass offered = client.resources(GatewayClass.class).withName("havn").get();
    assertThat(said(offered.getStatus().getConditions())).contains("Accepted=True Accepted");
    load(client, OBJECTS);
    load(client, ENDPOINTS.formatted(address(), server.getAddress().getPort()));
    cluster.settle();
    Gateway gateway = gateway(client, "web");
    assertThat(said(gateway.getStatus().getConditions()))
        .containsExactly("Accepted=True Accepted", "Programmed=True Programmed");
    var listener = gateway.getStatus().getListeners().getFirst();
    assertThat(listener.getAttachedRoutes()).isEqualTo(1);
    assertThat(said(listener.getConditions()))
        .containsExactly(
            "Accepted=True Accepted",
            "Conflicted=False NoConflicts",
            "ResolvedRefs=True ResolvedRefs",
            "Programmed=True Programmed");
    var parent = route(client, "web").getStatus().getParents().getFirst();
    assertThat(parent.getControllerName()).isEqualTo("havn.dev/gateway");
    assertThat(said(parent.getConditions()))
        .containsExactly("Accepted=True Accepted", "ResolvedRefs=False BackendNotFound");
    assertThat(parent.getConditions())
        .allSatisfy(each -> assertThat(each.getObservedGeneration()).isEqualTo(1));
    int port = port(client, "web");
    assertThat(get(port, "/shop/cart?a=b")).endsWith("hello from /shop/cart?a=b");
    assertThat(get(port, "/%6fld/cart?a=b")).endsWith("hello from /new/cart?a=b");
    assertThat(get(port, "/missing")).startsWith("HTTP/1.1 500 ");
    assertThat(get(port, "/else")).startsWith("HTTP/1.1 404 ");
  }

  @Test
  void leadsRequestsToEndpointsAsLongAsItIsThere(KubernetesClient client, Cluster cluster)
      throws IOException {
    define(client);
    leads(client, cluster);
    int port = port(client, "web");
    client.resources(Gateway.class).inNamespace("default").withName("web").delete();
    cluster.settle();
    awaitRefusal(port);
    assertThat(route(client, "web").getStatus().getParents()).isEmpty();
  }

  /// Doors close on threads of their own, after the cluster has settled.
  private static void awaitRefusal(int port) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (System.nanoTime() < end) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress("127.0.0.1", port));
      } catch (ConnectException refused) {
        return;
      }
      LockSupport.parkNanos(1_000_000);
    }
    throw new AssertionError("still listens at " + port);
  }

  @Test
  void theClassIsOfferedOnceForEachTimeThatTheKindIsInstalled(
      KubernetesClient client, Cluster cluster) {
    define(client);
    cluster.settle();
    client.resources(GatewayClass.class).withName("havn").delete();
    cluster.settle();
    assertThat(client.resources(GatewayClass.class).withName("havn").get()).isNull();
    client
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("gatewayclasses.gateway.networking.k8s.io")
        .delete();
    cluster.settle();
    load(client, DEFINITION.formatted("gatewayclasses", "GatewayClass", "Cluster", "v1"));
    cluster.settle();
    assertThat(client.resources(GatewayClass.class).withName("havn").get()).isNotNull();
  }

  @Test
  void aClassStaysAsLongAsItIsUsed(KubernetesClient client, Cluster cluster) throws IOException {
    define(client);
    leads(client, cluster);
    client.resources(GatewayClass.class).withName("havn").delete();
    cluster.settle();
    GatewayClass held = client.resources(GatewayClass.class).withName("havn").get();
    assertThat(held.getMetadata().getFinalizers())
        .containsExactly("gateway-exists-finalizer.gateway.networking.k8s.io");
    client.resources(Gateway.class).withName("web").delete();
    cluster.settle();
    assertThat(client.resources(GatewayClass.class).withName("havn").get()).isNull();
  }

  @Test
  void aKindThatIsTakenAwayTakesItsDoorsAlong(KubernetesClient client, Cluster cluster)
      throws IOException {
    define(client);
    leads(client, cluster);
    int port = port(client, "web");
    client
        .apiextensions()
        .v1()
        .customResourceDefinitions()
        .withName("gateways.gateway.networking.k8s.io")
        .delete();
    cluster.settle();
    awaitRefusal(port);
  }

  @Test
  void whatOthersSayOfARouteStays(KubernetesClient client, Cluster cluster) {
    define(client);
    cluster.settle();
    load(
        client,
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: HTTPRoute
        metadata: {name: shared}
        spec: {parentRefs: [{name: web}, {name: other}]}
        """);
    client
        .resources(HTTPRoute.class)
        .inNamespace("default")
        .withName("shared")
        .editStatus(
            route ->
                route
                    .edit()
                    .withNewStatus()
                    .addNewParent()
                    .withNewParentRef()
                    .withName("other")
                    .endParentRef()
                    .withControllerName("example.com/other")
                    .endParent()
                    .endStatus()
                    .build());
    load(
        client,
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: web}
        spec: {gatewayClassName: havn, listeners: [{name: http, port: 80, protocol: HTTP}]}
        """);
    cluster.settle();
    assertThat(route(client, "shared").getStatus().getParents())
        .extracting(each -> each.getParentRef().getName() + " " + each.getControllerName())
        .containsExactly("other example.com/other", "web havn.dev/gateway");
  }

  private static final String SECURE =
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: vault}
      ---
      apiVersion: v1
      kind: Secret
      metadata: {name: web, namespace: vault}
      type: kubernetes.io/tls
      data: {tls.crt: %s, tls.key: %s}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: Gateway
      metadata: {name: secure}
      spec:
        gatewayClassName: havn
        listeners:
        - name: https
          port: 443
          protocol: HTTPS
          hostname: "*.example"
          tls: {mode: Terminate, certificateRefs: [{name: web, namespace: vault}]}
      ---
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata: {name: secure}
      spec: {parentRefs: [{name: secure}], rules: [{backendRefs: [{name: web, port: 80}]}]}
      ---
      apiVersion: v1
      kind: Service
      metadata: {name: web}
      spec: {ports: [{name: http, port: 80}]}
      """;

  private static final String GRANT =
      """
      apiVersion: gateway.networking.k8s.io/v1beta1
      kind: ReferenceGrant
      metadata: {name: gateways, namespace: vault}
      spec:
        from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: default}]
        to: [{group: "", kind: Secret, name: web}]
      """;

  @Test
  void aCertificateOfAnotherNamespaceIsShownOnceThatNamespaceGrantsIt(
      KubernetesClient client, Cluster cluster, @TempDir Path folder) throws Exception {
    define(client);
    cluster.settle();
    KeyStore keys = keys(folder);
    load(
        client,
        SECURE.formatted(
            pem("CERTIFICATE", keys.getCertificate("it").getEncoded()),
            pem("PRIVATE KEY", keys.getKey("it", "changeit".toCharArray()).getEncoded())));
    load(client, ENDPOINTS.formatted(address(), server.getAddress().getPort()));
    cluster.settle();
    assertThat(
            said(gateway(client, "secure").getStatus().getListeners().getFirst().getConditions()))
        .contains("ResolvedRefs=False RefNotPermitted", "Programmed=False Invalid");
    load(client, GRANT);
    cluster.settle();
    assertThat(said(gateway(client, "secure").getStatus().getConditions()))
        .containsExactly("Accepted=True Accepted", "Programmed=True Programmed");
    SSLSocket socket =
        (SSLSocket)
            trusting(keys).getSocketFactory().createSocket("127.0.0.1", port(client, "secure"));
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setServerNames(List.of(new SNIHostName("web.example")));
    socket.setSSLParameters(parameters);
    assertThat(get(socket, "/safe")).endsWith("hello from /safe");
  }

  private static String pem(String what, byte[] der) {
    String text =
        "-----BEGIN "
            + what
            + "-----\n"
            + Base64.getMimeEncoder().encodeToString(der)
            + "\n-----END "
            + what
            + "-----\n";
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static SSLContext trusting(KeyStore keys) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("it", keys.getCertificate("it"));
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  /// Made by the JDK's own tool.
  private static KeyStore keys(Path folder) throws Exception {
    Path file = folder.resolve("keys.p12");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-alias", "it", "-keyalg", "EC"));
    command.addAll(List.of("-dname", "CN=web.example", "-ext", "SAN=dns:web.example"));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", "changeit"));
    command.addAll(List.of("-keystore", file.toString()));
    Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(tool.getInputStream().readAllBytes(), UTF_8);
    assertThat(tool.waitFor()).as(output).isZero();
    return KeyStore.getInstance(file.toFile(), "changeit".toCharArray());
  }

  /// As an administrator installs them: from the Go module of the project, where it is here.
  @Test
  void worksWithTheDefinitionsOfTheProject(KubernetesClient client, Cluster cluster)
      throws IOException {
    for (Path each : definitions()) {
      try (Stream<String> lines = Files.lines(each)) {
        load(client, String.join("\n", lines.toList()));
      }
    }
    leads(client, cluster);
  }

  private static List<Path> definitions() throws IOException {
    String cache = System.getenv().getOrDefault("GOMODCACHE", "");
    Path modules =
        cache.isEmpty()
            ? Path.of(System.getProperty("user.home"), "go", "pkg", "mod")
            : Path.of(cache);
    Path project = modules.resolve("sigs.k8s.io");
    if (Files.isDirectory(project)) {
      try (Stream<Path> all = Files.list(project)) {
        List<Path> newest =
            all.filter(each -> each.getFileName().toString().startsWith("gateway-api@v1"))
                .map(each -> each.resolve("config/crd/standard"))
                .filter(Files::isDirectory)
                .sorted(Comparator.reverseOrder())
                .toList();
        if (!newest.isEmpty()) {
          try (Stream<Path> files = Files.list(newest.getFirst())) {
            return files
                .filter(each -> each.getFileName().toString().startsWith("gateway."))
                .sorted()
                .toList();
          }
        }
      }
    }
    System.out.println("skipped: no Go module sigs.k8s.io/gateway-api in " + modules);
    return Assumptions.abort("no definitions");
  }
}
