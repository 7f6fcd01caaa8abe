// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.kernel.CgroupReader;
import dev.havn.node.kernel.Consumption;
import dev.havn.node.kernel.FileSystemFigures.Space;
import dev.havn.node.kernel.NetworkCounters;
import dev.havn.node.pod.GoldenPods;
import dev.havn.node.pod.OwnUsersCount;
import dev.havn.node.pod.ProbeCounts;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.usage.UsageMeter;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// One pod, and what the kernel counts of it in both versions of control groups, as files.
class KernelCountersTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Instant NOW = START.plus(Duration.ofSeconds(10));
  private static final Space SPACE = new Space(1_000_000, 600_000, 500_000, 1_000, 900);
  private static final JsonNode PODS =
      Api.object()
          .putArray("items")
          .add(
              GoldenPods.tree(
                  """
                  metadata: {name: web, namespace: shop, uid: u1}
                  spec: {containers: [{name: web}]}
                  status: {startTime: "2026-01-01T00:00:00Z"}
                  """));

  @TempDir private Path folder;

  /// Whether the runtime has control groups.
  private boolean hasGroups = true;

  private final List<Runnable> walks = new ArrayList<>();

  private final ContainerRuntime runtime =
      (ContainerRuntime)
          Proxy.newProxyInstance(
              KernelCountersTest.class.getClassLoader(),
              new Class<?>[] {ContainerRuntime.class},
              (_, method, arguments) ->
                  switch (method.getName()) {
                    case "features" -> EnumSet.of(Feature.USAGE);
                    case "containers" ->
                        List.of(
                            new Container(
                                "u1-web-0",
                                "web",
                                0,
                                "docker.io/library/web:1",
                                "i",
                                START,
                                null,
                                0,
                                false,
                                Path.of("/dev/null")));
                    case "consumption" -> Optional.of(new Consumption(1_500_000_000, 9_437_184));
                    case "written" -> List.of();
                    case "cgroup" ->
                        hasGroups
                            ? Optional.of(group((String) arguments[0], (String) arguments[1]))
                            : Optional.empty();
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private static String group(String uid, String container) {
    return "havn" + (uid.isEmpty() ? "" : "/u1") + (container.isEmpty() ? "" : "/web-0");
  }

  private NodeStats stats() {
    return new NodeStats(
        "n1",
        runtime,
        new UsageMeter(runtime, () -> NOW),
        new Counters(
            runtime,
            new CgroupReader(folder.resolve("cgroup")),
            new NetworkCounters(folder.resolve("proc")),
            null),
        new ProbeCounts(),
        new OwnUsersCount(),
        _ -> List.<VolumeFigures>of(),
        new PodDiskMeter(runtime, (_, _) -> Optional.empty(), () -> NOW, walks::add),
        folder,
        () -> NOW);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = KernelCountersTest.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void unpack(String name) throws IOException {
    for (String part : resource(name + ".cgroups.txt").split("=== ", -1)) {
      String[] file = part.split("\n", 2);
      if (file.length == 2) {
        Path path = folder.resolve(file[0]);
        Files.createDirectories(path.getParent());
        Files.writeString(path, file[1]);
      }
    }
  }

  private static void check(String name, String actual) throws IOException {
    String golden = System.getProperty("havn.golden");
    if (golden == null) {
      assertThat(actual).isEqualTo(resource(name));
    } else {
      Files.writeString(Path.of(golden).resolve(name), actual);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"version-one", "version-two"})
  void theSummaryTellsWhatTheKernelCounts(String version) throws IOException {
    unpack(version);
    ObjectNode summary = new Summary(stats(), SPACE, NOW).of(PODS, START);
    ObjectNode shown = Api.object();
    shown.set("systemContainers", summary.at("/node/systemContainers"));
    shown.set("network", summary.at("/node/network"));
    shown.set("fs", summary.at("/node/fs"));
    shown.set("runtime", summary.at("/node/runtime"));
    shown.set("pods", summary.path("pods"));
    check(version + ".summary.json", shown.toPrettyString() + "\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"version-one", "version-two"})
  void metricsTellWhatTheKernelCounts(String version) throws IOException {
    unpack(version);
    String metrics =
        new ContainerMetrics(stats(), "/dev/vda", NOW)
            .of(PODS)
            .lines()
            .filter(line -> !line.startsWith("# HELP") && !line.startsWith("machine_"))
            .collect(Collectors.joining("\n", "", "\n"));
    check(version + ".metrics.txt", metrics);
  }

  @Test
  void aRuntimeWithoutControlGroupsTellsWhatItHasAndNoMore() throws IOException {
    unpack("version-one");
    hasGroups = false;
    JsonNode pod = new Summary(stats(), SPACE, NOW).of(PODS, START).path("pods").get(0);
    assertThat(pod.at("/containers/0/memory").toString())
        .isEqualTo("{\"time\":\"2026-01-01T00:00:10Z\",\"workingSetBytes\":9437184}");
    assertThat(pod.at("/cpu/usageNanoCores").asLong()).isEqualTo(150_000_000);
    assertThat(pod.has("network") || pod.has("process_stats") || pod.has("swap")).isFalse();
    String metrics = new ContainerMetrics(stats(), "/dev/vda", NOW).of(PODS);
    assertThat(metrics)
        .contains(
            "container_cpu_usage_seconds_total{container=\"web\",cpu=\"total\",id=\"/kubepods")
        .doesNotContain("container_memory_rss{container=\"web\"");
  }

  @Test
  void whoAsksForProcessorAndMemoryOnlyIsToldNoMoreAndNoDiskIsWalkedForIt() throws IOException {
    unpack("version-two");
    ObjectNode summary = stats().use(PODS, START);
    assertThat(names(summary.path("node")))
        .contains("nodeName", "systemContainers", "startTime", "swap")
        .doesNotContain("network", "fs", "runtime", "rlimit");
    JsonNode pod = summary.path("pods").get(0);
    assertThat(names(pod))
        .containsExactlyInAnyOrder("podRef", "startTime", "containers", "cpu", "memory", "swap");
    assertThat(names(pod.at("/containers/0")))
        .containsExactlyInAnyOrder("name", "startTime", "cpu", "memory", "swap");
    assertThat(walks).isEmpty();
    ObjectNode all = new Summary(stats(), SPACE, NOW).of(PODS, START);
    assertThat(names(all.path("node"))).contains("network", "fs", "runtime", "rlimit");
    assertThat(walks).hasSize(1);
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
