// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Query;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.http.Response;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.streaming.NodeException;
import dev.havn.apiserver.streaming.PodSessions;
import dev.havn.node.stats.NodeStats;
import dev.havn.reconcile.Api;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The API of one node, as a kubelet has it, for whoever may ask.
///
/// @param api of the node's own user
/// @param since when the node is there
record KubeletPages(
    String node,
    Api api,
    NodeStats stats,
    PodSessions sessions,
    NodeAdapter containers,
    Instant since) {
  private static final String TEXT = "text/plain; charset=utf-8";
  private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";
  private static final Map<String, String> SESSIONS =
      Map.of(
          "containerLogs", "log", "exec", "exec", "attach", "attach", "portForward", "portforward");

  /// @param path below the node's own root
  void serve(String path, Request request, Response response) {
    try {
      String[] parts = path.replaceFirst("^/+", "").split("/", -1);
      if (SESSIONS.containsKey(parts[0])) {
        session(SESSIONS.getOrDefault(parts[0], ""), parts, request, response);
      } else if (parts[0].equals("run")) {
        run(parts, request, response);
      } else {
        page(path.replaceFirst("/+$", ""), request, response);
      }
    } catch (ApiException e) {
      send(response, e.code(), TEXT, e.getMessage() + "\n");
    } catch (NodeException e) {
      send(response, e.status(), TEXT, e.getMessage() + "\n");
    }
  }

  private void page(String path, Request request, Response response) {
    if (!List.of("GET", "HEAD").contains(request.method())) {
      throw ApiException.ofCode(405, "405: Method Not Allowed");
    }
    // As a kubelet says that was told to have no such pages.
    if (path.matches("/logs(/.*)?")) {
      throw ApiException.ofCode(405, "logs endpoint is disabled.");
    }
    if (path.matches("/debug/pprof(/.*)?")) {
      throw ApiException.ofCode(405, "profiling endpoint is disabled.");
    }
    switch (path) {
      case "/healthz", "/healthz/ping", "/healthz/syncloop" -> send(response, 200, TEXT, "ok");
      case "/pods", "/runningpods" -> send(response, 200, "application/json", pods().toString());
      case "/stats/summary" ->
          send(response, 200, "application/json", summary(request).toPrettyString());
      case "/configz" -> send(response, 200, "application/json", configuration().toString());
      case "/metrics" -> send(response, 200, METRICS, stats.metrics(items()));
      case "/metrics/resource" -> send(response, 200, METRICS, stats.resourceMetrics(items()));
      case "/metrics/probes" -> send(response, 200, METRICS, stats.probeMetrics());
      case "/metrics/cadvisor" -> send(response, 200, METRICS, stats.containerMetrics(items()));
      default -> send(response, 404, TEXT, "404: Page Not Found\n");
    }
  }

  private ObjectNode summary(Request request) {
    return "true".equals(request.query().first("only_cpu_and_memory"))
        ? stats.use(items(), since)
        : stats.summary(items(), since);
  }

  private ObjectNode pods() {
    JsonNode list;
    try {
      list = api.get("/api/v1/pods?fieldSelector=spec.nodeName%3D" + encoded(node));
    } catch (Api.RefusedException | UncheckedIOException e) {
      throw ApiException.ofCode(
          500, "the API server does not say which pods are here: " + e.getMessage());
    }
    ObjectNode pods = Api.object().put("kind", "PodList").put("apiVersion", "v1");
    pods.putObject("metadata");
    pods.set("items", list.path("items"));
    return pods;
  }

  private JsonNode items() {
    return pods().path("items");
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  /// What a kubelet would have been told to be as this node is.
  private ObjectNode configuration() {
    ObjectNode configuration = Api.object();
    ObjectNode kubelet = configuration.putObject("kubeletconfig");
    kubelet.put("kind", "KubeletConfiguration").put("apiVersion", "kubelet.config.k8s.io/v1beta1");
    kubelet.putObject("authentication").putObject("anonymous").put("enabled", false);
    kubelet.putObject("authorization").put("mode", "Webhook");
    kubelet.put("clusterDomain", "cluster.local").put("maxPods", 110);
    kubelet.put("serializeImagePulls", false).put("maxParallelImagePulls", 4);
    kubelet.put("imagePullCredentialsVerificationPolicy", "NeverVerifyPreloadedImages");
    return configuration;
  }

  /// @param parts `exec/NAMESPACE/POD/CONTAINER`, before the container possibly the pod's uid
  private void session(String session, String[] parts, Request request, Response response) {
    boolean ofPod = session.equals("portforward");
    int least = ofPod ? 3 : 4;
    boolean withUid = parts.length == least + 1 && !session.equals("log");
    if (parts.length != least && !withUid) {
      throw ApiException.ofCode(404, "404: Page Not Found");
    }
    ObjectNode pod = pod(parts[1], parts[2], withUid ? parts[3] : "");
    Map<String, List<String>> query = new HashMap<>(request.query().values());
    if (!ofPod) {
      String container = parts[parts.length - 1];
      require(pod, container);
      query.put("container", List.of(container));
      rename(query, "input", "stdin");
      rename(query, "output", "stdout");
      rename(query, "error", "stderr");
    }
    sessions.serve(session, new Renamed(request, new Query(query)), pod, response);
  }

  private static void rename(Map<String, List<String>> query, String from, String to) {
    if (query.containsKey(from)) {
      query.put(to, query.getOrDefault(from, List.of()));
    }
  }

  /// Looked for among the node's own: of others it may not even know whether they are there.
  private ObjectNode pod(String namespace, String name, String uid) {
    for (JsonNode each : items()) {
      JsonNode metadata = each.path("metadata");
      boolean meant =
          metadata.path("namespace").asText().equals(namespace)
              && metadata.path("name").asText().equals(name)
              && (uid.isEmpty() || metadata.path("uid").asText().equals(uid));
      if (meant && each instanceof ObjectNode pod) {
        return pod;
      }
    }
    throw ApiException.ofCode(404, "pod does not exist");
  }

  private static void require(ObjectNode pod, String container) {
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      for (JsonNode each : pod.path("spec").path(list)) {
        if (each.path("name").asText().equals(container)) {
          return;
        }
      }
    }
    throw ApiException.ofCode(
        404,
        "container \"%s\" not found in pod \"%s\""
            .formatted(container, pod.path("metadata").path("name").asText()));
  }

  /// Runs a command to its end and answers with what it wrote.
  private void run(String[] parts, Request request, Response response) {
    if (!request.method().equals("POST") || parts.length < 4 || parts.length > 5) {
      throw ApiException.ofCode(404, "404: Page Not Found");
    }
    ObjectNode pod = pod(parts[1], parts[2], parts.length == 5 ? parts[3] : "");
    String command = request.query().first("cmd");
    if (command == null || command.isBlank()) {
      throw ApiException.ofCode(400, "cmd is missing");
    }
    byte[] written =
        containers.run(pod, parts[parts.length - 1], List.of(command.strip().split("\\s+")));
    response.send(200, new Headers().set("content-type", TEXT), List.of(ByteBuffer.wrap(written)));
  }

  static void send(Response response, int status, String type, String text) {
    response.send(
        status,
        new Headers().set("content-type", type),
        List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  /// Refuses a request, and says when it may come again where that is known.
  static void refuse(Response response, ApiException refused, String type, String text) {
    Headers headers = new Headers().set("content-type", type);
    int wait = refused.status().path("details").path("retryAfterSeconds").asInt();
    if (wait > 0) {
      headers.set("retry-after", String.valueOf(wait));
    }
    response.send(
        refused.code(), headers, List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  /// A request whose parameters have other names.
  private record Renamed(Request request, Query query) implements Request {
    @Override
    public String method() {
      return request.method();
    }

    @Override
    public String path() {
      return request.path();
    }

    @Override
    public Headers headers() {
      return request.headers();
    }

    @Override
    public byte[] body(int bytes_max) {
      return request.body(bytes_max);
    }

    @Override
    public InputStream bodyStream() {
      return request.bodyStream();
    }

    @Override
    public Credential credential() {
      return request.credential();
    }

    @Override
    public String remoteAddress() {
      return request.remoteAddress();
    }
  }
}
