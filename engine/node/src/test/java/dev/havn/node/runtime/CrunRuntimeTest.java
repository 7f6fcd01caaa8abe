// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/// The same with crun.
class CrunRuntimeTest extends RuncRuntimeTest {
  private OciProgram program = OciProgram.CRUN;

  @Override
  OciProgram program() {
    return program;
  }

  @Override
  String notThere() {
    return "executable file `not-there` not found in $PATH";
  }

  @Test
  void theNodeNamesIt() {
    assertThat(runtime.version()).matches("crun://[0-9.]+.*");
  }

  @Test
  void aContainerIsToldByTheProgramThatHasMadeIt() throws IOException {
    List<String> missing = OciProgram.RUNC.missing();
    if (!missing.isEmpty()) {
      System.out.println("skipped aContainerIsToldByTheProgramThatHasMadeIt: needs " + missing);
    }
    Assumptions.assumeTrue(missing.isEmpty(), "needs runc");
    PodPlace pod = pods.place();
    Container old = start(pod, pods.spec("old").command("sleep", "1000"));
    runtime.close();
    program = OciProgram.RUNC;
    runtime = open();
    Container fresh = start(pod, pods.spec("fresh").command("sleep", "1000"));
    assertThat(runtime.version()).startsWith("runc://");
    for (Container each : List.of(old, fresh)) {
      assertThat(find(pod, each.name(), 0).running()).isTrue();
      assertThat(exec(pod, each, "", "cat", "/proc/1/cmdline")).isEqualTo("sleep\0001000\0000");
      runtime.resize(pod.uid(), each.id(), new Resources(100, 0, 32 << 20));
      runtime.stop(pod.uid(), each.id(), Duration.ZERO);
      assertThat(awaitEnd(pod, each).exitCode()).isEqualTo(137);
    }
    runtime.removePod(pod.uid());
    for (String each : List.of("runc", "crun")) {
      try (Stream<Path> known = Files.list(Path.of("/run/havn-" + id, each))) {
        assertThat(known).as(each).isEmpty();
      }
    }
  }

  @Test
  void boundsOfARunningContainerChange() throws IOException {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    Path unified = group("", pod, container);
    boolean isSecond = Files.exists(unified);
    Path time =
        isSecond
            ? unified.resolve("cpu.max")
            : group("cpu", pod, container).resolve("cpu.cfs_quota_us");
    runtime.resize(pod.uid(), container.id(), new Resources(512, 50_000, 32 << 20));
    assertThat(Files.readString(time)).startsWith("50000");
    Path memory =
        isSecond
            ? unified.resolve("memory.max")
            : group("memory", pod, container).resolve("memory.limit_in_bytes");
    assertThat(Files.readString(memory).strip()).isEqualTo(String.valueOf(32 << 20));
    runtime.resize(pod.uid(), container.id(), new Resources(512, 0, 32 << 20));
    assertThat(Files.readString(time)).startsWith(isSecond ? "max" : "-1");
  }

  private Path group(String controller, PodPlace pod, Container container) {
    return Path.of("/sys/fs/cgroup", controller)
        .resolve(runtime.cgroup(pod.uid(), container.id()).orElseThrow());
  }

  @Test
  void commandsLeaveNoFilesAlsoThoseOfAServerThatWasKilled() throws IOException {
    PodPlace pod = pods.place();
    Container container = start(pod, pods.spec("main").command("sleep", "1000"));
    Path commands = Path.of("/run/havn-" + id, "commands");
    assertThat(exec(pod, container, "", "sh", "-c", ":")).isEqualTo("0");
    assertThat(commands).isEmptyDirectory();
    Files.createFile(commands.resolve("left.json"));
    runtime.close();
    runtime = open();
    assertThat(commands).doesNotExist();
    assertThat(exec(pod, container, "", "sh", "-c", ":")).isEqualTo("0");
  }
}
