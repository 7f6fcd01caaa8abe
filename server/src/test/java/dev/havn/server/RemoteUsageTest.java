// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.RealTime;
import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class RemoteUsageTest {
  private static final Duration WINDOW = Duration.ofSeconds(15);
  private static final String FAR = "far";
  private static final int MANY = 8;

  /// What a node says, and when its processor was measured.
  private static final String SUMMARY =
      """
      {"node": {"cpu": {"time": "%s", "usageNanoCores": 7}, "memory": {"workingSetBytes": 8}}}
      """;

  private final LateCaches late = new LateCaches();
  private final String namespace = late.namespace();

  @AfterEach
  void close() {
    late.close();
  }

  private static byte[] json(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }

  /// A node elsewhere.
  private void join(String name) {
    Api api = late.api("admin");
    api.create(
        "/api/v1/nodes",
        "{\"apiVersion\": \"v1\", \"kind\": \"Node\", \"metadata\": {\"name\": \"%s\"}}"
            .formatted(name));
    ObjectNode change = Api.object();
    ObjectNode status = change.putObject("status");
    status.putObject("daemonEndpoints").putObject("kubeletEndpoint").put("Port", 10_250);
    status.putArray("addresses").addObject().put("type", "InternalIP").put("address", "127.0.0.1");
    status.putArray("conditions").addObject().put("type", "Ready").put("status", "True");
    api.merge("/api/v1/nodes/" + name + "/status", change);
  }

  private World world(ScheduledExecutorService executor) {
    return new World(late.cluster().time(), executor, new SecureRandom());
  }

  private RemoteUsage usage(RemoteUsage.Source source, ScheduledExecutorService executor) {
    return new RemoteUsage(late.informers(), source, Set.of("havn"), world(executor));
  }

  /// How a node may fail to say what it uses.
  static List<RemoteUsage.Source> failures() {
    return List.of(
        _ -> {
          throw new IOException("context deadline exceeded");
        },
        _ -> {
          throw new IllegalStateException("nobody has thought of this");
        },
        _ -> json("{\"node\": "),
        _ -> json(SUMMARY.formatted("soon")));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void nothingIsKnownOfANodeThatDoesNotAnswerUntilItDoes(RemoteUsage.Source failure) {
    RemoteUsage.Source answer = _ -> json(SUMMARY.formatted(late.cluster().now()));
    AtomicReference<RemoteUsage.Source> says = new AtomicReference<>(answer);
    join(FAR);
    try (RemoteUsage usage = usage(node -> says.get().summary(node), late.cluster().time())) {
      late.catchUp();
      assertThat(usage.ofNode(FAR)).isPresent();
      says.set(failure);
      late.cluster().advance(RemoteUsage.EVERY);
      assertThat(usage.ofNode(FAR)).isEmpty();
      says.set(answer);
      late.cluster().advance(RemoteUsage.EVERY);
      assertThat(usage.ofNode(FAR)).isPresent();
      says.set(failure);
      late.client().nodes().withName(FAR).delete();
      late.catchUp();
      assertThat(usage.ofNode(FAR)).isEmpty();
    }
  }

  @Test
  void nodesThatHangHoldUpNoOther() {
    CompletableFuture<Void> asked = new CompletableFuture<>();
    CompletableFuture<Void> end = new CompletableFuture<>();
    for (int i = 0; i < RemoteUsage.ASKED_AT_ONCE / 2; i++) {
      join("hangs-" + i);
    }
    join("last");
    RemoteUsage.Source source =
        node -> {
          if (node.equals("last")) {
            asked.complete(null);
          } else {
            end.join();
          }
          return json("{}");
        };
    try (RealTime executor = new RealTime();
        RemoteUsage _ = usage(source, executor)) {
      try {
        late.catchUp();
        asked.orTimeout(30, TimeUnit.SECONDS).join();
      } finally {
        end.complete(null);
      }
    }
  }

  /// Whoever reads looks at the clock, where he is held up until all others wait.
  @Test
  void whatTwoNodesSayIsReadAtATime() {
    for (int i = 0; i < MANY; i++) {
      join("far-" + i);
    }
    Instant now = late.cluster().now();
    CompletableFuture<Void> end = new CompletableFuture<>();
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    ThreadLocal<Boolean> answered = ThreadLocal.withInitial(() -> false);
    AtomicInteger readers = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    InstantSource clock =
        () -> {
          if (answered.get()) {
            answered.set(false);
            most.accumulateAndGet(readers.incrementAndGet(), Math::max);
            end.join();
            readers.decrementAndGet();
          }
          return now;
        };
    RemoteUsage.Source source =
        _ -> {
          answered.set(true);
          threads.add(Thread.currentThread());
          return json(SUMMARY.formatted(now));
        };
    try (RealTime executor = new RealTime();
        RemoteUsage usage =
            new RemoteUsage(
                late.informers(),
                source,
                Set.of("havn"),
                new World(clock, executor, new SecureRandom()))) {
      try {
        late.catchUp();
        awaitThat(
            () ->
                threads.size() == MANY
                    && threads.stream().allMatch(each -> each.getState() == Thread.State.WAITING));
        assertThat(most.get()).isEqualTo(RemoteUsage.READ_AT_ONCE).isEqualTo(2);
      } finally {
        end.complete(null);
      }
      awaitThat(() -> usage.ofNode("far-" + (MANY - 1)).isPresent());
    }
  }

  /// Until the test's time is over.
  private static void awaitThat(BooleanSupplier holds) {
    while (!holds.getAsBoolean()) {
      assertThat(Thread.currentThread().isInterrupted()).as("in vain").isFalse();
      Thread.onSpinWait();
    }
  }

  @Test
  void whoIsNotThereOrSaysThatItIsHereIsNotAsked(@TempDir Path folder) throws IOException {
    join(FAR);
    VirtualTime time = late.cluster().time();
    Authority authority = Authority.open(folder, time, new SecureRandom());
    try (RemoteNodes nodes =
        new RemoteNodes(
            late.api("admin"),
            authority.certificate(),
            () -> {
              throw new IOException("nobody is to be shown anything");
            },
            time,
            time)) {
      assertThatThrownBy(() -> nodes.summary("nobody"))
          .isInstanceOf(IOException.class)
          .hasMessage("there is none, or it says no address");
      assertThatThrownBy(() -> nodes.summary(FAR))
          .isInstanceOf(IOException.class)
          .hasMessage("address not allowed");
    }
  }

  /// A pod with the containers `a` and `b`.
  private ObjectNode pod(String name, String node) throws IOException {
    Api api = late.api("admin");
    String pods = "/api/v1/namespaces/" + namespace + "/pods";
    api.create(
        pods,
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "%s"},
         "spec": {"nodeName": "%s", "containers": [
          {"name": "a", "image": "example/c:1"}, {"name": "b", "image": "example/c:1"}]}}
        """
            .formatted(name, node));
    return (ObjectNode) api.get(pods + "/" + name);
  }

  /// What a node says of a pod.
  private static String said(ObjectNode pod, String uid, String... containers) {
    return """
        {"podRef": {"name": "%s", "namespace": "%s", "uid": "%s"}, "containers": [%s]}"""
        .formatted(
            pod.at("/metadata/name").asText(),
            pod.at("/metadata/namespace").asText(),
            uid,
            String.join(",", containers));
  }

  private static String uid(ObjectNode pod) {
    return pod.at("/metadata/uid").asText();
  }

  private static String container(String name, Object time, String cpu, String memory) {
    return """
        {"name": "%s", "cpu": {"time": "%s", "usageNanoCores": %s},
         "memory": {"workingSetBytes": %s}}"""
        .formatted(name, time, cpu, memory);
  }

  private static String pods(String... pods) {
    return "{\"pods\": [" + String.join(",", pods) + "]}";
  }

  /// What is known after the node has said this.
  private RemoteUsage after(String summary) {
    join(FAR);
    RemoteUsage usage = usage(_ -> json(summary), late.cluster().time());
    late.catchUp();
    return usage;
  }

  @Test
  void thePodsFiguresAreThoseOfItsMeasuredContainersAndAsOldAsTheOldest() throws IOException {
    Instant now = late.cluster().now();
    ObjectNode p = pod("p", FAR);
    ObjectNode q = pod("q", FAR);
    String summary =
        pods(
            said(
                p,
                uid(p),
                container("a", now.minusSeconds(4), "1", "2"),
                container("b", now.minusSeconds(5), "3", "4")),
            said(q, uid(q), "{\"name\": \"a\", \"memory\": {\"workingSetBytes\": 4}}"));
    try (RemoteUsage usage = after(summary)) {
      assertThat(usage.ofPod(p))
          .contains(
              new PodFigures(
                  now.minusSeconds(5),
                  WINDOW,
                  Map.of("a", new Amount(1, 2), "b", new Amount(3, 4))));
      assertThat(usage.ofPod(q)).isEmpty();
    }
  }

  @Test
  void aNodesFiguresAreAsItSaysThem() {
    Instant now = late.cluster().now();
    try (RemoteUsage usage = after(SUMMARY.formatted(now))) {
      assertThat(usage.ofNode(FAR)).contains(new NodeFigures(now, WINDOW, new Amount(7, 8)));
    }
  }

  @Test
  void aNodeThatHasMeasuredNothingHasNoFigures() {
    try (RemoteUsage usage = after("{\"node\": {\"nodeName\": \"far\"}, \"pods\": []}")) {
      assertThat(usage.ofNode(FAR)).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 1",
    "1, -1",
    "9007199254740993, 1",
    "1, 9007199254740993",
    "1, 18446744073709551617",
    "1.5, 1",
    "1, '\"1\"'"
  })
  void anAmountThatCannotBeIsNotMeasured(String cpu, String memory) throws IOException {
    Instant now = late.cluster().now();
    ObjectNode p = pod("p", FAR);
    String summary =
        pods(
            said(
                p,
                uid(p),
                container("a", now, cpu, memory),
                container("b", now, "9007199254740992", "0")));
    try (RemoteUsage usage = after(summary)) {
      assertThat(usage.ofPod(p))
          .contains(new PodFigures(now, WINDOW, Map.of("b", new Amount(1L << 53, 0))));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "+1000000000-12-31T23:59:59Z",
        "-1000000000-01-01T00:00:00Z",
        "2001-01-01T00:00:00Z",
        "2099-01-01T00:00:00Z",
        ""
      })
  void whatWasMeasuredAtAnotherTimeThanNowIsNotMeasured(String time) throws IOException {
    ObjectNode p = pod("p", FAR);
    try (RemoteUsage usage = after(pods(said(p, uid(p), container("a", time, "1", "2"))))) {
      assertThat(usage.ofPod(p)).isEmpty();
    }
  }

  @Test
  void clocksMayBeMinutesApart() throws IOException {
    ObjectNode p = pod("p", FAR);
    Instant now = late.cluster().now();
    String summary =
        pods(
            said(
                p,
                uid(p),
                container("a", now.minusSeconds(299), "1", "2"),
                container("b", now.plusSeconds(299), "1", "2")));
    try (RemoteUsage usage = after(summary)) {
      assertThat(usage.ofPod(p).orElseThrow().containers()).hasSize(2);
    }
  }

  @Test
  void aNodeSaysNothingOfPodsThatAreNotItsOwn() throws IOException {
    Instant now = late.cluster().now();
    ObjectNode own = pod("own", FAR);
    ObjectNode others = pod("others", "havn");
    String a = container("a", now, "1", "2");
    String summary =
        pods(
            said(own, "former", a),
            said(others, uid(others), a),
            said(Api.object(), "made-up", a),
            said(own, uid(own), a, container("made-up", now, "1", "2")),
            "{}");
    try (RemoteUsage usage = after(summary)) {
      assertThat(usage.known(FAR)).containsExactly(uid(own));
      assertThat(usage.ofPod(own).orElseThrow().containers()).containsOnlyKeys("a");
    }
  }

  @Test
  void sumsDoNotOverflow() {
    Amount most = new Amount(Long.MAX_VALUE, 1);
    assertThat(most.plus(new Amount(1, Long.MAX_VALUE)))
        .isEqualTo(new Amount(Long.MAX_VALUE, Long.MAX_VALUE));
    assertThat(new Amount(1, 2).plus(new Amount(3, 4))).isEqualTo(new Amount(4, 6));
  }
}
