// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.havn.reconcile.RealTime;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ExtendersTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();
  private static final String ENDLESS = "on and on";
  private static final Duration LONG = Duration.ofMinutes(1);

  private final RealTime executor = new RealTime();

  /// By path: what is answered, or null for an answer that never comes.
  private final Map<String, String> answers = new ConcurrentHashMap<>();

  private final Map<String, JsonNode> asked = new ConcurrentHashMap<>();
  private final List<Extenders> open = new ArrayList<>();
  private HttpServer server;
  private String url;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    url = "http://127.0.0.1:" + server.getAddress().getPort();
  }

  @AfterEach
  void end() {
    open.forEach(Extenders::close);
    server.stop(0);
    executor.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    asked.put(path, JSON.readTree(exchange.getRequestBody()));
    String answer = answers.get(path);
    if (answer == null) {
      return;
    }
    if (answer.equals(ENDLESS)) {
      writeOnAndOn(exchange);
      return;
    }
    int code = answer.isEmpty() ? 500 : 200;
    byte[] body = answer.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(code, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  /// Until nobody reads it any more.
  private static void writeOnAndOn(HttpExchange exchange) throws IOException {
    byte[] piece = new byte[1 << 20];
    exchange.sendResponseHeaders(200, 0);
    for (int i = 0; i < 1_000; i++) {
      exchange.getResponseBody().write(piece);
    }
  }

  private static JsonNode tree(Object model) {
    try {
      return JSON.readTree(MODELS.asJson(model));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private ExtenderSettings extender(String at, boolean knowsNodes, boolean ignorable) {
    return new ExtenderSettings(
        url + at,
        new ExtenderSettings.Verbs("filter", "prioritize", "preempt", "bind"),
        5,
        false,
        ExtenderSettings.Identity.NONE,
        LONG,
        knowsNodes,
        Set.of(),
        ignorable);
  }

  private Extenders extenders(ExtenderSettings... settings) {
    Extenders extenders = new Extenders(List.of(settings), ExtendersTest::tree, executor);
    open.add(extenders);
    return extenders;
  }

  private static Node node(String name) {
    return new NodeBuilder().withNewMetadata().withName(name).endMetadata().build();
  }

  private static final List<Node> NODES = List.of(node("one"), node("two"), node("three"));

  private static Pod pod(String name, String resource) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withNamespace("default")
        .withUid("uid-" + name)
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("c")
        .withNewResources()
        .addToLimits(resource, new Quantity("1"))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }

  private static final Pod POD = pod("web", "cpu");

  private static Verdict choose(Extenders extenders) {
    return extenders.choose(POD, tree(POD), NODES);
  }

  @Test
  void oneThatKnowsNodesHearsTheirNamesAndSaysWhichWillNotDo() {
    answers.put(
        "/a/filter",
        """
        {"nodenames": ["three"], "failedNodes": {"one": "too hot", "two": "too hot"},
         "FailedAndUnresolvableNodes": {"two": "too far"}}
        """);
    answers.put("/a/prioritize", "[]");
    Verdict verdict = choose(extenders(extender("/a/", true, false)));
    assertThat(verdict.refused())
        .isEqualTo(
            Map.of(
                "one", new Refusal("Extender", List.of("too hot"), true),
                "two", new Refusal("Extender", List.of("too far"), false)));
    JsonNode question = asked.get("/a/filter");
    assertThat(question.path("Pod").path("metadata").path("name").asText()).isEqualTo("web");
    assertThat(question.path("Nodes").isNull()).isTrue();
    assertThat(question.path("NodeNames").toString()).isEqualTo("[\"one\",\"two\",\"three\"]");
    assertThat(asked).as("one node is left").doesNotContainKey("/a/prioritize");
  }

  @Test
  void oneThatDoesNotHearsAllOfThemAndItsScoresAreWeighed() {
    answers.put(
        "/a/filter",
        "{\"Nodes\": {\"items\": [{\"metadata\": {\"name\": \"one\"}}, {\"metadata\": {\"name\": \"two\"}}]}}");
    answers.put(
        "/a/prioritize", "[{\"Host\": \"one\", \"Score\": 3}, {\"host\": \"two\", \"score\": 7}]");
    Verdict verdict = choose(extenders(extender("/a", false, false)));
    assertThat(verdict.scores()).isEqualTo(Map.of("one", 150L, "two", 350L));
    assertThat(verdict.refused())
        .as("nothing is said of a node that is merely left out")
        .isEqualTo(Map.of("three", new Refusal("Extender", List.of(), false)));
    assertThat(asked.get("/a/filter").path("NodeNames").isNull()).isTrue();
    assertThat(asked.get("/a/filter").path("Nodes").path("items").findValuesAsText("name"))
        .containsExactly("one", "two", "three");
    assertThat(asked.get("/a/prioritize").path("Nodes").path("items").findValuesAsText("name"))
        .containsExactly("one", "two");
  }

  @Test
  void theNextHearsOfWhatIsLeftAndThoseThatMayBeMissedComeLast() {
    answers.put("/a/filter", "{\"NodeNames\": [\"one\"]}");
    answers.put("/b/filter", "{\"NodeNames\": [\"one\", \"two\"]}");
    choose(extenders(extender("/a", true, true), extender("/b", true, false)));
    assertThat(asked.get("/b/filter").path("NodeNames")).hasSize(3);
    assertThat(asked.get("/a/filter").path("NodeNames")).hasSize(2);
  }

  @Test
  void whatIsWrongIsSaidAsKubeSchedulerSaysIt() throws IOException {
    answers.put("/code/filter", "");
    answers.put("/error/filter", "{\"Error\": \"no map of the cluster\"}");
    answers.put("/stranger/filter", "{\"NodeNames\": [\"four\"]}");
    answers.put("/words/filter", "hello");
    assertThatThrownBy(() -> choose(extenders(extender("/words", true, false))))
        .hasMessage("invalid character 'h' looking for beginning of value");
    assertThatThrownBy(() -> choose(extenders(extender("/code", true, false))))
        .isInstanceOf(ExtenderException.class)
        .hasMessage("failed filter with extender at URL " + url + "/code/filter, code 500");
    assertThatThrownBy(() -> choose(extenders(extender("/error", true, false))))
        .hasMessage("no map of the cluster");
    assertThatThrownBy(() -> choose(extenders(extender("/stranger", true, false))))
        .hasMessage(
            "extender \""
                + url
                + "/stranger\" claims a filtered node \"four\" which is not found in the input node list");
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    url = "http://127.0.0.1:" + closed;
    assertThatThrownBy(() -> choose(extenders(extender("", true, false))))
        .hasMessage(
            "Post \"%s/filter\": dial tcp 127.0.0.1:%d: connect: connection refused"
                .formatted(url, closed));
  }

  @Test
  void anAnswerThatDoesNotComeIsNotWaitedFor() {
    ExtenderSettings patient = extender("/silent", true, false);
    ExtenderSettings hasty =
        new ExtenderSettings(
            patient.url(),
            patient.verbs(),
            1,
            false,
            patient.identity(),
            Duration.ofMillis(50),
            true,
            Set.of(),
            false);
    assertThatThrownBy(() -> choose(extenders(hasty)))
        .hasMessage(
            "Post \""
                + url
                + "/silent/filter\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)");
  }

  @Test
  void oneThatMayBeMissedIsAndScoresThatDoNotComeAreNoFailure() {
    answers.put("/a/filter", "");
    answers.put("/a/prioritize", "");
    Verdict verdict = choose(extenders(extender("/a", true, true)));
    assertThat(verdict).isEqualTo(new Verdict(Map.of(), Map.of()));
  }

  @Test
  void anAnswerWithoutEndIsGivenUp() {
    answers.put("/a/filter", ENDLESS);
    assertThatThrownBy(() -> choose(extenders(extender("/a", true, false))))
        .isInstanceOf(ExtenderException.class)
        .hasMessageStartingWith("Post \"" + url + "/a/filter\": ");
  }

  @Test
  void podsWithoutItsResourcesAreNotItsBusiness() {
    ExtenderSettings all = extender("/a", true, false);
    Extenders extenders =
        extenders(
            new ExtenderSettings(
                all.url(),
                all.verbs(),
                1,
                false,
                all.identity(),
                LONG,
                true,
                Set.of("example.com/gpu"),
                false));
    assertThat(extenders.choose(POD)).isFalse();
    assertThat(extenders.preempt(POD)).isFalse();
    assertThat(extenders.bind(POD, "one")).isFalse();
    assertThat(extenders.choose(pod("fast", "example.com/gpu"))).isTrue();
  }

  @Test
  void oneThatBindsDoesSoInTheSchedulersPlace() {
    answers.put("/a/bind", "{}");
    assertThat(extenders(extender("/a", true, false)).bind(POD, "one")).isTrue();
    assertThat(asked.get("/a/bind").toString())
        .isEqualTo(
            "{\"PodName\":\"web\",\"PodNamespace\":\"default\",\"PodUID\":\"uid-web\",\"Node\":\"one\"}");
    answers.put("/a/bind", "{\"Error\": \"taken\"}");
    assertThatThrownBy(() -> extenders(extender("/a", true, false)).bind(POD, "one"))
        .hasMessage("taken");
    assertThat(extenders(extender("/a", true, true)).bind(POD, "one"))
        .as("the scheduler binds where one that may be missed does not")
        .isFalse();
  }

  private static List<Clearing> clearings() {
    ClusterState cluster = new ClusterState();
    List<Clearing> clearings = new ArrayList<>();
    for (String each : List.of("one", "two")) {
      cluster.put(node(each));
      PodFacts low = PodFacts.of(pod("low-" + each, "cpu"));
      cluster.put(low, each);
      cluster.put(PodFacts.of(pod("other-" + each, "cpu")), each);
      clearings.add(
          new Clearing(Candidate.of(Objects.requireNonNull(cluster.node(each)), List.of(low), 0)));
    }
    return clearings;
  }

  private static List<Candidate> clear(Extenders extenders) {
    return extenders.preempt(POD, tree(POD), clearings());
  }

  @Test
  void oneHasASayInWhoGoes() {
    answers.put(
        "/a/preempt",
        "{\"NodeNameToMetaVictims\": {\"two\": {\"Pods\": [{\"UID\": \"uid-other-two\"}], \"NumPDBViolations\": 2}}}");
    List<Candidate> left = clear(extenders(extender("/a", true, false)));
    assertThat(left).hasSize(1);
    assertThat(left.getFirst().node().name()).isEqualTo("two");
    assertThat(left.getFirst().victims()).extracting(PodFacts::name).containsExactly("other-two");
    assertThat(left.getFirst().violations()).isEqualTo(2);
    assertThat(asked.get("/a/preempt").path("NodeNameToMetaVictims").path("one").toString())
        .isEqualTo("{\"Pods\":[{\"UID\":\"uid-low-one\"}],\"NumPDBViolations\":0}");
    assertThat(asked.get("/a/preempt").path("NodeNameToVictims").isNull()).isTrue();
  }

  @Test
  void whoDoesNotKnowNodesHearsOfVictimsWithAllThatIsKnown() {
    answers.put("/a/preempt", "{}");
    assertThat(clear(extenders(extender("/a", false, false)))).isEmpty();
    assertThat(
            asked
                .get("/a/preempt")
                .path("NodeNameToVictims")
                .path("one")
                .path("Pods")
                .findValuesAsText("uid"))
        .containsExactly("uid-low-one");
  }

  @Test
  void aVictimThatIsNotThereIsAMistake() {
    answers.put(
        "/a/preempt", "{\"NodeNameToMetaVictims\": {\"one\": {\"Pods\": [{\"UID\": \"uid-x\"}]}}}");
    assertThatThrownBy(() -> clear(extenders(extender("/a", true, false))))
        .hasMessage(
            "extender: "
                + url
                + "/a claims to preempt pod (UID: &{uid-x}) on node: one, but the pod is not found on that node");
    answers.put("/a/preempt", "{\"NodeNameToMetaVictims\": {\"one\": {\"Pods\": []}}}");
    assertThatThrownBy(() -> clear(extenders(extender("/a", true, false))))
        .hasMessage("expected at least one victim pod on node \"one\"");
  }
}
