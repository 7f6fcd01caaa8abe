// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.image.ImageStore;
import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A runtime in a folder of its own, and what tests do with it. A runtime that cannot do something
/// says so by its features; then the test that needs it is skipped.
@Timeout(180)
abstract class RuntimeFixture {
  protected static final InstantSource CLOCK = InstantSource.system();

  /// Of Ethernet.
  static final int MTU_BYTES = 1_500;

  /// Of a pod, where the runtime counts them.
  protected static final int PROCESSES_MAX = 64;

  @TempDir protected Path folder;
  protected ImageStore images;
  protected ContainerRuntime runtime;
  protected final TestPods pods = new TestPods();
  protected final ScheduledExecutorService executor = Executors.newScheduledThreadPool(2);
  protected final NodeId id = new NodeId(UUID.randomUUID().toString().substring(0, 8), 0);

  /// Opens the runtime over what an earlier one left in the folder.
  abstract ContainerRuntime open();

  /// Why the runtime cannot be tried here; empty when it can.
  abstract String missing();

  /// That makes the containers, where it is Havn that has them made.
  OciProgram program() {
    return OciProgram.RUNC;
  }

  /// What root needs for containers of this program, and has not here; empty when all is there.
  ///
  /// @param more programs than the program's own
  String missingOfRunc(String... more) {
    if (!"root".equals(System.getProperty("user.name"))) {
      return "needs root";
    }
    List<String> missing = new ArrayList<>(program().missing());
    missing.addAll(Program.missing(List.of(more)));
    return missing.isEmpty() ? TestImages.missing() : "needs " + missing;
  }

  /// One before 1.1.14 may be led to make an empty folder elsewhere (CVE-2024-45310).
  static boolean runcMakesFoldersInContainersOnly() throws IOException {
    List<Integer> version =
        Stream.of(OciProgram.RUNC.version().split("[^0-9]+"))
            .limit(3)
            .map(Integer::parseInt)
            .toList();
    return version.get(0) > 1 || version.get(1) > 1 || version.get(2) >= 14;
  }

  /// What the runtime has outside its folder.
  abstract List<String> leftOutside() throws IOException;

  /// The same, for who looks again and again.
  protected List<String> left() {
    try {
      return leftOutside();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /// Whether a container has ended, while no runtime of ours is there.
  boolean hasEndedUnseen(Container container) {
    return Files.exists(folder.resolve("runtime/exits").resolve(container.id()));
  }

  /// The process that keeps a container's log and exit code.
  long parentOf(Container container) throws IOException {
    Path note = container.logFile().resolveSibling("parent");
    return Long.parseLong(Files.readString(note, StandardCharsets.US_ASCII).strip());
  }

  @BeforeEach
  void openRuntime() throws IOException {
    if (!missing().isEmpty()) {
      System.out.println("skipped " + getClass().getSimpleName() + ": " + missing());
    }
    Assumptions.assumeTrue(missing().isEmpty(), missing());
    images = new ImageStore(folder.resolve("images"));
    images.load(TestImages.busybox(folder));
    runtime = open();
  }

  @AfterEach
  void removeAll() {
    if (runtime != null) {
      runtime.removeAll();
      runtime.close();
    }
    executor.shutdownNow();
  }

  protected void needs(Feature feature) {
    Assumptions.assumeTrue(runtime.features().contains(feature), "this runtime has no " + feature);
  }

  protected Container start(PodPlace pod, TestPods.Spec spec) {
    runtime.ensurePod(pod);
    runtime.start(pod, spec.get());
    return find(pod, spec.get().name(), spec.get().attempt());
  }

  protected Container find(PodPlace pod, String name, int attempt) {
    return runtime.containers(pod.uid()).stream()
        .filter(each -> each.name().equals(name) && each.attempt() == attempt)
        .findFirst()
        .orElseThrow();
  }

  protected Container awaitEnd(PodPlace pod, Container container) {
    return TestPods.await(
        () -> find(pod, container.name(), container.attempt()), each -> !each.running());
  }

  protected String log(Container container) throws IOException {
    return Files.readString(container.logFile());
  }

  protected String exec(PodPlace pod, Container container, String input, String... command) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Streams streams =
        new Streams(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            out,
            out,
            _ -> {},
            _ -> {});
    int code =
        runtime.exec(
            pod.uid(), container.id(), List.of(command), false, streams, Duration.ofSeconds(30));
    return out.toString(StandardCharsets.UTF_8) + code;
  }
}
