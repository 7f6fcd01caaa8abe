// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.stats;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.pod.GoldenPods;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A pod with files on this disk, measured when the test says so.
class PodDiskMeterTest {
  private static final JsonNode POD =
      GoldenPods.tree(
          """
          metadata: {name: web, namespace: shop, uid: u1}
          spec:
            volumes:
            - {name: cache, emptyDir: {}}
            - {name: quick, emptyDir: {medium: Memory}}
            - {name: settings, configMap: {name: c}}
            - {name: data, persistentVolumeClaim: {claimName: d}}
            - {name: driven, persistentVolumeClaim: {claimName: e}}
            - {name: host, hostPath: {path: /}}
          """);

  @TempDir private Path folder;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final List<Runnable> walks = new ArrayList<>();

  private final ContainerRuntime runtime =
      (ContainerRuntime)
          Proxy.newProxyInstance(
              PodDiskMeterTest.class.getClassLoader(),
              new Class<?>[] {ContainerRuntime.class},
              (_, method, _) ->
                  switch (method.getName()) {
                    case "containers" -> List.of(container());
                    case "written" -> List.of(folder.resolve("upper"), folder.resolve("log"));
                    case "layerBytes" -> 0L;
                    default -> throw new UnsupportedOperationException(method.getName());
                  });

  private final PodDiskMeter meter = new PodDiskMeter(runtime, this::place, () -> now, walks::add);

  private Container container() {
    return new Container("c", "web", 0, "i", "i", now, null, 0, false, folder.resolve("log"));
  }

  /// A driver measures its own.
  private Optional<Path> place(String uid, String volume) {
    return Optional.of(folder.resolve(volume)).filter(_ -> !volume.equals("driven"));
  }

  @BeforeEach
  void fill() throws IOException {
    for (String each : List.of("cache", "quick", "settings", "data", "host", "upper")) {
      Files.createDirectory(folder.resolve(each));
    }
    Files.write(folder.resolve("cache/large"), new byte[300_000]);
    Files.write(folder.resolve("upper/file"), new byte[100_000]);
    Files.writeString(folder.resolve("log"), "a line\n");
    Files.write(folder.resolve("log.1"), new byte[200_000]);
  }

  private PodDisk measured() {
    Optional<PodDisk> unused = meter.look(POD);
    walks.forEach(Runnable::run);
    walks.clear();
    return meter.look(POD).orElseThrow();
  }

  private static PodDisk.Use of(Map<String, PodDisk.Use> containers) {
    return containers.getOrDefault("web", PodDisk.Use.NONE);
  }

  @Test
  void volumesRootsAndLogsAreMeasuredApart() {
    PodDisk disk = measured();
    assertThat(disk.figures())
        .extracting(VolumeFigures::name)
        .containsExactly("cache", "quick", "settings", "data");
    assertThat(disk.figures()).extracting(VolumeFigures::claim).contains("shop/d");
    VolumeFigures cache = disk.figures().getFirst();
    assertThat(cache.bytes().used()).isBetween(300_000L, 400_000L);
    assertThat(cache.bytes().total()).isGreaterThan(cache.bytes().available());
    assertThat(cache.inodes().used()).isEqualTo(2);
    assertThat(of(disk.roots()).bytes()).isBetween(100_000L, 150_000L);
    assertThat(of(disk.logs()).bytes()).isBetween(200_007L, 250_000L);
    assertThat(of(disk.logs()).files()).isEqualTo(2);
  }

  @Test
  void whatGoesWithThePodIsItsEphemeralStorage() {
    PodDisk disk = measured();
    long all =
        of(disk.roots()).bytes()
            + of(disk.logs()).bytes()
            + disk.figures().get(0).bytes().used()
            + disk.figures().get(2).bytes().used();
    assertThat(disk.ephemeral().bytes()).isEqualTo(all);
  }

  @Test
  void nobodyWaitsAndAPodIsMeasuredOnceAMinute() throws IOException {
    assertThat(meter.look(POD)).as("before it is measured").isEmpty();
    assertThat(meter.look(POD)).isEmpty();
    assertThat(walks).hasSize(1);
    PodDisk first = measured();
    Files.write(folder.resolve("cache/more"), new byte[300_000]);
    now = now.plusSeconds(59);
    assertThat(measured()).isEqualTo(first);
    now = now.plusSeconds(1);
    assertThat(measured().figures().getFirst().inodes().used()).isEqualTo(3);
    meter.keep(Set.of("other"));
    assertThat(meter.look(POD)).as("a pod that was forgotten").isEmpty();
  }

  @Test
  void noPodIsMeasuredAnewBeforeItIsMeasured() {
    for (int minute = 0; minute < 3; minute++) {
      assertThat(meter.look(POD)).isEmpty();
      now = now.plusSeconds(60);
    }
    assertThat(walks).hasSize(1);
    PodDisk first = measured();
    now = now.plusSeconds(60);
    assertThat(measured().at()).isAfter(first.at());
  }
}
