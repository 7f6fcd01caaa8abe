// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.NodeAccess;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.certificates.Pem;
import dev.havn.apiserver.http.BodyStream;
import dev.havn.apiserver.http.ByteDuplex;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.RequestTarget;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.http.WebSocket;
import dev.havn.apiserver.proxy.Destination;
import dev.havn.apiserver.proxy.ProxyException;
import dev.havn.apiserver.proxy.ReverseProxy;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.streaming.PodAddresses;
import dev.havn.apiserver.transport.Trusts;
import dev.havn.apiserver.transport.UnreachableException;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// The API server's way to nodes in other processes: their own https doors, which it shows a
/// certificate of its own and whose certificates the cluster's authority has signed.
final class RemoteNodes implements AutoCloseable {
  private static final int PORT = 10_250;
  private static final int OK = 200;
  private static final String SUMMARY = "/stats/summary?only_cpu_and_memory=true";

  /// Of processors and memory only, it is a third of that for 250 pods with a few containers each.
  private static final int SUMMARY_BYTES_MAX = 1 << 20;

  /// To connect, and then again for the answer: both together end before the next question.
  private static final Duration SUMMARY_WITHIN = Duration.ofSeconds(5);

  /// The client's certificate is asked for again, since it is made anew before its end.
  private static final Duration RENEWED_EVERY = Duration.ofDays(1);

  /// What a kubelet calls the streams of a session.
  private static final Map<String, String> STREAMS =
      Map.of("stdin", "input", "stdout", "output", "stderr", "error");

  private final Api admin;
  private final String authority;
  private final Client client;
  private final InstantSource clock;
  private final ReverseProxy proxy;
  private @Nullable Trusts trusts;
  private Instant madeAt = Instant.EPOCH;

  /// Whom the nodes are shown.
  @FunctionalInterface
  interface Client {
    Authority.Identity identity() throws IOException;
  }

  RemoteNodes(
      Api admin, X509Certificate authority, Client client, InstantSource clock, Executor executor) {
    this.admin = admin;
    this.authority = Pem.of(authority);
    this.client = client;
    this.clock = clock;
    this.proxy = new ReverseProxy(executor);
  }

  /// Gives API servers at the doors of nodes what they need there, and nothing else.
  static void permit(Api admin) {
    String path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    if (admin.find(path + "/" + NodeAccess.CLIENTS).isPresent()) {
      return;
    }
    String group = "rbac.authorization.k8s.io";
    ObjectNode binding = Api.object().put("kind", "ClusterRoleBinding");
    binding.put("apiVersion", group + "/v1").putObject("metadata").put("name", NodeAccess.CLIENTS);
    binding
        .putObject("roleRef")
        .put("apiGroup", group)
        .put("kind", "ClusterRole")
        .put("name", "system:kubelet-api-admin");
    binding
        .putArray("subjects")
        .addObject()
        .put("apiGroup", group)
        .put("kind", "Group")
        .put("name", NodeAccess.CLIENTS);
    try {
      admin.create(path, binding.toString());
    } catch (Api.RefusedException e) {
      // Another server of the cluster was faster.
      if (!e.reason().equals("AlreadyExists")) {
        throw e;
      }
    }
  }

  /// Where a kubelet has a session of a pod.
  static String path(String session, ObjectNode pod, String container) {
    JsonNode metadata = pod.path("metadata");
    return "/"
        + session
        + "/"
        + metadata.path("namespace").asText()
        + "/"
        + metadata.path("name").asText()
        + (container.isEmpty() ? "" : "/" + container);
  }

  /// The parameters of a session, as a kubelet reads them.
  static Query query(Request request) {
    Map<String, List<String>> query = new HashMap<>();
    request
        .query()
        .values()
        .forEach(
            (name, values) -> {
              if (!name.equals("container")) {
                query.put(STREAMS.getOrDefault(name, name), values);
              }
            });
    return new Query(query);
  }

  /// Hands a request over to a node.
  ///
  /// @param path below the node's own root
  /// @return false when there is no such node, or it says no address
  boolean pass(String node, String path, Query query, Request request, Response response) {
    Optional<Destination> to =
        destination(node, RequestTarget.encode(path, query), headers(request));
    if (to.isEmpty()) {
      return false;
    }
    try {
      proxy.pass(request, to.get(), new Worded(response));
    } catch (ProxyException e) {
      throw ApiException.unreasoned("error dialing backend: " + e.getMessage());
    }
    return true;
  }

  /// What a node says that its pods use, as JSON that nobody has read; [#SUMMARY_WITHIN] says how
  /// long that is waited for.
  ///
  /// @throws IOException when it does not say so in time, or too much
  byte[] summary(String node) throws IOException {
    try {
      Destination to =
          destination(node, SUMMARY, new Headers().set("accept", "application/json"))
              .orElseThrow(() -> new IOException("there is none, or it says no address"));
      ReverseProxy.Answer answer = proxy.get(to, SUMMARY_BYTES_MAX, SUMMARY_WITHIN);
      if (answer.status() != OK) {
        throw new IOException("GET " + SUMMARY + " gave " + answer.status());
      }
      return answer.body();
    } catch (ProxyException | UnreachableException | ApiException | Api.RefusedException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /// Where a node says that it is; empty when there is none, or it says no address.
  private Optional<Destination> destination(String node, String target, Headers headers) {
    Optional<JsonNode> known = admin.find("/api/v1/nodes/" + node);
    String address = known.map(each -> address(each.path("status").path("addresses"))).orElse("");
    if (known.isEmpty() || address.isEmpty()) {
      return Optional.empty();
    }
    int port =
        known
            .get()
            .path("status")
            .path("daemonEndpoints")
            .path("kubeletEndpoint")
            .path("Port")
            .asInt(PORT);
    // A node says itself where it is; what is near is this machine, not it.
    InetAddress at = PodAddresses.checked(address, null, (_, _) -> false);
    return Optional.of(
        new Destination(
            new InetSocketAddress(at, port),
            HostAddress.inUrl(address) + ":" + port,
            address,
            trusts().of(authority),
            target,
            headers,
            /* mayRedirect= */ false));
  }

  private static String address(JsonNode addresses) {
    for (JsonNode each : addresses) {
      if (each.path("type").asText().equals("InternalIP")) {
        return each.path("address").asText();
      }
    }
    return "";
  }

  /// What a client proves itself with stays here.
  private static Headers headers(Request request) {
    Headers headers = new Headers();
    request
        .headers()
        .asMap()
        .forEach(
            (name, values) -> {
              if (!name.equals("authorization") && !name.startsWith("impersonate-")) {
                values.forEach(value -> headers.add(name, value));
              }
            });
    return headers;
  }

  private synchronized Trusts trusts() {
    Trusts made = trusts;
    Instant now = clock.instant();
    if (made == null || now.isAfter(madeAt.plus(RENEWED_EVERY))) {
      try {
        permit(admin);
        made = new Trusts(clock, client.identity());
      } catch (IOException e) {
        throw ApiException.unreasoned("error dialing backend: " + e.getMessage());
      }
      trusts = made;
      madeAt = now;
    }
    return made;
  }

  @Override
  public void close() {
    proxy.close();
  }

  /// What a node refuses in plain words becomes an error of the API.
  private record Worded(Response response) implements Response {
    @Override
    public void send(int status, Headers headers, List<ByteBuffer> body) {
      @Nullable String type = headers.first("content-type");
      if (status >= 400 && (type == null || type.startsWith("text/plain"))) {
        StringBuilder text = new StringBuilder();
        body.forEach(each -> text.append(StandardCharsets.UTF_8.decode(each.duplicate())));
        throw ApiException.ofCode(status, text.toString().strip());
      }
      response.send(status, headers, body);
    }

    @Override
    public BodyStream stream(int status, Headers headers) {
      return response.stream(status, headers);
    }

    @Override
    public WebSocket acceptWebSocket(String subprotocol) {
      return response.acceptWebSocket(subprotocol);
    }

    @Override
    public ByteDuplex acceptUpgrade(String protocol, Headers headers) {
      return response.acceptUpgrade(protocol, headers);
    }
  }
}
