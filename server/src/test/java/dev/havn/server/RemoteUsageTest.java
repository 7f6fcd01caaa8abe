// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.certificates.Authority;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import dev.havn.apiserver.usage.NodeUsage.NodeFigures;
import dev.havn.apiserver.usage.NodeUsage.PodFigures;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.RealTime;
import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(120)
class RemoteUsageTest {
  private static final Duration WINDOW = Duration.ofSeconds(15);
  private static final String FAR = "far";

  /// What a node says, and when its processor was measured.
  private static final String SUMMARY =
      """
      {"node": {"cpu": {"time": "%s", "usageNanoCores": 7}, "memory": {"workingSetBytes": 8}}}
      """;

  private final LateCaches late = new LateCaches();

  @AfterEach
  void close() {
    late.close();
  }

  private static JsonNode tree(String json) throws IOException {
    return new ObjectMapper().readTree(json);
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
        _ -> tree(SUMMARY.formatted("soon")));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void nothingIsKnownOfANodeThatDoesNotAnswerUntilItDoes(RemoteUsage.Source failure) {
    RemoteUsage.Source answer = _ -> tree(SUMMARY.formatted("2026-01-01T00:00:09Z"));
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
          return Api.object();
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

  private static RemoteUsage.Said read(String summary) throws IOException {
    return RemoteUsage.read(tree(summary));
  }

  @Test
  void thePodsFiguresAreThoseOfItsMeasuredContainersAndAsOldAsTheOldest() throws IOException {
    RemoteUsage.Said said =
        read(
            """
            {"node": {"nodeName": "n",
              "cpu": {"time": "2026-01-01T00:00:09Z", "usageNanoCores": 7, "usageCoreNanoSeconds": 1},
              "memory": {"time": "2026-01-01T00:00:09Z", "workingSetBytes": 8}},
             "pods": [
              {"podRef": {"name": "p", "namespace": "d", "uid": "u"}, "containers": [
                {"name": "a", "cpu": {"time": "2026-01-01T00:00:05Z", "usageNanoCores": 1},
                 "memory": {"workingSetBytes": 2}},
                {"name": "b", "cpu": {"time": "2026-01-01T00:00:04Z", "usageNanoCores": 3},
                 "memory": {"workingSetBytes": 4}},
                {"name": "fresh", "memory": {"workingSetBytes": 4}}]},
              {"podRef": {"name": "q", "namespace": "d", "uid": "v"}, "containers": [
                {"name": "fresh"}]}]}
            """);

    assertThat(said.node())
        .contains(new NodeFigures(Instant.parse("2026-01-01T00:00:09Z"), WINDOW, new Amount(7, 8)));
    assertThat(said.pods())
        .containsExactly(
            Map.entry(
                "u",
                new PodFigures(
                    Instant.parse("2026-01-01T00:00:04Z"),
                    WINDOW,
                    Map.of("a", new Amount(1, 2), "b", new Amount(3, 4)))));
  }

  @Test
  void aNodeThatHasMeasuredNothingHasNoFigures() throws IOException {
    RemoteUsage.Said said = read("{\"node\": {\"nodeName\": \"n\"}, \"pods\": []}");

    assertThat(said.node()).isEmpty();
    assertThat(said.pods()).isEmpty();
  }
}
