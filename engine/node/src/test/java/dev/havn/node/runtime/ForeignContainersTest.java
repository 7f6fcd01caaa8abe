// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.Ranges;
import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.LocalImages;
import dev.havn.node.image.TestImages;
import dev.havn.node.kernel.ForeignPrograms;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Containers of an image for arm64 on a machine of another architecture. `HAVN_BUSYBOX_ARM64`
/// names a static busybox, as of Debian's package busybox-static:arm64.
class ForeignContainersTest extends RuntimeFixture {
  private static final String ARM = "arm64";

  @Override
  ContainerRuntime open() {
    return RuncRuntime.open(
        new RuncRuntime.Settings(
            OciProgram.RUNC,
            folder.resolve("runtime"),
            id,
            Ranges.parse("198.18.61.0/24"),
            Ranges.parse("198.18.61.0/24").all(),
            "",
            MTU_BYTES,
            PROCESSES_MAX,
            null,
            new Latest(),
            CLOCK,
            executor,
            null));
  }

  /// Those that the test has put in the place of others.
  private final class Latest implements LocalImages {
    @Override
    public Optional<ImageStore.Image> find(String name) {
      return images.find(name);
    }

    @Override
    public void requireRoom(String what, long bytes) throws IOException {
      images.requireRoom(what, bytes);
    }
  }

  private static Optional<Path> busybox() {
    return Optional.ofNullable(System.getenv("HAVN_BUSYBOX_ARM64")).map(Path::of);
  }

  @Override
  String missing() {
    if (busybox().filter(Files::isExecutable).isEmpty()) {
      return "HAVN_BUSYBOX_ARM64 names no busybox";
    }
    return ForeignPrograms.ofMachine().refusal(ARM).orElseGet(() -> missingOfRunc());
  }

  @BeforeEach
  void imagesOfArm() throws IOException {
    images = new ImageStore(folder.resolve("arm"), EvictionPolicy.STANDARD, ARM);
    images.load(TestImages.busybox(folder, busybox().orElseThrow(), ARM));
  }

  @Override
  List<String> leftOutside() {
    return List.of();
  }

  @Test
  void containersAndCommandsInThemRun() throws IOException {
    PodPlace pod = pods.place();
    Container main =
        start(
            pod, pods.spec("main").user("1000").shell("busybox uname -m; id -u; exec sleep 1000"));
    TestPods.await(
        () -> {
          try {
            return log(main);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        },
        each -> each.contains("stdout F aarch64\n") && each.contains("stdout F 1000\n"));
    assertThat(exec(pod, main, "", "busybox", "uname", "-m")).isEqualTo("aarch64\n0");
  }
}
