// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A server whose scheduler asks an extender: what becomes of pods.
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ExtendedSchedulingTest {
  private static final String PODS = "/api/v1/namespaces/default/pods";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ALL = "all that it was asked about";
  private static final Duration WITHIN = Duration.ofMinutes(1);

  @TempDir private Path folder;
  private final Map<String, String> answers = new ConcurrentHashMap<>();
  private final Map<String, JsonNode> asked = new ConcurrentHashMap<>();
  private HttpServer extender;
  private Havn havn;
  private Api api;

  @BeforeEach
  void start() throws IOException {
    extender = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    extender.createContext("/", this::answer);
    extender.start();
    Path scheduler =
        Files.writeString(
            folder.resolve("scheduler.yaml"),
            """
            apiVersion: kubescheduler.config.k8s.io/v1
            kind: KubeSchedulerConfiguration
            podMaxBackoffSeconds: 1
            extenders:
            - urlPrefix: http://127.0.0.1:%d
              filterVerb: filter
              prioritizeVerb: prioritize
              preemptVerb: preempt
              weight: 100
              nodeCacheCapable: true
            """
                .formatted(extender.getAddress().getPort()));
    Path file =
        Files.writeString(
            folder.resolve("havn.yaml"),
            "{port: 0, nodes: 3, runtime: simulated, store: memory, kubeconfig: %s, scheduler-config: %s}"
                .formatted(folder.resolve("kubeconfig"), scheduler));
    havn = Havn.start(ConfigurationFile.read(file, Configuration.of(folder.resolve("data"))));
    havn.awaitReady();
    api = new Api(havn.cluster().client("admin", List.of("system:masters")));
  }

  @AfterEach
  void end() {
    if (havn != null) {
      havn.close();
    }
    extender.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    JsonNode question = JSON.readTree(exchange.getRequestBody());
    asked.put(path, question);
    byte[] body =
        answers
            .getOrDefault(path, "")
            .replace(ALL, question.path("NodeNames").toString())
            .getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(body.length == 0 ? 500 : 200, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  private List<String> nodes() {
    List<String> names = new ArrayList<>();
    api.get("/api/v1/nodes")
        .path("items")
        .forEach(each -> names.add(each.path("metadata").path("name").asText()));
    return names;
  }

  private static void await(String what, BooleanSupplier there) {
    Instant end = Instant.now().plus(WITHIN);
    while (!there.getAsBoolean()) {
      assertThat(Instant.now()).as(what).isBefore(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  private void create(String name, String more) {
    api.create(
        PODS,
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"},
         "spec": {%s "terminationGracePeriodSeconds": 0,
          "containers": [{"name": "c", "image": "example/any:1", "args": ["all", "of", "it"]}]}}
        """
            .formatted(name, more));
  }

  private JsonNode spec(String name) {
    return api.get(PODS + "/" + name).path("spec");
  }

  private String said(String name) {
    for (JsonNode each : api.get(PODS + "/" + name).path("status").path("conditions")) {
      if (each.path("type").asText().equals("PodScheduled")) {
        return each.path("reason").asText() + ": " + each.path("message").asText();
      }
    }
    return "";
  }

  private static String names(List<String> nodes) {
    return JSON.valueToTree(nodes).toString();
  }

  @Test
  void itsScoresDecideAmongNodesThatItLeaves() {
    List<String> nodes = nodes();
    answers.put("/filter", "{\"NodeNames\": " + names(List.of(nodes.get(1), nodes.get(2))) + "}");
    answers.put("/prioritize", "[{\"Host\": \"" + nodes.get(2) + "\", \"Score\": 10}]");
    for (int i = 0; i < 5; i++) {
      String name = "pod-" + i;
      create(name, "");
      await(name, () -> spec(name).path("nodeName").asText().equals(nodes.get(2)));
    }
    assertThat(
            asked.get("/filter").path("Pod").path("spec").path("containers").path(0).path("args"))
        .as("the whole pod is shown")
        .hasSize(3);
  }

  @Test
  void whatItRefusesIsSaidAndThePodIsPlacedWhenItNoLongerDoes() {
    List<String> nodes = nodes();
    answers.put(
        "/filter",
        "{\"NodeNames\": [], \"FailedNodes\": {\"%s\": \"too hot\", \"%s\": \"too hot\", \"%s\": \"too far\"}}"
            .formatted(nodes.get(0), nodes.get(1), nodes.get(2)));
    create("refused", "");
    await(
        "what was refused",
        () ->
            said("refused")
                .equals(
                    "Unschedulable: 0/3 nodes are available: 1 too far, 2 too hot. no new claims to"
                        + " deallocate, preemption: 0/3 nodes are available: 3 No preemption victims"
                        + " found for incoming pod."));
    answers.put("/filter", "{\"NodeNames\": " + names(nodes) + "}");
    // Whatever happens may help a pod that an extender refused.
    create("another", "");
    await("the first pod is placed", () -> spec("refused").has("nodeName"));
  }

  @Test
  void onceItFailsThePodWaitsWithAnErrorAndIsTriedAgain() {
    create("waits", "");
    String failure =
        "SchedulerError: failed filter with extender at URL http://127.0.0.1:%d/filter, code 500"
            .formatted(extender.getAddress().getPort());
    await("a failure", () -> said("waits").equals(failure));
    answers.put("/filter", "{\"NodeNames\": " + names(nodes()) + "}");
    await("the pod is placed", () -> spec("waits").has("nodeName"));
  }

  @Test
  void itChoosesWhoHasToGo() {
    List<String> nodes = nodes();
    answers.put("/filter", "{\"NodeNames\": " + ALL + "}");
    api.create(
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        "{\"apiVersion\": \"scheduling.k8s.io/v1\", \"kind\": \"PriorityClass\", \"metadata\": {\"name\": \"high\"}, \"value\": 1000}");
    for (int i = 0; i < 3; i++) {
      String holds = "port-" + i;
      api.create(PODS, port(holds, "", nodes.get(i)));
      await(holds, () -> spec(holds).has("nodeName"));
    }
    String chosen = api.get(PODS + "/port-1").path("metadata").path("uid").asText();
    answers.put(
        "/preempt",
        "{\"NodeNameToMetaVictims\": {\"%s\": {\"Pods\": [{\"UID\": \"%s\"}]}}}"
            .formatted(nodes.get(1), chosen));
    api.create(PODS, port("high", "\"priorityClassName\": \"high\",", ""));
    await(
        "the pod gets its place",
        () -> spec("high").path("nodeName").asText().equals(nodes.get(1)));
    assertThat(asked.get("/preempt").path("NodeNameToMetaVictims")).hasSize(3);
    assertThat(api.find(PODS + "/port-0")).isPresent();
    assertThat(api.find(PODS + "/port-1")).isEmpty();
  }

  /// A pod that nobody with the same port can stand beside.
  private static String port(String name, String more, String node) {
    String where =
        node.isEmpty() ? "" : "\"nodeSelector\": {\"kubernetes.io/hostname\": \"" + node + "\"},";
    return """
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"},
     "spec": {%s %s "terminationGracePeriodSeconds": 0,
      "containers": [{"name": "c", "image": "example/any:1", "ports": [{"containerPort": 80, "hostPort": 8080}]}]}}
    """
        .formatted(name, more, where);
  }
}
